"""A sweep as text: one line as its repr, updates during a wait, and the sheet as a table at the end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO

from cyberun_widget.render.text_card import cells as width_of
from cyberun_widget.render.text_card import cut
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import count, percent, span, time_left
from cyberun_widget.support.words import say, sweep_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cyberun_widget.render.contact_sheet import Sheet

_PAUSE: Final = 5.0  # seconds between two progress lines
_COLUMN: Final = 22  # characters per cell of the table
_ROWS: Final = 60
_MARKS: Final = {"completed": "ok", "running": "…", "planned": "·"}
_ENDED: Final = ("completed", "failed", "cancelled", "error")


class Told(Protocol):
    """The terminal's view of a point."""

    @property
    def index(self) -> int:
        """Its number."""

    @property
    def status(self) -> str:
        """Its status."""

    @property
    def error(self) -> str | None:
        """The error, None if there is none."""

    @property
    def elapsed(self) -> float:
        """The duration in seconds."""


def line(counts: Mapping[str, int], facts: Mapping[str, Any], progress: float) -> str:
    """Return a group as one line: "Gray-Scott · 64 points: 12 completed, 1 failed, 4 running · 23%"."""
    parts = [clean(facts.get("title")) or say("sweep.untitled"), f"{facts.get('size', '')}", counts_text(counts)]
    if facts.get("status") == "running":
        parts.append(percent(progress))
        if facts.get("eta"):
            parts.append(time_left(float(facts["eta"])))
    if facts.get("held"):
        parts.append(say("sweep.held", count=count(facts["held"])))
    if facts.get("problem"):
        parts.append(clean(facts["problem"], limit=200))
    return " · ".join(part for part in parts if part)


def counts_text(counts: Mapping[str, int]) -> str:
    """Return points by status: "12 completed, 1 failed"."""
    return ", ".join(f"{count(number)} {sweep_status(status).lower()}" for status, number in counts.items())


def table(sheet: Sheet) -> list[str]:
    """Return the sheet as lines of text. A cell shows its numbers if it has any, else its status."""
    head = [sheet.row_title, *(cut(name, _COLUMN) for name in sheet.columns)]
    rows = [head] if any(head) else []
    for row, name in enumerate(sheet.rows[:_ROWS]):
        made = [cut(name, _COLUMN)]
        for column in range(len(sheet.columns)):
            cell = sheet.cells.get((row, column))
            made.append("" if cell is None else cut(_cell(cell.caption, cell.facts, cell.status), _COLUMN))
        rows.append(made)
    widths = [max(width_of(row[column]) for row in rows) for column in range(len(sheet.columns) + 1)] if rows else []
    lines = [
        "  ".join(text + " " * (width - width_of(text)) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    left_out = len(sheet.rows) - _ROWS
    return [*lines, say("sweep.more_rows", count=count(left_out))] if left_out > 0 else lines


def _cell(caption: str, facts: str, status: str) -> str:
    shown = facts if facts and status == "completed" else _MARKS.get(status, status)
    return f"{caption}: {shown}" if caption else shown


class SweepTerminal:
    """Writes a line for each failure, and the overall progress now and then, by default on stderr.

    `clock`: monotonic seconds. If the stream is closed, output stops silently.
    """

    def __init__(self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        # Looked up now and not on import, so that a replaced sys.stderr is used.
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._told: dict[int, str] = {}
        self._done, self._at = -1, float("-inf")

    def update(self, points: Sequence[Told]) -> None:
        """Write a line if something notable has happened since the last one."""
        ended = [point for point in points if point.status in _ENDED or point.status == "unknown"]
        for point in ended:
            if self._told.get(point.index) != point.status and point.status != "completed":
                why = f": {clean(point.error, limit=160)}" if point.error else ""
                self._write(f"{say('sweep.point', name=point.index)} {sweep_status(point.status).lower()}{why}")
            self._told[point.index] = point.status
        now, total = self._clock(), len(points)
        if len(ended) != self._done and (now - self._at >= _PAUSE or len(ended) in (0, total)):
            self._done, self._at = len(ended), now
            took = sum(point.elapsed for point in ended)
            spent = f", {say('sweep.computing', time=span(took))}" if took else ""
            self._write(f"{say('sweep.done', done=count(len(ended)), total=count(total))}{spent}")

    def finish(self, lines: Sequence[str]) -> None:
        """Write the final table."""
        self._write("\n".join(lines))

    def _write(self, text: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, or the stream is closed
            return
