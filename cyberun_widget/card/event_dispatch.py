"""Those who asked for every event, and the events that they missed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from cyberun_widget.following.task_watch import KEPT
from cyberun_widget.protocol.events import CompletedEvent, ProgressEvent, StatusEvent
from cyberun_widget.protocol.state import BEFORE_RUNNING
from cyberun_widget.support.threads import Serial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from concurrent.futures import Future

    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.protocol.events import Event

callbacks = Serial("callbacks")
"""The thread on which the user's handlers are called, one after the other."""


class Audience:
    """One card's listeners. Each hears every event in order, those before it came first (the last 1,000)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: deque[Event] = deque(maxlen=KEPT)
        self._handlers: list[Callable[[Event], None]] = []

    def tell(self, event: Event) -> None:
        """Pass on an event. Returns at once: the handlers are called on a thread of theirs."""
        with self._lock:
            self._seen.append(event)
            for handler in self._handlers:
                handler(event)

    def clear(self) -> None:
        """Forget the events so far: another watch begins with its own. The listeners stay."""
        with self._lock:
            self._seen.clear()

    def add(self, handler: Callable[[Event], None]) -> None:
        """Have a handler called for every event."""
        self._join(lambda event: callbacks.call(handler, event))

    async def listen(self, over: Future[TaskResult]) -> AsyncIterator[Event]:
        """Yield every event until `over` is done."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Event | None] = asyncio.Queue()

        def put(event: Event | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads these any more
                loop.call_soon_threadsafe(queue.put_nowait, event)

        self._join(put)
        over.add_done_callback(lambda _future: put(None))
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            with self._lock:
                self._handlers.remove(put)

    def _join(self, handler: Callable[[Event], None]) -> None:
        with self._lock:
            for event in self._seen:
                handler(event)
            self._handlers.append(handler)


def rising(handler: Callable[[float], None]) -> Callable[[Event], None]:
    """Return an event handler that calls `handler(progress)` when progress has risen, or the task started over."""
    high = -1.0

    def passed(event: Event) -> None:
        nonlocal high
        match event:
            case StatusEvent(status=status) if status in BEFORE_RUNNING:
                high = -1.0
            case ProgressEvent(progress=progress) if progress > high:
                high = progress
                handler(progress)
            case CompletedEvent() if high < 1.0:
                high = 1.0
                handler(1.0)
            case _:
                return

    return passed
