"""States -> traits, for all widgets of the process under one budget.

A Jupyter server drops messages past 1,000 a second, the user's own prints among them. So no event is ever a message:
a card is marked as changed, and the publisher writes its newest state when its turn comes. A step costs what is due,
not what exists: idle cards are in no list that is walked.
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
BURST: Final = 40.0  # messages that may go out at once
PACE: Final = 0.2  # seconds between two messages of one card: the bar glides from one to the next
UNSEEN: Final = 1.0  # seconds between two writes of a card out of sight: they cost no message
PULSE: Final = 5.0  # seconds between two signs of life to the page, while something is going on
_NAP: Final = 0.05  # seconds that a spent budget fills up before the next messages go out together


@dataclass(slots=True)
class _Seat:
    """A card that was published a moment ago or is about to be."""

    dirty: bool = True
    urgent: bool = False
    queued: bool = False  # for its turn; else it waits for the end of its pause, which is in the heap


class Publisher:
    """Decides whose turn it is. `clock`: monotonic seconds. `step` is called by one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # A closed card's finalizer closes it again, and the garbage collector may call it on any line below.
        self._lock = RLock()
        self._seats: dict[Publishable, _Seat] = {}
        self._urgent: deque[Publishable] = deque()
        self._seen: deque[Publishable] = deque()
        self._unseen: deque[Publishable] = deque()
        self._pauses: list[tuple[float, int, Publishable, _Seat]] = []  # a heap: the end of each, a tie-breaker
        self._order = itertools.count()
        self._going_on: dict[Publishable, None] = {}
        self._pulse_at = 0.0
        self._tokens, self._filled = BURST, clock()
        self._napping = False
        self._pump = Pump("publish", self.step)

    def offer(self, card: Publishable, *, urgent: bool = False) -> None:
        """Have the card published soon, an urgent one before all others. Cheap: it may be called for every event."""
        seat = self._seats.get(card)
        # Without the lock: the thread that clears `dirty` reads the card's state after that.
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
                    return  # its pause ends by itself
            napping = self._napping
        if urgent or not napping:
            self._pump.wake()

    def pulse(self, card: Publishable, *, going_on: bool) -> None:
        """Note whether something is going on with the card, so that its page counts on signs of life."""
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
        """Whether the caller runs inside `publish`, as observe handlers do."""
        return self._pump.is_current()

    def step(self) -> float | None:
        """Publish what is due; return the seconds until something will be, None if nothing is in sight."""
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
        """Take a card that `_next` gave out of its queue, and begin its pause. False where it was forgotten."""
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
        """Give the page one sign of life for all cards, by a different one each time."""
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
"""The process's one publisher."""
