"""The observers of a card: handlers and iterators that receive every event, views on a page, and callers of `wait`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

from cyberun_widget.following.listener import Interest
from cyberun_widget.following.subscribers import KEPT
from cyberun_widget.jupyter.kernel import has_subshells
from cyberun_widget.protocol.events import CompletedEvent, ProgressEvent, StatusEvent
from cyberun_widget.protocol.state import BEFORE_RUNNING
from cyberun_widget.support.threads import Serial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from concurrent.futures import Future

    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.protocol.events import Event

_log = logging.getLogger(__name__)
T = TypeVar("T")

_VIEWS: Final = 32  # remembered per card: a page that is closed doesn't say so
_callbacks: Final = Serial("callbacks")


def call_handler(handler: Callable[[T], object], value: T) -> None:
    """Queue a call of a user's handler on the callback thread. Exceptions that it raises are logged."""
    _callbacks.call(_guarded, handler, value)


def _guarded(handler: Callable[[T], object], value: T) -> None:
    try:
        handler(value)
    except BaseException:  # noqa: BLE001 - not even SystemExit may end the thread that all handlers share
        _log.exception("a handler raised: %r", handler)


class Observers:
    """The observers of one card.

    A handler receives every event in order, starting with the last 1,000 before it was added. `attend` is called
    whenever `interest` may have changed.
    """

    def __init__(self, attend: Callable[[], None]) -> None:
        self._attend = attend
        self._observed = False
        self._lock = Lock()
        self._seen: deque[Event] = deque(maxlen=KEPT)
        self._handlers: list[Callable[[Event], None]] = []
        self._listened = False
        self._views: dict[str, bool] = {}
        self._waiting = 0

    # --- how closely they look ---------------------------------------------------------------------------------------

    @property
    def interest(self) -> Interest:
        """How closely the task must be followed for these observers."""
        if self._listened:
            return Interest.EVENTS
        return Interest.VERDICT if self.away else Interest.LIVE

    @property
    def away(self) -> bool:
        """Whether the card has no visible view, no waiting caller and no handler on its traits."""
        return not (self._waiting or self._observed) and self.out_of_sight

    @property
    def out_of_sight(self) -> bool:
        """Whether every view of the card is known to be scrolled away or on a hidden tab.

        Always False without subshells: a busy kernel couldn't be told that a view is visible again.
        """
        with self._lock:
            return bool(self._views) and not any(self._views.values()) and has_subshells()

    def look(self, view: str, *, visible: bool) -> None:
        """Note whether a view is visible. A view that has been removed isn't."""
        with self._lock:
            self._views.pop(view, None)
            self._views[view] = visible
            while len(self._views) > _VIEWS:
                del self._views[next(iter(self._views))]
        self._attend()

    @contextlib.contextmanager
    def waiter(self) -> Iterator[None]:
        """Count a caller that waits for the task, while it waits."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def observe(self) -> None:
        """Note that the user has registered a handler on a trait."""
        self._observed = True
        self._attend()

    def _count(self, more: int) -> None:
        with self._lock:
            self._waiting += more
        self._attend()

    # --- events ------------------------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Pass an event to every handler. Returns at once: users' handlers run on the callback thread."""
        with self._lock:
            self._seen.append(event)
            for handler in self._handlers:
                handler(event)

    def clear(self) -> None:
        """Discard the events so far, before another watch starts. The handlers stay."""
        with self._lock:
            self._seen.clear()

    def add(self, handler: Callable[[Event], None]) -> None:
        """Call a handler for every event."""
        self._join(lambda event: call_handler(handler, event))

    async def listen(self, over: Future[TaskResult]) -> AsyncIterator[Event]:
        """Yield every event until `over` is done."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Event | None] = asyncio.Queue()

        def put(event: Event | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody is reading
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
            self._listened = True
            for event in self._seen:
                handler(event)
            self._handlers.append(handler)
        self._attend()  # the first handler makes the watch deliver every event


def rising(handler: Callable[[float], None]) -> Callable[[Event], None]:
    """Return an event handler that calls `handler(progress)` when progress rises, or the task starts over."""
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
