"""The event hub: sends a task's events to every open event stream."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUEUE_MAX: Final = 256  # maximum events queued for a slow reader


class Subscription:
    """One open stream's inbox."""

    def __init__(self) -> None:
        self._events: deque[tuple[str, dict[str, Any]]] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, event: str, data: dict[str, Any]) -> None:
        """Add an event. If the reader is far behind, drop the oldest progress event."""
        if len(self._events) >= _QUEUE_MAX:
            old = next((item for item in self._events if item[0] == "progress"), None)
            if old is not None:
                self._events.remove(old)
        self._events.append((event, data))
        self._ready.set()

    def close(self) -> None:
        """End the stream once the inbox has been read."""
        self._closed = True
        self._ready.set()

    async def get(self) -> tuple[str, dict[str, Any]] | None:
        """Return the next event, None at the end."""
        while not self._events:
            if self._closed:
                return None
            self._ready.clear()
            await self._ready.wait()
        return self._events.popleft()


class EventHub:
    """The open streams by task, and each running task's last progress. Use only on the event loop."""

    def __init__(self) -> None:
        self._open: dict[str, set[Subscription]] = {}
        self._last: dict[str, dict[str, Any]] = {}
        self._closed = False

    @property
    def streams(self) -> int:
        """Number of open streams."""
        return sum(len(group) for group in self._open.values())

    def publish(self, task_id: str, event: str, data: dict[str, Any], *, final: bool = False) -> None:
        """Send an event to every subscriber. `final`: close the streams after it."""
        if event == "progress":
            self._last[task_id] = data
        else:
            self._last.pop(task_id, None)
        for subscription in self._open.get(task_id, ()):
            subscription.put(event, data)
            if final:
                subscription.close()

    def progress(self, task_id: str) -> dict[str, Any] | None:
        """Return the last progress event since the last change of status, or None."""
        return self._last.get(task_id)

    @contextmanager
    def subscribe(self, task_id: str) -> Iterator[Subscription]:
        """Subscribe to a task's events while the context is open."""
        subscription = Subscription()
        if self._closed:
            subscription.close()
        group = self._open.setdefault(task_id, set())
        group.add(subscription)
        try:
            yield subscription
        finally:
            group.discard(subscription)
            if not group and self._open.get(task_id) is group:
                del self._open[task_id]

    def close(self) -> None:
        """End all streams, including those opened later."""
        self._closed = True
        for group in self._open.values():
            for subscription in group:
                subscription.close()
