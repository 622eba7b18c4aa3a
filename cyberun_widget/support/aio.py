"""asyncio helpers: blocking work that runs to its end, values per loop, a throttle, and shared calls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_P = ParamSpec("_P")
T = TypeVar("T")

THROTTLE: Final = 0.1
"""Minimum seconds between two calls of a `Throttle`."""


async def run_in_thread(call: Callable[_P, T], *args: _P.args, **kwargs: _P.kwargs) -> T:
    """Run the blocking `call` in a worker thread and return its value.

    Unlike with `asyncio.to_thread`, a cancellation waits for the call to finish, so anything it opens can be closed.
    """
    work = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        if not work.cancelled():
            work.exception()  # mark as retrieved, or the loop would report it
        raise


class PerLoop(Generic[T]):
    """A value created separately for each event loop, such as a semaphore in an object that outlives its loop."""

    __slots__ = ("_loop", "_make", "_value")

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None
        self._value: T | None = None

    def get(self) -> T:
        """Return the running loop's value."""
        loop = asyncio.get_running_loop()
        if self._value is None or loop is not self._loop:
            self._loop, self._value = loop, self._make()
        return self._value


class Throttle:
    """Calls `call` on the running loop at most once every `THROTTLE` seconds; the last request is never dropped."""

    __slots__ = ("_call", "_clock", "_handle", "_last")

    def __init__(self, call: Callable[[], None], clock: Callable[[], float]) -> None:
        self._call, self._clock = call, clock
        self._last = float("-inf")
        self._handle: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Request a call: made at once if the last one was long enough ago, else after the pause."""
        if self._handle is None:
            wait = self._last + THROTTLE - self._clock()
            if wait <= 0:
                self.now()
            else:
                self._handle = asyncio.get_running_loop().call_later(min(wait, THROTTLE), self.now)

    def now(self) -> None:
        """Call at once, regardless of the pause. For the first and the last state."""
        self.close()
        self._last = self._clock()
        self._call()

    def close(self) -> None:
        """Drop a call that is still pending."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class SingleFlight:
    """Runs `work` once for all callers that join while it runs; they share its completion or error."""

    __slots__ = ("_task", "_work")

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work = work
        self._task: asyncio.Task[None] | None = None

    async def join(self) -> None:
        """Join the current run, or start one. Raises what the work raises. Cancelling one caller doesn't stop it."""
        task = self._task
        if task is None:
            task = self._task = asyncio.create_task(self._run())
            task.add_done_callback(self._forget)
        await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel the current run, if any, and wait for its end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await self._work()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # mark as retrieved: any callers get it
