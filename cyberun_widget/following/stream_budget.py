"""Which tasks may hold a stream: a few dozen per process, the most closely followed first."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from cyberun_widget.following.listener import Interest

STREAMS: Final = 48
"""The most streams that are open at once."""


class Candidate(Protocol):
    """A task that may be streamed."""

    @property
    def rank(self) -> tuple[Interest, bool]:
        """How closely it is followed, and whether it runs: the higher one gets the stream."""

    def unseat(self) -> None:
        """Give the stream up soon: somebody else needs the seat."""

    def nudge(self) -> None:
        """Ask for a seat again: there may be one."""


class StreamBudget:
    """Seats for streams. Everything runs on one event loop; a seat is kept until it is given back or lost."""

    def __init__(self, seats: int = STREAMS) -> None:
        self._seats = seats
        self._seated: set[Candidate] = set()
        self._waiting: set[Candidate] = set()

    def take(self, candidate: Candidate) -> bool:
        """Return whether the candidate has a seat now. If not, it is nudged when one may be free."""
        if candidate in self._seated:
            return True
        if len(self._seated) >= self._seats:
            # Only for a closer look: two tasks alike don't drive each other out.
            lowest = min(self._seated, key=lambda item: item.rank)
            if lowest.rank[0] >= candidate.rank[0]:
                self._waiting.add(candidate)
                return False
            self._seated.remove(lowest)
            lowest.unseat()
        self._waiting.discard(candidate)
        self._seated.add(candidate)
        return True

    def give_back(self, candidate: Candidate) -> None:
        """Give the seat back, or the wish for one."""
        self._waiting.discard(candidate)
        if candidate in self._seated:
            self._seated.remove(candidate)
            if self._waiting:
                best = max(self._waiting, key=lambda item: item.rank)
                self._waiting.remove(best)
                best.nudge()


_budgets: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, StreamBudget] = weakref.WeakKeyDictionary()


def stream_budget() -> StreamBudget:
    """Return the running loop's budget."""
    return _budgets.setdefault(asyncio.get_running_loop(), StreamBudget())
