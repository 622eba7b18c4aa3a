"""Telling of changes at a pace: at most ten times a second, and the last one always."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE: Final = 0.1  # seconds between two tellings


class Notice:
    """Calls `tell` for changes on the running loop."""

    __slots__ = ("_clock", "_handle", "_last", "_tell")

    def __init__(self, tell: Callable[[], None], clock: Callable[[], float]) -> None:
        self._tell, self._clock = tell, clock
        self._last = float("-inf")
        self._handle: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Tell at the next turn: at once if the last telling is long enough ago."""
        if self._handle is None:
            wait = self._last + PAUSE - self._clock()
            if wait <= 0:
                self.now()
            else:
                self._handle = asyncio.get_running_loop().call_later(min(wait, PAUSE), self.now)

    def now(self) -> None:
        """Tell, whatever the pace: for the first and the last state."""
        self.close()
        self._last = self._clock()
        self._tell()

    def close(self) -> None:
        """Forget what hasn't been told."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
