"""The publisher: one budget for all cards, nothing lost, the verdict first."""

from __future__ import annotations

from cyberun_widget.card.publisher import BUDGET, BURST, HEARTBEAT, PACE, Publisher


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Card:
    def __init__(self, log: list, name: str = "", *, urgent: bool = False, restless: bool = False) -> None:
        self.log, self.name, self.urgent, self.restless = log, name, urgent, restless

    def publish(self) -> None:
        self.log.append(self.name)


def publisher(clock: Clock) -> Publisher:
    made = Publisher(clock)
    made._pump.wake = lambda: None  # the test turns the handle itself
    return made


def run(publisher: Publisher, clock: Clock, seconds: float, tick: float = 0.01) -> None:
    end = clock.now + seconds
    while clock.now < end:
        publisher.step()
        clock.now += tick


def test_a_hundred_changes_in_a_moment_are_one_message():
    clock, log = Clock(), []
    made, card = publisher(clock), Card(log)
    for _ in range(100):
        made.offer(card)
    made.step()
    assert len(log) == 1


def test_a_card_that_changes_all_the_time_is_sent_ten_times_a_second():
    clock, log = Clock(), []
    made, card = publisher(clock), Card(log)
    for _ in range(1000):
        made.offer(card)
        made.step()
        clock.now += 0.01
    assert 0.9 * 10 / PACE <= len(log) <= 10 / PACE + 1


def test_the_last_change_is_never_left_out():
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


def test_a_verdict_goes_before_everything_else_and_needs_no_pause():
    clock, log = Clock(), []
    made = publisher(clock)
    verdict = Card(log, "verdict")
    made.offer(verdict)
    made.step()
    for index in range(100):
        made.offer(Card(log, str(index)))
    made.offer(verdict)
    verdict.urgent = True
    made.step()
    assert log[:2] == ["verdict", "verdict"]


def test_a_watched_task_gives_a_sign_of_life_and_an_ended_one_none():
    clock, log = Clock(), []
    made, card = publisher(clock), Card(log, restless=True)
    made.offer(card)
    run(made, clock, 4 * HEARTBEAT + 0.5, tick=0.1)
    assert len(log) == 5
    card.restless = False
    run(made, clock, 4 * HEARTBEAT, tick=0.1)
    assert len(log) == 5
    assert made.step() is None


def test_a_card_that_is_forgotten_is_not_published():
    clock, log = Clock(), []
    made, card = publisher(clock), Card(log)
    made.offer(card)
    made.forget(card)
    made.step()
    assert log == []
