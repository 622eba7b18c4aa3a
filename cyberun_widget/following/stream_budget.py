"""Which tasks get a stream: a few dozen per process, the most closely followed first."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from cyberun_widget.following.listener import Interest

STREAMS: Final = 48
"""The maximum number of open streams."""


class Candidate(Protocol):
    """A task that may be streamed."""

    @property
    def rank(self) -> tuple[Interest, bool]:
        """How closely the task is followed, and whether it is running. The highest rank gets the stream."""

    def unseat(self) -> None:
        """Give up the stream soon: another task needs the seat."""

    def nudge(self) -> None:
        """Request a seat again: one may be free."""


class StreamBudget:
    """Seats for streams. Used on one event loop. A seat is kept until it is given back or taken away."""

    def __init__(self, seats: int = STREAMS) -> None:
        self._seats = seats
        self._seated: set[Candidate] = set()
        self._waiting: set[Candidate] = set()

    def take(self, candidate: Candidate) -> bool:
        """Return whether the candidate now has a seat. If not, it is nudged when one may be free."""
        if candidate in self._seated:
            return True
        if len(self._seated) >= self._seats:
            # Only a higher interest takes a seat away, so that two equal tasks don't displace each other in turn.
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
        """Give the seat back, or withdraw the request for one."""
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
