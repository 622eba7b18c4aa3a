"""The publisher: one budget for all cards, nothing lost, the verdict first."""

from __future__ import annotations

from cyberun_widget.card.publisher import BUDGET, BURST, PACE, PULSE, UNSEEN, Publisher


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Card:
    def __init__(self, log: list, name: str = "", *, out_of_sight: bool = False) -> None:
        self.log, self.name, self.out_of_sight = log, name, out_of_sight

    def publish(self) -> None:
        self.log.append(self.name)

    def beat(self) -> None:
        self.log.append(f"beat {self.name}")


def publisher(clock: Clock) -> Publisher:
    made = Publisher(clock)
    made._pump.wake = lambda: None  # the test calls `step` itself
    return made


def run(publisher: Publisher, clock: Clock, seconds: float, tick: float = 0.01) -> None:
    end = clock.now + seconds
    while clock.now < end:
        publisher.step()
        clock.now += tick


def test_a_hundred_changes_at_once_are_one_message():
    clock, log = Clock(), []
    made, card = publisher(clock), Card(log)
    for _ in range(100):
        made.offer(card)
    made.step()
    assert len(log) == 1


def test_a_constantly_changing_card_is_sent_five_times_a_second():
    clock, log = Clock(), []
    made, card = publisher(clock), Card(log)
    for _ in range(1000):
        made.offer(card)
        made.step()
        clock.now += 0.01
    assert 0.9 * 10 / PACE <= len(log) <= 10 / PACE + 1


def test_the_last_change_is_always_sent():
    clock, log = Clock(), []
    made, card = publisher(clock), Card(log)
    made.offer(card)
    made.step()
    made.offer(card)
    made.step()
    assert len(log) == 1
    clock.now += 1.5 * PACE
    made.step()
    assert len(log) == 2


def test_a_thousand_cards_stay_within_the_budget():
    clock, log = Clock(), []
    made = publisher(clock)
    cards = [Card(log, str(index)) for index in range(1000)]
    for _ in range(500):
        for card in cards:
            made.offer(card)
        made.step()
        clock.now += 0.01
    assert len(log) <= 5 * BUDGET + BURST
    assert len(log) >= 0.9 * 5 * BUDGET
    counts = [log.count(card.name) for card in cards]
    assert max(counts) - min(counts) <= 1, "every card gets its turn"


def test_a_verdict_is_sent_first_and_without_a_pause():
    clock, log = Clock(), []
    made = publisher(clock)
    verdict = Card(log, "verdict")
    made.offer(verdict)
    made.step()
    for index in range(100):
        made.offer(Card(log, str(index)))
    made.offer(verdict, urgent=True)
    made.step()
    assert log[:2] == ["verdict", "verdict"]


def test_a_thousand_watched_cards_share_one_heartbeat_and_take_turns():
    clock, log = Clock(), []
    made = publisher(clock)
    cards = [Card(log, str(index)) for index in range(1000)]
    for card in cards:
        made.pulse(card, going_on=True)
    run(made, clock, 4 * PULSE + 0.5, tick=0.1)
    assert log == ["beat 0", "beat 1", "beat 2", "beat 3"]
    for card in cards:
        made.pulse(card, going_on=False)
    run(made, clock, 4 * PULSE, tick=0.1)
    assert len(log) == 4
    assert made.step() is None


def test_cards_out_of_view_are_written_less_often_and_after_the_others():
    clock, log = Clock(), []
    made = publisher(clock)
    hidden = [Card(log, "hidden", out_of_sight=True) for _ in range(300)]
    shown = [Card(log, "shown") for _ in range(10)]
    for _ in range(1000):
        for card in (*hidden, *shown):
            made.offer(card)
        made.step()
        clock.now += 0.01
    assert log.count("shown") >= 0.9 * 10 * 10 / PACE
    assert log.count("hidden") <= 300 * (10 / UNSEEN + 1)
    assert log.count("hidden") > 0


def test_the_cost_of_a_step_depends_only_on_the_cards_that_are_due():
    clock, log = Clock(), []
    made = publisher(clock)
    idle = [Card(log, "idle") for _ in range(5000)]
    for card in idle:
        made.offer(card)
        made.pulse(card, going_on=True)
    run(made, clock, 5000 / BUDGET + 1)
    asked = 0

    class Asked(Card):
        @property
        def out_of_sight(self) -> bool:
            nonlocal asked
            asked += 1
            return False

        @out_of_sight.setter
        def out_of_sight(self, value: bool) -> None: ...

    for card in idle:
        card.__class__ = Asked
    busy = Card(log, "busy")
    for _ in range(100):
        made.offer(busy)
        made.step()
        clock.now += 0.01
    assert log.count("busy") >= 5
    assert asked == 0


def test_a_forgotten_card_is_not_published():
    clock, log = Clock(), []
    made, card = publisher(clock), Card(log)
    made.offer(card)
    made.forget(card)
    made.step()
    assert log == []
