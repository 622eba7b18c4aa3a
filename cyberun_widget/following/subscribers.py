"""The listeners of a watch, and the events so far for listeners that join late."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Final

from cyberun_widget.following.listener import Interest
from cyberun_widget.protocol.events import EventError, parse
from cyberun_widget.protocol.sse import SSEMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberun_widget.following.listener import Listener
    from cyberun_widget.protocol.events import Event

KEPT: Final = 1000
"""Events kept for listeners that join late."""

_RAW_MAX: Final = 4_096  # characters up to which a message is kept unparsed; parsing a larger one saves memory


@dataclass(slots=True)
class _Seat:
    listener: Listener
    interest: Interest
    left: bool = False


class Subscribers:
    """The listeners of one watch, each with its interest.

    They join and leave on any thread, and are notified on the loop's. Superseded messages are kept unparsed until a
    listener needs them.
    """

    def __init__(self, task_id: str) -> None:
        self._task_id = task_id
        self._seats: tuple[_Seat, ...] = ()
        self._kept: deque[Event | SSEMessage] = deque(maxlen=KEPT)
        # A listener receives no new event until it has received the earlier ones. Re-entrant, because the garbage
        # collector may run a listener's finalizer on any line.
        self._order = RLock()
        self.eager = False
        """Whether any listener receives every event."""

    def __bool__(self) -> bool:
        return any(not seat.left for seat in self._seats)

    @property
    def interest(self) -> Interest:
        """The highest interest of all listeners."""
        return max((seat.interest for seat in self._seats if not seat.left), default=Interest.VERDICT)

    def attend(self, listener: Listener, interest: Interest, *, join: bool = False) -> None:
        """Change a listener's interest, or add it if `join`. See `TaskWatch.attend`."""
        with self._order:
            seat = self._find(listener)
            if (seat is None and not join) or (seat is not None and seat.interest is Interest.EVENTS):
                return
            if interest is Interest.EVENTS:
                for event in self._events():
                    listener.happened(event)
            if seat is None:
                self._seats = (*self._seats, _Seat(listener, interest))
            else:
                seat.interest = interest
            self._count()

    def leave(self, listener: Listener) -> None:
        """Stop notifying a listener. Takes no lock: the garbage collector may close a card on any line."""
        seat = self._find(listener)
        if seat is not None:
            seat.left = True

    def tidy(self) -> None:
        """Remove the listeners that have left."""
        with self._order:
            self._seats = tuple(seat for seat in self._seats if not seat.left)
            self._count()

    def changed(self) -> None:
        """Notify all listeners of a change."""
        for seat in self._seats:
            if not seat.left:
                seat.listener.changed()

    def happened(self, event: Event) -> None:
        """Keep an event, and pass it to the listeners that receive every event."""
        with self._order:
            self._kept.append(event)
            self._hand_on(event)

    def passed_over(self, message: SSEMessage) -> None:
        """Keep a superseded message unparsed, or parse it if a listener now receives every event."""
        with self._order:
            if not self.eager and len(message.data) <= _RAW_MAX:
                self._kept.append(message)
            elif (event := self._parsed(message)) is not None:
                self._kept.append(event)
                self._hand_on(event)

    def _find(self, listener: Listener) -> _Seat | None:
        return next((seat for seat in self._seats if seat.listener is listener and not seat.left), None)

    def _count(self) -> None:
        self.eager = any(seat.interest is Interest.EVENTS and not seat.left for seat in self._seats)

    def _hand_on(self, event: Event) -> None:
        if self.eager:
            for seat in self._seats:
                if seat.interest is Interest.EVENTS and not seat.left:
                    seat.listener.happened(event)

    def _events(self) -> Iterator[Event]:
        for item in self._kept:
            event = self._parsed(item) if isinstance(item, SSEMessage) else item
            if event is not None:
                yield event

    def _parsed(self, message: SSEMessage) -> Event | None:
        try:
            return parse(message, self._task_id)
        except EventError:
            return None
