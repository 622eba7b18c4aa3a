"""Routes the requests of a form's page to their handlers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Protocol

from cyberun_widget.card.page_channel import Answer
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.executors import READS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from cyberun_widget.card.page_channel import Request, Route
    from cyberun_widget.form.uploads import Uploads
    from cyberun_widget.support.executors import FairExecutor

DELAY_MIN: Final = 0.1  # seconds: with a shorter delay, a live run starts while the user is still typing


class Form(Protocol):
    """The calls a page can make on a form. Each returns at once."""

    uploads: Uploads

    def change(self, key: str, value: Any, *, seen: tuple[str, int] | None = None) -> None:
        """Set one field's value."""

    def draw_seed(self, key: str) -> None:
        """Draw a new seed for one field."""

    def run_from_page(self, *, new_seeds: bool) -> Future[None]:
        """Start a paid run."""

    def use(self, run: str) -> None:
        """Load the values of an earlier run into the form."""

    def unfold(self, run: str, *, open_: bool) -> None:
        """Expand a run's card, or collapse it to one line."""

    def compare(self, runs: Sequence[str]) -> None:
        """Show runs side by side."""

    def go_live(self, delay: float) -> None:
        """Start runs automatically."""

    def end_live(self) -> None:
        """Stop starting runs automatically."""

    def code(self) -> str:
        """Return Python code for the same run."""


def routes(form: Form) -> dict[str, Route]:
    """Return kind -> executor and handler, see `card.page_channel.PageChannel`."""

    def uploaded(key: str, file: Path | None) -> None:
        if file is not None:
            form.change(key, file)

    def live(delay: float | None) -> None:
        if delay is None:
            form.end_live()
        elif math.isfinite(delay) and delay >= DELAY_MIN:
            form.go_live(delay)
        else:
            raise CyberunError(f"The delay must be at least {DELAY_MIN:g} s.")

    def only_part(buffers: Sequence[bytes]) -> bytes:
        if len(buffers) != 1:
            raise CyberunError("The upload was damaged. Choose the file again.")
        return buffers[0]

    handlers: dict[str, tuple[FairExecutor | None, Callable[[dict[str, Any], list[bytes]], Any]]] = {
        "change": (
            None,
            lambda ask, _: form.change(ask["key"], ask["value"], seen=(ask["page"], ask["number"])),
        ),
        "seed": (None, lambda ask, _: form.draw_seed(ask["key"])),
        "upload_begin": (READS, lambda ask, _: form.uploads.begin(ask["key"], ask["name"], ask["size"])),
        "upload_part": (
            READS,
            lambda ask, buffers: uploaded(ask["key"], form.uploads.add(ask["key"], ask["offset"], only_part(buffers))),
        ),
        "upload_cancel": (READS, lambda ask, _: form.uploads.cancel(ask["key"])),
        "run": (None, lambda ask, _: form.run_from_page(new_seeds=ask["new_seeds"])),
        "use": (None, lambda ask, _: form.use(ask["run"])),
        "unfold": (None, lambda ask, _: form.unfold(ask["run"], open_=ask["open"])),
        "compare": (READS, lambda ask, _: form.compare(ask["runs"])),
        "live": (None, lambda ask, _: live(ask["delay"])),
        "code": (None, lambda _ask, _: Answer({"code": form.code()})),
    }
    return {kind: (executor, _route(handler)) for kind, (executor, handler) in handlers.items()}


def _route(handler: Callable[[dict[str, Any], list[bytes]], Any]) -> Callable[[Request], Any]:
    return lambda request: handler(request.fields, request.buffers)
