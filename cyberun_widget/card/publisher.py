"""States -> traits, for all widgets of the process under one budget.

A Jupyter server drops messages past 1,000 a second, the user's own prints among them. So no event is ever a message:
a widget is marked as changed, and the publisher writes its newest state when its turn comes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Final

from cyberun_widget.support.threads import Pump

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.card.ports import Publishable

BUDGET: Final = 200.0  # messages a second, all widgets together
BURST: Final = 40.0  # messages that may go out at once
PACE: Final = 0.2  # seconds between two messages of one widget: the bar glides from one to the next
HEARTBEAT: Final = 5.0  # seconds after which a watched task that is not over gives a sign of life


@dataclass(slots=True)
class _Seat:
    sent: float
    dirty: bool = True


class Publisher:
    """Decides whose turn it is. `clock`: monotonic seconds. `step` is called by one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # A closed card's finalizer closes it once more, and the garbage collector may call it on any line below.
        self._lock = RLock()
        self._seats: dict[Publishable, _Seat] = {}
        self._tokens, self._filled = BURST, clock()
        self._pump = Pump("publish", self.step)

    def offer(self, card: Publishable) -> None:
        """Have the card published soon. Cheap: it may be called for every event."""
        with self._lock:
            seat = self._seats.get(card)
            if seat is None:
                self._seats[card] = _Seat(sent=self._clock() - 2 * PACE)
            elif seat.dirty:
                return
            else:
                seat.dirty = True
        self._pump.wake()

    def forget(self, card: Publishable) -> None:
        """Publish the card no more."""
        with self._lock:
            self._seats.pop(card, None)

    def is_current(self) -> bool:
        """Whether the caller runs inside `publish`, as observe handlers do."""
        return self._pump.is_current()

    def step(self) -> float | None:
        """Publish what is due; return the seconds until something will be, None if nothing is in sight."""
        now = self._clock()
        for card in self._due(now):
            if not self._take_token(now):
                return (1.0 - self._tokens) / BUDGET
            with self._lock:
                seat = self._seats.get(card)
                if seat is None:
                    continue
                seat.dirty, seat.sent = False, now
            card.publish()
        return self._next(self._clock())

    def _due(self, now: float) -> list[Publishable]:
        with self._lock:
            for card, seat in self._seats.items():
                if card.restless and now - seat.sent >= HEARTBEAT:
                    seat.dirty = True
            ready = [
                (not card.urgent, seat.sent, index, card)
                for index, (card, seat) in enumerate(self._seats.items())
                if seat.dirty and (card.urgent or now - seat.sent >= PACE)
            ]
        return [card for *_, card in sorted(ready, key=lambda item: item[:3])]

    def _take_token(self, now: float) -> bool:
        self._tokens = min(BURST, self._tokens + (now - self._filled) * BUDGET)
        self._filled = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def _next(self, now: float) -> float | None:
        with self._lock:
            self._seats = {
                card: seat
                for card, seat in self._seats.items()
                if seat.dirty or card.restless or now - seat.sent < PACE  # it may change again at once
            }
            waits = [
                seat.sent + (HEARTBEAT if card.restless and not seat.dirty else PACE) - now
                for card, seat in self._seats.items()
            ]
        return max(0.0, min(waits)) if waits else None


publisher: Final = Publisher()
"""The process's one publisher."""
