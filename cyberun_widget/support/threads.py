"""The threads there are: one runs the network's event loop, and each `Pump` has one. See `worker` for their life.

The stop button raises KeyboardInterrupt in the user's thread, on any line. So that thread takes no lock in here: it
hands work over through a queue that an interrupt can't tear. What an interrupt keeps from being handed over raises in
the caller, and the next call finds everything in order.
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

_LINGER: Final = 1.0  # seconds without work after which a thread leaves
_INTERRUPTIBLE: Final = 0.5  # seconds of one blocking wait
_log = logging.getLogger(__name__)

_closers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Callable[[], Coroutine[Any, Any, None]]]] = (
    weakref.WeakKeyDictionary()
)


def close_with_loop(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have `close` awaited at the end of the running loop, if it is a `BackgroundLoop`; other loops ignore it."""
    closers = _closers.setdefault(asyncio.get_running_loop(), [])
    if close not in closers:
        closers.append(close)


class _Job(Generic[T]):
    """A coroutine on its way to the loop, and what has become of it. Only the loop's thread changes `task`."""

    __slots__ = ("abandoned", "settle", "task", "work")

    def __init__(self, work: Coroutine[Any, Any, T], settle: Callable[[asyncio.Task[T] | None], None]) -> None:
        self.work, self.settle = work, settle
        self.task: asyncio.Task[T] | None = None
        self.abandoned = False


class BackgroundLoop:
    """An event loop on a thread of its own. All its methods may be called from any thread."""

    def __init__(self, linger: float = _LINGER) -> None:
        self._linger = linger
        self._worker = Worker("cyberun-loop", self._serve)
        self._pending = 0  # jobs under way; only the loop's thread counts

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
        """Run a coroutine and wait for its value or error. An interrupt (Ctrl-C) cancels it.

        Raises RuntimeError on the loop's own thread, which it would block for ever.
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
        """Call a plain function on the loop's thread, soon. Nothing happens where the loop isn't running."""
        if self._worker.running:
            self._send(partial(function, *args))

    # --- in the caller's thread --------------------------------------------------------------------------------------

    def _hand_over(self, job: _Job[T]) -> None:
        try:
            self._send(job)
        except BaseException:
            # An interrupted call must not be made behind the user's back, later: it may cost money.
            self._abandon(job)
            raise

    def _abandon(self, job: _Job[T]) -> None:
        job.abandoned = True
        self._send(job)

    def _send(self, item: object) -> None:
        self._worker.put(item)
        loop = self._worker.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it is just closing, and the thread looks into the inbox after
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
                idle = not self._pending  # else a job came in the turn in which the loop was told to stop
            except (SystemExit, KeyboardInterrupt):  # asyncio lets these two out of a task
                _log.exception("%s: a task tried to end the thread", threading.current_thread().name)

    def _take(self) -> None:
        """Take everything out of the inbox."""
        while self._worker.loop is not None:  # else this loop is closing, and the next one takes it
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
            task.exception()  # retrieved: it is the caller's to report
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
    """Return what comes out of a queue. No wait of an hour: on Windows an interrupt only gets in between two."""
    while True:
        with contextlib.suppress(Empty):
            return outbox.get(timeout=_INTERRUPTIBLE)


def _settle(future: Future[T], task: asyncio.Task[T] | None) -> None:
    """Give a future what a task came to, unless the future was cancelled meanwhile."""
    if task is None or task.cancelled():
        future.cancel()
    elif not future.cancelled() and future.set_running_or_notify_cancel():
        error = task.exception()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())


class Pump:
    """A thread that calls `step` whenever there is something to do.

    `step()` does what is due and returns the seconds until something will be, None if nothing is in sight; it is
    never called twice at the same time. What it raises is logged, whatever it is, and the pump goes on.
    """

    def __init__(self, name: str, step: Callable[[], float | None], linger: float = _LINGER) -> None:
        self._step = step
        self._linger = linger
        self._worker = Worker(f"cyberun-{name}", self._serve)

    def wake(self) -> None:
        """Have `step` called soon. Cheap, and safe from any thread."""
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
                # The pump serves every widget of the process: one bad step must not silence the others, whatever it
                # raises. SystemExit and CancelledError come out of handlers, too.
                _log.exception("%s: a step failed", threading.current_thread().name)
                pause = self._linger


class Serial:
    """Calls functions one after the other on a thread of their own, in the order they came in."""

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._pump = Pump(name, self._step)

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Have a function called soon. What it raises is logged; the ones after it are called all the same."""
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
