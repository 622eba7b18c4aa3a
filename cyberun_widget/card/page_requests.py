"""What the page asks for, and what it gets: clicks, modules, bytes of artifacts, previews.

The page's messages come in on whichever thread the kernel chooses. Orders only post to the network loop and are carried
out there and then, so that Cancel waits for nothing; whatever blocks goes to a lane. Bytes travel in chunks that the
page asks for one by one, so that a large video is never one message, and a closed page costs nothing more.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.artifacts.model import file_of
from cyberun_widget.content.preview import preview
from cyberun_widget.errors import CyberunError
from cyberun_widget.jupyter.kernel import has_subshells, in_kernel
from cyberun_widget.support import assets
from cyberun_widget.support.lanes import READS, SAVES, Lane
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberun_widget.artifacts.model import Artifact, Artifacts
    from cyberun_widget.card.ports import Requested

_log = logging.getLogger(__name__)
_MODULES: Final = ("files", "viewers", "three")
ORDERS: Final = frozenset({"cancel", "reconnect", "resume", "fetch_again", "run_again"})
CHUNK: Final = 1024 * 1024  # bytes of one answer
_PUSH_EACH: Final = 4 * CHUNK
_PUSH_ALL: Final = 16 * CHUNK


class Desk:
    """Serves the pages of one card."""

    def __init__(self, card: Requested) -> None:
        self._card = card
        self._reads, self._saves = Lane(), Lane()

    def take(self, _widget: object, content: object, buffers: Sequence[memoryview]) -> None:
        """Take a message of the page (on any thread), and return at once."""
        if not isinstance(content, dict):
            return
        match content.get("type"):
            case "visible":
                self._card.look(str(content.get("view")), bool(content.get("visible")))
            case str() as word if word in ORDERS:
                self._answer(content, [])
            case "save_all":
                SAVES.call(self._saves, self._answer, content, [])
            case _:
                READS.call(self._reads, self._answer, content, [bytes(item) for item in buffers])

    def tell(self, text: str, *, number: int | None = None, key: str | None = None) -> None:
        """Have the page say what went wrong with something that was asked for."""
        self._send({"type": "failed", "id": number, "key": key, "text": clean(text, lines=True)})

    def push(self, artifacts: Artifacts) -> None:
        """Send the viewer and the small files unasked, where a busy kernel couldn't answer for them later."""
        if not in_kernel() or has_subshells() or not artifacts:
            return
        self._module("files")
        self._module("viewers")
        left = _PUSH_ALL
        for artifact in artifacts:
            size = artifact.size or 0
            shown_at_once = artifact.path is not None and artifact.kind in ("image", "video", "audio")
            if shown_at_once and size <= min(left, _PUSH_EACH):
                left -= size
                for offset in range(0, size, CHUNK):
                    self._chunk(artifact, 0, offset, CHUNK)

    # --- answers ------------------------------------------------------------------------------------------------

    def _answer(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        number = content.get("id") if isinstance(content.get("id"), int) else None
        key = content.get("key") if isinstance(content.get("key"), str) else None
        try:
            self._serve(content, number, key, buffers)
        except (CyberunError, OSError, ValueError) as exc:
            _log.info("a page's %s failed: %s", content.get("type"), exc)
            self.tell(str(exc), number=number, key=key)

    def _serve(self, content: dict[str, Any], number: int | None, key: str | None, buffers: list[bytes]) -> None:
        match content.get("type"):
            case str() as order if order in ORDERS or order == "save_all":
                self._order(order, content.get("task_id"))
            case "sync":
                self._card.refresh()
            case "module":
                self._module(str(content.get("name")))
            case "read":
                self._chunk(self._artifact(key), number, _whole(content, "offset"), _whole(content, "length"))
            case "fetch":
                self._card.fetch(self._artifact(key).key)
            case "preview":
                shown = preview(file_of(self._artifact(key)))
                self._send({"type": "preview", "id": number, "key": key, "preview": shown})
            case "poster" if buffers:
                self._card.set_poster(self._artifact(key).key, buffers[0])
            case _:
                raise ValueError("The page asked for something that this version doesn't know; reload the page.")

    def _order(self, order: str, task_id: object) -> None:
        # A click is about the task that the page showed then; by now the card may show the run that followed.
        if task_id in (None, self._card.task_id):
            getattr(self._card, order)()
        self._send({"type": "ack", "of": order})

    def _artifact(self, key: str | None) -> Artifact:
        return self._card.artifacts[key or ""]

    def _module(self, name: str) -> None:
        if name not in _MODULES:
            raise ValueError("There is no such viewer.")
        self._send({"type": "module", "name": name}, [assets.content(f"{name}.js")])

    def _chunk(self, artifact: Artifact, number: int | None, offset: int, length: int) -> None:
        if artifact.path is None:
            raise ValueError(artifact.error or f"{artifact.name} isn't downloaded.")
        with artifact.path.open("rb") as file:
            total = file.seek(0, 2)
            file.seek(min(offset, total))
            data = file.read(min(length, CHUNK))
        head = {"type": "chunk", "id": number, "key": artifact.key, "offset": offset, "total": total}
        self._send({**head, "mime": artifact.mime}, [data])

    def _send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self._card.send(content, buffers or ())


def _whole(content: dict[str, Any], name: str) -> int:
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"The page's {name} isn't a whole number.")
    return value
