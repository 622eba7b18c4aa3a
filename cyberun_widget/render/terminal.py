"""The card in a terminal: a block that is redrawn in place during a wait, or a few lines where that isn't possible.

It starts no thread: it draws when called, on the waiting thread.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final, TextIO

from cyberun_widget.render.text_card import block, line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TICK: Final = 0.2  # seconds between two redraws
_STRIDE: Final = 0.1  # progress between two lines on a stream that isn't a terminal
_PAUSE: Final = 60.0  # seconds after which a line is written even if little has changed
_WIDEST: Final = 120  # terminal cells


class TerminalCard:
    """Draws one task on a stream, stderr by default: redrawn in place on a terminal, else a line per notable change.

    `environ`: NO_COLOR, FORCE_COLOR and TERM are honoured (no-color.org). `clock`: monotonic seconds. `size`: columns
    and rows of the terminal.

    If the stream is closed or its reader is gone, drawing stops silently: the task matters more.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        size: Callable[[], tuple[int, int]] = shutil.get_terminal_size,
    ) -> None:
        # Looked up now and not on import, so that a replaced sys.stderr is used.
        self._stream = sys.stderr if stream is None else stream
        self._clock, self._size = clock, size
        self._rewrites = _is_terminal(self._stream) and environ.get("TERM") != "dumb"
        self._colour = (self._rewrites or bool(environ.get("FORCE_COLOR"))) and not environ.get("NO_COLOR")
        self._unicode = _takes_unicode(self._stream)
        self._drawn, self._rows = "", 0
        self._told: tuple[object, ...] | None = None
        self._told_progress, self._told_at = 0.0, 0.0
        self._gone = False

    def update(self, traits: Mapping[str, Any]) -> None:
        """Draw a widget's state, as returned by `TaskWidget.get_state()`. Draws nothing while nothing is known."""
        if traits.get("status", "unknown") == "unknown" and not (traits.get("_facts") or {}).get("problem"):
            return
        if self._rewrites:
            self._rewrite(traits)
        else:
            self._tell(traits)

    def follow(
        self, state: Callable[[], Mapping[str, Any]], wait: Callable[[float], bool], timeout: float | None = None
    ) -> bool:
        """Draw until `wait(seconds)` returns True, then once more. Return False after `timeout` seconds.

        On an interrupt, later output is written below the block.
        """
        deadline = None if timeout is None else self._clock() + timeout
        while True:
            self.update(state())
            left = _TICK if deadline is None else min(_TICK, deadline - self._clock())
            if wait(max(0.0, left)):
                self.update(state())
                return True
            if deadline is not None and self._clock() >= deadline:
                return False

    def _rewrite(self, traits: Mapping[str, Any]) -> None:
        columns, rows = self._size()
        # The last column stays free: some terminals wrap a line that fills it.
        text = block(traits, min(_WIDEST, columns - 1), colour=self._colour, unicode=self._unicode)
        lines = text.split("\n")[: max(1, rows - 1)]  # lines that scrolled off can't be redrawn
        text = "\n".join(lines)
        if text == self._drawn:
            return
        back = f"\x1b[{self._rows}F\x1b[J" if self._rows else ""
        self._drawn, self._rows = text, len(lines)
        self._write(f"{back}{text}\n")

    def _tell(self, traits: Mapping[str, Any]) -> None:
        facts = traits.get("_facts") or {}
        told = (traits.get("status"), traits.get("stage"), traits.get("connection") == "error", facts.get("stopped"))
        progress, now = float(traits.get("progress") or 0.0), self._clock()
        moved = progress >= self._told_progress + _STRIDE or now - self._told_at >= _PAUSE
        if told == self._told and not moved:
            return
        self._told, self._told_progress, self._told_at = told, progress, now
        self._write(f"{line(traits)}\n")

    def _write(self, text: str) -> None:
        if self._gone:
            return
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, or the stream is closed
            self._gone = True


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # not a real file, or closed
        return False


def _takes_unicode(stream: TextIO) -> bool:
    try:
        "━─·…’×●✓✗".encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
