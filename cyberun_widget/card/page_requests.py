"""What a card's page can ask: the buttons, parts of files, previews.

Bytes travel in parts that the page asks for one by one, so that a large video is never one message, and a page that is
closed costs nothing more.
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

CHUNK: Final = 1024 * 1024  # bytes of one answer
_PUSH_EACH: Final = 4 * CHUNK
_PUSH_ALL: Final = 16 * CHUNK


class PageRequests:
    """Serves the pages of one card."""

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
        """Tell the page that this life of the kernel goes on, for all its cards."""
        self._channel.push("beat", {"process": process})

    def push_notify(self) -> None:
        """Send the module that notifies of the end unasked, where a busy kernel could not answer in time."""
        if in_kernel() and not has_subshells():
            self._channel.push_module("actions")

    def push(self, artifacts: Artifacts) -> None:
        """Send scripts and small files unasked, where a busy kernel couldn't answer for them later."""
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
            # A click is about the task that the page showed then; by now the card may show the run that followed.
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
    """Answer the request `read` for a file. Raises ValueError where it isn't here, or isn't what the page saw."""
    if request.fields["revision"] not in ("", revision(artifact)):
        raise ValueError(f"{artifact.name} was fetched again meanwhile.")
    return _part(artifact, request.fields["offset"], request.fields["length"])


def _part(artifact: Artifact, offset: int, length: int) -> Answer:
    if artifact.path is None:
        raise ValueError(artifact.error or f"{artifact.name} isn't downloaded.")
    with open_regular(artifact.path) as file:
        total = file.seek(0, 2)
        file.seek(min(offset, total))
        data = file.read(min(length, CHUNK))
    return Answer({"offset": offset, "total": total, "mime": artifact.mime}, [data])
