"""Background threads: one runs the network's event loop, and each `Pump` has its own. See `worker` for their lifetime.

The stop button can raise KeyboardInterrupt on any line of the user's thread. So that thread takes no lock here: it
passes work through a queue that an interrupt can't corrupt. If an interrupt prevents work from being queued, the
caller gets the exception, and the state stays consistent for the next call.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import weakref
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from cyberun_widget.support.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

_LINGER: Final = 1.0  # seconds without work after which a thread ends
_INTERRUPTIBLE: Final = 0.5  # maximum seconds of one blocking wait
_log = logging.getLogger(__name__)

_closers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Callable[[], Coroutine[Any, Any, None]]]] = (
    weakref.WeakKeyDictionary()
)


def close_with_loop(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Await `close` when the running loop ends, if it is a `BackgroundLoop`; on other loops, do nothing."""
    closers = _closers.setdefault(asyncio.get_running_loop(), [])
    if close not in closers:
        closers.append(close)


class _Job(Generic[T]):
    """A coroutine submitted to the loop, and its outcome. Only the loop's thread changes `task`."""

    __slots__ = ("abandoned", "settle", "task", "work")

    def __init__(self, work: Coroutine[Any, Any, T], settle: Callable[[asyncio.Task[T] | None], None]) -> None:
        self.work, self.settle = work, settle
        self.task: asyncio.Task[T] | None = None
        self.abandoned = False


class BackgroundLoop:
    """An event loop on its own thread. All methods may be called from any thread."""

    def __init__(self, linger: float = _LINGER) -> None:
        self._linger = linger
        self._worker = Worker("cyberun-loop", self._serve)
        self._pending = 0  # jobs in progress; changed only by the loop's thread

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop. Cancelling the future cancels it."""
        future: Future[T] = Future()
        job = _Job(work, partial(_settle, future))

        def follow(done: Future[T]) -> None:
            if done.cancelled():
                self._abandon(job)

        future.add_done_callback(follow)
        self._hand_over(job)
        return future

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, and return its value or raise its error. An interrupt (Ctrl-C) cancels it.

        Raises RuntimeError on the loop's own thread, where it would deadlock.
        """
        if self.is_current():
            work.close()
            raise RuntimeError("A blocking call was made on the network thread. Use AsyncClient in its callbacks.")
        outbox: SimpleQueue[asyncio.Task[T] | None] = SimpleQueue()
        job = _Job(work, outbox.put)
        self._hand_over(job)
        try:
            task = _wait(outbox)
        except BaseException:
            self._abandon(job)
            raise
        if task is None or task.cancelled():
            raise asyncio.CancelledError
        return task.result()

    def is_current(self) -> bool:
        """Whether the caller runs on the loop's thread."""
        return self._worker.is_current()

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call a plain function soon on the loop's thread. Does nothing if the loop isn't running."""
        if self._worker.running:
            self._send(partial(function, *args))

    # --- in the caller's thread --------------------------------------------------------------------------------------

    def _hand_over(self, job: _Job[T]) -> None:
        try:
            self._send(job)
        except BaseException:
            # An interrupted call must not run later without the user knowing: it may cost money.
            self._abandon(job)
            raise

    def _abandon(self, job: _Job[T]) -> None:
        job.abandoned = True
        self._send(job)

    def _send(self, item: object) -> None:
        self._worker.put(item)
        loop = self._worker.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closing; the thread checks the inbox afterwards
                loop.call_soon_threadsafe(self._take)

    # --- on the loop's thread ----------------------------------------------------------------------------------------

    def _serve(self) -> None:
        loop = asyncio.new_event_loop()
        self._worker.loop, self._pending = loop, 0
        asyncio.set_event_loop(loop)
        loop.call_soon(self._take)
        try:
            self._serve_until_idle(loop)
            self._worker.loop = None
            for task in (left := asyncio.all_tasks(loop)):
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            for close in _closers.pop(loop, ()):
                loop.run_until_complete(close())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            self._worker.loop = None
            asyncio.set_event_loop(None)
            loop.close()

    def _serve_until_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        idle = False
        while not idle:
            try:
                loop.run_forever()
                idle = not self._pending  # else a job arrived in the iteration in which the loop was stopped
            except (SystemExit, KeyboardInterrupt):  # asyncio lets these two propagate out of a task
                _log.exception("%s: a task tried to end the thread", threading.current_thread().name)

    def _take(self) -> None:
        """Empty the inbox, and start its jobs."""
        while self._worker.loop is not None:  # else this loop is closing, and the next one takes the jobs
            try:
                item = self._worker.inbox.get_nowait()
            except Empty:
                break
            if not isinstance(item, _Job):
                item()
            elif item.abandoned:
                self._drop(item)
            elif item.task is None:
                self._begin(item)
        if not self._pending:
            self._leave_soon()

    def _begin(self, job: _Job[T]) -> None:
        self._pending += 1
        job.task = asyncio.get_running_loop().create_task(job.work)
        job.task.add_done_callback(partial(self._ended, job))

    def _drop(self, job: _Job[T]) -> None:
        if job.task is None:
            job.work.close()
            job.settle(None)
        else:
            job.task.cancel()

    def _ended(self, job: _Job[T], task: asyncio.Task[T]) -> None:
        self._pending -= 1
        if not task.cancelled():
            task.exception()  # mark as retrieved: the caller reports it
        job.settle(task)
        if not self._pending:
            self._leave_soon()

    def _leave_soon(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._linger, self._retire, loop)

    def _retire(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._pending and self._worker.inbox.empty() and self._worker.loop is loop:
            loop.stop()


def _wait(outbox: SimpleQueue[T]) -> T:
    """Return the next item of a queue. Waits in short slices: on Windows, interrupts arrive only between waits."""
    while True:
        with contextlib.suppress(Empty):
            return outbox.get(timeout=_INTERRUPTIBLE)


def _settle(future: Future[T], task: asyncio.Task[T] | None) -> None:
    """Copy a task's outcome to a future, unless the future has been cancelled."""
    if task is None or task.cancelled():
        future.cancel()
    elif not future.cancelled() and future.set_running_or_notify_cancel():
        error = task.exception()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())


class Pump:
    """A thread that calls `step` whenever there is work.

    `step()` does the pending work and returns the seconds until it should be called again, None if no work is
    scheduled. Calls never overlap. Any exception is logged, and the pump continues.
    """

    def __init__(self, name: str, step: Callable[[], float | None], linger: float = _LINGER) -> None:
        self._step = step
        self._linger = linger
        self._worker = Worker(f"cyberun-{name}", self._serve)

    def wake(self) -> None:
        """Schedule a call of `step`. Cheap, and safe from any thread."""
        self._worker.put(None)

    def is_current(self) -> bool:
        """Whether the caller runs inside `step`."""
        return self._worker.is_current()

    def _serve(self) -> None:
        inbox, pause = self._worker.inbox, cast("float | None", 0.0)
        while True:
            try:
                inbox.get(timeout=self._linger if pause is None else max(0.0, pause))
                while not inbox.empty():
                    inbox.get_nowait()
            except Empty:
                if pause is None:
                    return
            try:
                pause = self._step()
            except BaseException:  # noqa: BLE001 - logged with its traceback
                # The pump serves every widget of the process: an error in one step must not stop the others. Handlers
                # may also raise SystemExit and CancelledError.
                _log.exception("%s: a step failed", threading.current_thread().name)
                pause = self._linger


class Serial:
    """Calls functions one at a time on its own thread, in the order they were queued."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._pump = Pump(name, self._step)

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Queue a function call. An exception is logged, and later calls still run."""
        self._queue.put(partial(function, *args))
        self._pump.wake()

    def _step(self) -> float | None:
        try:
            function = self._queue.get_nowait()
        except Empty:
            return None
        try:
            function()
        finally:
            if not self._queue.empty():
                self._pump.wake()
        return None


background: Final = BackgroundLoop()
"""The process's one network loop."""
