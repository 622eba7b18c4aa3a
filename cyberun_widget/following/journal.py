"""The log of a connection: what was tried, what came back, and when. Bounded, redacted, safe to paste."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from cyberun_widget.support.text import clean

_LINES: Final = 300
_HEAD: Final = 20  # lines from the start that are always kept
_SAMPLES: Final = 5  # invalid messages logged per kind
_SAMPLE: Final = 160  # characters logged of each


@dataclass(slots=True)
class Journal:
    """Lines with times in seconds since `start`, and counts of events received and messages skipped."""

    start: float
    counts: Counter[str] = field(default_factory=Counter)
    _first: list[str] = field(default_factory=list)
    _rest: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))
    _written: int = 0

    def write(self, now: float, text: str) -> None:
        """Add a line. Keys, signatures and control characters are removed."""
        line = f"{now - self.start:9.2f}  {clean(text)}"
        self._written += 1
        if len(self._first) < _HEAD:
            self._first.append(line)
        else:
            self._rest.append(line)

    def skip(self, now: float, kind: str, reason: str, event: str, data: str) -> None:
        """Count a skipped message, and log the first few of each kind."""
        self.counts[kind] += 1
        if self.counts[kind] <= _SAMPLES:
            shown = data if len(data) <= _SAMPLE else f"{data[:_SAMPLE]}… ({len(data):,} characters)"
            self.write(now, f"skipped ({kind}): {reason}; event {event[:60]!r}, data {shown!r}")

    def lines(self) -> list[str]:
        """Return the log. If lines are left out, a line says how many."""
        left_out = self._written - len(self._first) - len(self._rest)
        gap = [f"           … {left_out} lines left out …"] if left_out else []
        return [*self._first, *gap, *self._rest]
