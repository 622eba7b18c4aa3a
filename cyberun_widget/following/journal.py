"""The story of a connection: what was tried, what came back, and when. Bounded, redacted, made to be pasted."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from cyberun_widget.support.text import clean

_LINES: Final = 300
_HEAD: Final = 20  # the first lines are kept for good: how it began is worth as much as how it ended
_SAMPLES: Final = 5  # unsound messages of each kind that are kept: enough to see what is wrong
_SAMPLE: Final = 160  # characters kept of each


@dataclass(slots=True)
class Journal:
    """Lines with times, in seconds since `start`, and counts of what was read and skipped."""

    start: float
    counts: Counter[str] = field(default_factory=Counter)
    _first: list[str] = field(default_factory=list)
    _rest: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))
    _written: int = 0

    def write(self, now: float, text: str) -> None:
        """Add a line. Keys, signatures and control characters in it are taken out."""
        line = f"{now - self.start:9.2f}  {clean(text)}"
        self._written += 1
        if len(self._first) < _HEAD:
            self._first.append(line)
        else:
            self._rest.append(line)

    def skip(self, now: float, kind: str, reason: str, event: str, data: str) -> None:
        """Count a message that was skipped, and keep the first few of each kind."""
        self.counts[kind] += 1
        if self.counts[kind] <= _SAMPLES:
            shown = data if len(data) <= _SAMPLE else f"{data[:_SAMPLE]}… ({len(data):,} characters)"
            self.write(now, f"skipped ({kind}): {reason}; event {event[:60]!r}, data {shown!r}")

    def lines(self) -> list[str]:
        """Return the story; a line says how many are left out, if any are."""
        left_out = self._written - len(self._first) - len(self._rest)
        gap = [f"           … {left_out} lines left out …"] if left_out else []
        return [*self._first, *gap, *self._rest]
