"""Handles the requests of a sheet's page: thumbnails of visible points, one point's details, files, every button."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.artifacts.model import file_of
from cyberun_widget.card.page_channel import Answer, PageChannel
from cyberun_widget.card.traits import revision
from cyberun_widget.content.file import open_regular
from cyberun_widget.content.preview import preview
from cyberun_widget.errors import CyberunError, ParameterError
from cyberun_widget.group.actions import artifact_of
from cyberun_widget.group.export import picture_of, save
from cyberun_widget.group.messages import GROUP_REQUESTS
from cyberun_widget.group.plan.arrange import value_text
from cyberun_widget.group.plan.code import point_code
from cyberun_widget.render.thumbnails import thumbnail
from cyberun_widget.support.executors import READS, SAVES
from cyberun_widget.support.filenames import safe_name
from cyberun_widget.support.text import clean
from cyberun_widget.support.threads import background
from cyberun_widget.support.units import many
from cyberun_widget.support.words import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from cyberun_widget.card.page_channel import Request
    from cyberun_widget.group.actions import Actions
    from cyberun_widget.group.plan.candidates import Candidate, Search
    from cyberun_widget.group.points import Cell
    from cyberun_widget.group.session import Session
    from cyberun_widget.group.widget import TaskGroup

CHUNK: Final = 1024 * 1024  # bytes in one reply
SIDE: Final = 256
"""Pixels of a thumbnail's side: two per CSS pixel in a cell of 128 CSS pixels."""
_MOST: Final = 64  # thumbnails in one reply
_MARKS: Final = ("star", "reject", "none")


def group_channel(
    group: TaskGroup, session: Session, actions: Actions, write: Callable[[dict[str, Any]], None]
) -> PageChannel:
    """Return the channel between a group and its pages. `write` sets traits."""
    handlers = _Handlers(group, session, actions, write)
    orders = ("start", "retry", "send_again", "cancel", "mark", "pin", "look", "extend", "fetch", "poster")
    reads = ("thumbnails", "detail", "code", "read", "preview", "attach", "candidates")
    routes = {
        **{name: (None, getattr(handlers, name)) for name in orders},
        **{name: (READS, getattr(handlers, name)) for name in reads},
        "save_all": (SAVES, handlers.save_all),
    }
    return PageChannel(group, GROUP_REQUESTS, routes, on_visible=session.look)


class _Handlers:
    """The request handlers."""

    def __init__(
        self, group: TaskGroup, session: Session, actions: Actions, write: Callable[[dict[str, Any]], None]
    ) -> None:
        self._group, self._session, self._actions, self._write = group, session, actions, write

    # --- orders ------------------------------------------------------------------------------------------------------

    def start(self, request: Request) -> None:
        self._actions.start(request.fields["count"] or None)

    def retry(self, request: Request) -> None:
        self._actions.retry(self._indices(request))

    def send_again(self, request: Request) -> None:
        self._actions.send_again(self._cell(request).index)

    def cancel(self, request: Request) -> None:
        self._actions.cancel(self._indices(request) or None)

    def extend(self, request: Request) -> Future[Answer]:
        grid = {request.fields["axis"]: parsed(request.fields["values"])}

        async def extend() -> Answer:
            return Answer({"added": await self._actions.extend(grid)})

        return background.submit(extend())

    def attach(self, request: Request) -> None:
        self._actions.attach(self._cell(request).index, request.fields["task"])

    def mark(self, request: Request) -> None:
        mark, points = request.fields["mark"], set(self._indices(request))
        if mark not in _MARKS:
            raise ValueError("There is no such mark.")
        starred = (set(self._group.selected) - points) | (points if mark == "star" else set())
        rejected = (set(self._group.rejected) - points) | (points if mark == "reject" else set())
        self._write({"selected": sorted(starred), "rejected": sorted(rejected)})

    def pin(self, request: Request) -> None:
        points = self._indices(request)
        self._write({"reference": points[0] if points else None})

    def look(self, request: Request) -> None:
        self._actions.look_at(self._indices(request))

    # --- what is shown -----------------------------------------------------------------------------------------------

    def thumbnails(self, request: Request) -> Answer:
        pictures, buffers = [], []
        for index in self._indices(request)[:_MOST]:
            item = picture_of(self._session.cells[index], request.fields["output"] or None)
            data, mime = thumbnail(item.poster, SIDE) if item is not None and item.poster else (b"", "")
            if data and item is not None:
                size = [item.width or 0, item.height or 0]
                pictures.append({"point": index, "mime": mime, "kind": item.kind, "size": size})
                buffers.append(data)
        return Answer({"pictures": pictures}, buffers)

    def detail(self, request: Request) -> Answer:
        cell = self._cell(request)
        files: list[dict[str, Any]] = []
        posters: list[bytes] = []
        for item in cell.artifacts:
            file = {**item.to_json(), "poster": None, "revision": revision(item)}
            if item.poster:
                file["poster_at"] = len(posters)
                posters.append(item.poster)
            files.append(file)
        state = cell.watch.state if cell.watch is not None else None
        detail = {
            **cell.wire(),
            "parameters": [[clean(name), value_text(value)] for name, value in cell.parameters.items()],
            "error": clean(cell.error, lines=True) if cell.error else "",
            "former": list(cell.entry.former),
            "created": _iso(state.created_at if state is not None else None),
            **_search(cell.search),
            "files": files,
        }
        return Answer({"detail": detail}, posters)

    def candidates(self, request: Request) -> Answer:
        return Answer(_search(self._actions.search(self._cell(request).index)))

    def code(self, request: Request) -> Answer:
        points = self._indices(request)
        opened = self._session.opened
        if not points or opened is None:
            return Answer({"code": self._group.to_code()})
        return Answer({"code": point_code(opened.slug, self._session.cells[points[0]].parameters)})

    # --- files -------------------------------------------------------------------------------------------------------

    def save_all(self, _request: Request) -> Answer:
        folder = Path.cwd() / safe_name(f"cyberun-{self._session.title or 'tasks'}", "cyberun-sweep")
        saved = save(self._session, folder)
        words = say("card.saved", files=many(len(saved), "file"), folder=folder.name)
        self._session.saved = words
        self._session.check()
        return Answer({"saved": words})

    def fetch(self, request: Request) -> None:
        self._actions.fetch(self._cell(request).index, request.fields["key"])

    def read(self, request: Request) -> Answer:
        item = artifact_of(self._cell(request), request.fields["key"])
        if item.path is None:
            raise CyberunError(item.error or f"{item.name} isn't downloaded.")
        with open_regular(item.path) as file:
            total = file.seek(0, 2)
            offset = min(request.fields["offset"], total)
            file.seek(offset)
            data = file.read(min(request.fields["length"], CHUNK))
        return Answer({"offset": offset, "total": total, "mime": item.mime}, [data])

    def preview(self, request: Request) -> Answer:
        return Answer({"preview": preview(file_of(artifact_of(self._cell(request), request.fields["key"])))})

    def poster(self, request: Request) -> None:
        """Ignore the picture of a model that the page rendered: the point's own card stores it, a sheet doesn't."""

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _cell(self, request: Request) -> Cell:
        return self._session.cells[self._checked(request.fields["point"])]

    def _indices(self, request: Request) -> list[int]:
        return [self._checked(index) for index in request.fields["points"]]

    def _checked(self, index: object) -> int:
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(self._session.cells):
            raise ValueError("There is no such point.")
        return index


def parsed(text: str) -> list[Any]:
    """Parse the values a user typed: a JSON list, or comma-separated JSON values and bare words."""
    text = text.strip()
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            raise ParameterError("This isn't a JSON list.") from None
        return list(listed)
    values: list[Any] = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            values.append(json.loads(part))
        except ValueError:
            values.append(part.strip("\"'"))
    if not values:
        raise ParameterError("Type one value or more, with commas between them.")
    return values


def _search(search: Search | None) -> dict[str, Any]:
    if search is None:
        return {"candidates": [], "advice": ""}
    return {"candidates": [_candidate(item) for item in search.found], "advice": search.advice()}


def _candidate(item: Candidate) -> dict[str, Any]:
    return {
        "task": item.task_id,
        "status": item.status,
        "created": _iso(item.created_at),
        "same": item.same,
        "seconds": item.seconds,
        "others": item.others,
    }


def _iso(moment: Any) -> str | None:
    return None if moment is None else str(moment.isoformat()).replace("+00:00", "Z")
