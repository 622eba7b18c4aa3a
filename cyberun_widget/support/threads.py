"""The only module that knows there are threads: one with an event loop for the network, one a pump.

Each starts on first use, and leaves again when it has had nothing to do for a moment, so that a notebook which
watches nothing has no thread of ours. All are daemons: a kernel that goes down waits for none of them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import weakref
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

T = TypeVar("T")

_LINGER: Final = 1.0  # seconds without work after which a thread leaves
_log = logging.getLogger(__name__)


_closers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Callable[[], Coroutine[Any, Any, None]]]] = (
    weakref.WeakKeyDictionary()
)


def close_with_loop(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have `close` awaited at the end of the running loop, if it is a `BackgroundLoop`; other loops ignore it."""
    closers = _closers.setdefault(asyncio.get_running_loop(), [])
    if close not in closers:
        closers.append(close)


class BackgroundLoop:
    """An event loop on a thread of its own. All its methods may be called from any thread."""

    def __init__(self, linger: float = _LINGER) -> None:
        self._linger = linger
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._pending = 0
        self._thread: int | None = None

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop. Cancelling the future cancels it."""
        with self._lock:
            loop = self._running()
            self._pending += 1
            future = asyncio.run_coroutine_threadsafe(work, loop)
        future.add_done_callback(self._finished)
        return future

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for what it gives or raises. An interrupt (Ctrl-C) cancels it."""
        if self.is_current():
            work.close()
            raise RuntimeError("A blocking call was made from a callback of the network loop; use AsyncClient there.")
        future = self.submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def is_current(self) -> bool:
        """Whether the caller runs on the loop's thread."""
        return threading.get_ident() == self._thread

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call a plain function on the loop's thread, soon. Nothing happens where the loop isn't running."""
        with self._lock:
            if self._loop is not None and self._pid == os.getpid():
                self._loop.call_soon_threadsafe(function, *args)

    def _running(self) -> asyncio.AbstractEventLoop:
        # A forked child has a copy of the loop and no thread that runs it.
        if self._loop is None or self._pid != os.getpid():
            loop = asyncio.new_event_loop()
            self._loop, self._pid, self._pending = loop, os.getpid(), 0
            threading.Thread(target=self._main, args=(loop,), name=_LOOP_NAME, daemon=True).start()
        return self._loop

    def _main(self, loop: asyncio.AbstractEventLoop) -> None:
        self._thread = threading.get_ident()
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            for task in (left := asyncio.all_tasks(loop)):
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            for close in _closers.pop(loop, ()):
                loop.run_until_complete(close())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
            if self._loop is None:  # else another loop has begun meanwhile, on another thread
                self._thread = None

    def _finished(self, _future: Future[Any]) -> None:
        with self._lock:
            self._pending -= 1
            if self._pending == 0 and self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.call_later, self._linger, self._retire)

    def _retire(self) -> None:
        with self._lock:
            if self._pending == 0 and self._loop is not None:
                self._loop.stop()
                self._loop = None


class Pump:
    """A thread that calls `step` whenever there is something to do.

    `step()` does what is due and returns the seconds until something will be, None if nothing is in sight; it is
    never called twice at the same time. What it raises is logged, and the pump goes on.
    """

    def __init__(self, name: str, step: Callable[[], float | None], linger: float = _LINGER) -> None:
        self._name = f"cyberun-{name}"
        self._step = step
        self._linger = linger
        self._wake = threading.Condition()
        self._running = False
        self._pid = 0
        self._asked = False
        self._thread: int | None = None

    def wake(self) -> None:
        """Have `step` called soon. Cheap, and safe from any thread."""
        with self._wake:
            self._asked = True
            if not self._running or self._pid != os.getpid():
                self._running, self._pid = True, os.getpid()
                threading.Thread(target=self._main, name=self._name, daemon=True).start()
            else:
                self._wake.notify()

    def is_current(self) -> bool:
        """Whether the caller runs inside `step`."""
        return threading.get_ident() == self._thread

    def _main(self) -> None:
        self._thread = threading.get_ident()
        while True:
            with self._wake:
                self._asked = False
            try:
                pause = self._step()
            except Exception:  # noqa: BLE001 - logged with its traceback
                # The pump serves every widget of the process: one bad step must not silence the others.
                _log.exception("%s: a step failed", self._name)
                pause = self._linger
            with self._wake:
                if self._asked or self._wake.wait(self._linger if pause is None else pause) or self._asked:
                    continue
                if pause is None:
                    self._running, self._thread = False, None
                    return


class Serial:
    """Calls functions one after the other on a thread of their own, in the order they came in."""

    def __init__(self, name: str) -> None:
        self._queue: deque[Callable[[], object]] = deque()
        self._pump = Pump(name, self._step)

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Have a function called soon. What it raises is logged; the ones after it are called all the same."""
        self._queue.append(partial(function, *args))
        self._pump.wake()

    def _step(self) -> float | None:
        try:
            function = self._queue.popleft()
        except IndexError:
            return None
        try:
            function()
        finally:
            if self._queue:
                self._pump.wake()
        return None


_LOOP_NAME: Final = "cyberun-loop"
background: Final = BackgroundLoop()
"""The process's one network loop."""
