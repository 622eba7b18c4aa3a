"""Writes task states to traits, for all widgets of the process under one message budget.

A Jupyter server drops messages above 1,000 a second, including the user's own prints. An event therefore never becomes
a message directly: it marks its card as changed, and the publisher writes the card's latest state when its turn comes.
The cost of a step depends on the cards that are due; idle cards are in no queue.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush
from threading import RLock
from typing import TYPE_CHECKING, Final

from cyberun_widget.support.threads import Pump

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.card.ports import Publishable

BUDGET: Final = 200.0  # messages a second, all cards together
BURST: Final = 40.0  # messages that may be sent at once
PACE: Final = 0.2  # seconds between two messages of one card: the progress bar is animated in between
UNSEEN: Final = 1.0  # seconds between two writes of a card that is out of sight: these send no message
PULSE: Final = 5.0  # seconds between two heartbeats to the page while a task is active
_NAP: Final = 0.05  # seconds that an exhausted budget refills before the next batch is sent


@dataclass(slots=True)
class _Seat:
    """A card that was published recently or is waiting to be."""

    dirty: bool = True
    urgent: bool = False
    queued: bool = False  # if not, the card is pausing, and the end of its pause is in the heap


class Publisher:
    """Decides which card is published next. `clock`: monotonic seconds. `step` is called by one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Re-entrant: the garbage collector may run a card's finalizer, which closes the card, on any line below.
        self._lock = RLock()
        self._seats: dict[Publishable, _Seat] = {}
        self._urgent: deque[Publishable] = deque()
        self._seen: deque[Publishable] = deque()
        self._unseen: deque[Publishable] = deque()
        self._pauses: list[tuple[float, int, Publishable, _Seat]] = []  # a heap: end, tie-breaker
        self._order = itertools.count()
        self._going_on: dict[Publishable, None] = {}
        self._pulse_at = 0.0
        self._tokens, self._filled = BURST, clock()
        self._napping = False
        self._pump = Pump("publish", self.step)

    def offer(self, card: Publishable, *, urgent: bool = False) -> None:
        """Schedule the card to be published, ahead of all others if `urgent`. Cheap enough to call for every event."""
        seat = self._seats.get(card)
        # Safe without the lock: the publisher clears `dirty` before it reads the card's state.
        if seat is not None and seat.dirty and (seat.urgent or not urgent):
            return
        with self._lock:
            seat = self._seats.get(card)
            if seat is None:
                seat = self._seats[card] = _Seat()
                self._queue(card, seat, urgent=urgent)
            else:
                seat.dirty = True
                if urgent and not seat.urgent:
                    self._queue(card, seat, urgent=True)
                elif not seat.queued:
                    return  # it is queued when its pause ends
            napping = self._napping
        if urgent or not napping:
            self._pump.wake()

    def pulse(self, card: Publishable, *, going_on: bool) -> None:
        """Note whether the card's task is active: if so, its page expects heartbeats."""
        with self._lock:
            if not going_on:
                self._going_on.pop(card, None)
                return
            if not self._going_on:
                self._pulse_at = self._clock() + PULSE
            self._going_on.setdefault(card)

    def forget(self, card: Publishable) -> None:
        """Stop publishing the card."""
        with self._lock:
            self._seats.pop(card, None)
            self._going_on.pop(card, None)

    def is_current(self) -> bool:
        """Whether the caller is running inside `publish`, as observe handlers do."""
        return self._pump.is_current()

    def step(self) -> float | None:
        """Publish what is due. Return the seconds until the next card is due, None if no card is scheduled."""
        now = self._clock()
        self._napping = False
        self._end_pauses(now)
        self._beat(now)
        while (card := self._next()) is not None:
            if not self._take_token(now):
                with self._lock:
                    self._napping = True
                return max(_NAP, (1.0 - self._tokens) / BUDGET)
            if self._seat(card, now):
                card.publish()
        return self._rest(self._clock())

    # --- queues ------------------------------------------------------------------------------------------------------

    def _queue(self, card: Publishable, seat: _Seat, *, urgent: bool) -> None:
        seat.queued, seat.urgent = True, urgent
        (self._urgent if urgent else self._unseen if card.out_of_sight else self._seen).append(card)

    def _next(self) -> Publishable | None:
        with self._lock:
            for queue in (self._urgent, self._seen, self._unseen):
                while queue:
                    seat = self._seats.get(queue[0])
                    if seat is not None and seat.dirty and seat.queued:
                        return queue[0]
                    queue.popleft()  # forgotten, or published out of turn
        return None

    def _seat(self, card: Publishable, now: float) -> bool:
        """Take the card returned by `_next` out of its queue and start its pause. False if it has been forgotten."""
        with self._lock:
            seat = self._seats.get(card)
            if seat is None:
                return False
            seat.dirty = seat.urgent = seat.queued = False
            pause = UNSEEN if card.out_of_sight else PACE
            heappush(self._pauses, (now + pause, next(self._order), card, seat))
            return True

    def _end_pauses(self, now: float) -> None:
        with self._lock:
            while self._pauses and self._pauses[0][0] <= now:
                _, _, card, seat = heappop(self._pauses)
                if self._seats.get(card) is not seat or seat.queued:
                    continue
                if seat.dirty:
                    self._queue(card, seat, urgent=False)
                else:
                    del self._seats[card]

    def _rest(self, now: float) -> float | None:
        with self._lock:
            moments = [self._pauses[0][0]] if self._pauses else []
            if self._going_on:
                moments.append(self._pulse_at)
        return max(0.0, min(moments) - now) if moments else None

    # --- the budget --------------------------------------------------------------------------------------------------

    def _beat(self, now: float) -> None:
        """Send one heartbeat for all cards, through a different card each time."""
        with self._lock:
            if not self._going_on or now < self._pulse_at:
                return
            self._pulse_at = now + PULSE
            card = next(iter(self._going_on))
            del self._going_on[card]
            self._going_on[card] = None
        card.beat()

    def _take_token(self, now: float) -> bool:
        self._tokens = min(BURST, self._tokens + (now - self._filled) * BUDGET)
        self._filled = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


publisher: Final = Publisher()
"""The only publisher of the process."""
