"""The requests of a card's page: buttons, parts of files, previews.

The page requests a file part by part: a large video is never a single message, and a closed page causes no traffic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from cyberun_widget.artifacts.model import file_of
from cyberun_widget.card.messages import CARD_REQUESTS
from cyberun_widget.card.page_channel import Answer, PageChannel
from cyberun_widget.card.ports import Action
from cyberun_widget.card.traits import revision
from cyberun_widget.content.file import open_regular
from cyberun_widget.content.preview import preview
from cyberun_widget.jupyter.kernel import has_subshells, in_kernel
from cyberun_widget.support.executors import READS, SAVES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from cyberun_widget.artifacts.model import Artifact, Artifacts
    from cyberun_widget.card.page_channel import Request, Route
    from cyberun_widget.card.ports import Requested

CHUNK: Final = 1024 * 1024  # bytes per answer
_PUSH_EACH: Final = 4 * CHUNK
_PUSH_ALL: Final = 16 * CHUNK


class PageRequests:
    """Answers the requests of one card's pages."""

    def __init__(self, card: Requested) -> None:
        self._card = card
        routes: dict[str, Route] = {order: (None, self._order(order)) for order in get_args(Action)}
        routes |= {
            "save_all": (SAVES, self._order("save_all")),
            "notify": (None, lambda request: card.set_notify(request.fields["on"])),
            "edit": (READS, self._order("edit")),
            "fetch": (None, self._fetch),
            "poster": (None, self._poster),
            "read": (READS, self._read),
            "preview": (READS, self._preview),
            "diagnostics": (READS, lambda _request: Answer({"text": card.diagnostics()})),
        }
        self._channel = PageChannel(card, CARD_REQUESTS, routes, on_visible=card.look)
        self.take = self._channel.take
        self.tell = self._channel.tell

    def beat(self, process: str) -> None:
        """Send the page a heartbeat of this kernel process, for all its cards."""
        self._channel.push("beat", {"process": process})

    def push_notify(self) -> None:
        """Send the notification module ahead if a busy kernel couldn't answer a request for it in time."""
        if in_kernel() and not has_subshells():
            self._channel.push_module("actions")

    def push(self, artifacts: Artifacts) -> None:
        """Send scripts and small files ahead if a busy kernel couldn't answer requests for them later."""
        if not in_kernel() or has_subshells():
            return
        self._channel.push_module("actions")
        if not artifacts:
            return
        self._channel.push_module("files")
        self._channel.push_module("viewers")
        left = _PUSH_ALL
        for artifact in artifacts:
            size = artifact.size or 0
            shown_at_once = artifact.path is not None and artifact.kind in ("image", "video", "audio")
            if shown_at_once and size <= min(left, _PUSH_EACH):
                left -= size
                for offset in range(0, size, CHUNK):
                    part = _part(artifact, offset, CHUNK)
                    about = {"key": artifact.key, "revision": revision(artifact)}
                    self._channel.push("chunk", {**about, **part.fields}, part.buffers)

    # --- routes ---------------------------------------------------------------------------------

    def _order(self, order: str) -> Callable[[Request], None]:
        def give(request: Request) -> None:
            # A click refers to the task that the page showed at the time; the card may have moved on to another run.
            if request.fields["task_id"] == self._card.task_id:
                getattr(self._card, order)()

        return give

    def _fetch(self, request: Request) -> None:
        self._card.fetch(self._artifact(request.fields).key)

    def _poster(self, request: Request) -> None:
        if not request.buffers:
            raise ValueError("The page sent no picture.")
        self._card.set_poster(self._artifact(request.fields).key, request.buffers[0])

    def _read(self, request: Request) -> Answer:
        return read(self._artifact(request.fields), request)

    def _preview(self, request: Request) -> Answer:
        return Answer({"preview": preview(file_of(self._artifact(request.fields)))})

    def _artifact(self, fields: Mapping[str, Any]) -> Artifact:
        key: str = fields["key"]
        return self._card.artifacts[key]


def read(artifact: Artifact, request: Request) -> Answer:
    """Answer a `read` request. Raises ValueError if the file isn't downloaded or has changed since the page saw it."""
    if request.fields["revision"] not in ("", revision(artifact)):
        raise ValueError(f"{artifact.name} has been downloaded again since.")
    return _part(artifact, request.fields["offset"], request.fields["length"])


def _part(artifact: Artifact, offset: int, length: int) -> Answer:
    if artifact.path is None:
        raise ValueError(artifact.error or f"{artifact.name} isn't downloaded.")
    with open_regular(artifact.path) as file:
        total = file.seek(0, 2)
        file.seek(min(offset, total))
        data = file.read(min(length, CHUNK))
    return Answer({"offset": offset, "total": total, "mime": artifact.mime}, [data])
