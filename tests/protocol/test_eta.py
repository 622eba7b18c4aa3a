"""There is an ETA only if it is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberun_widget.protocol.eta import Pace

SCOPE = ("train", "", 100)


def steady(seconds: float, every: float = 0.5, rate: float = 0.01) -> tuple[Pace, float, float]:
    pace, now, progress = Pace(), 0.0, 0.0
    while now <= seconds:
        pace = pace.add(progress, int(progress * 100), SCOPE, now)
        now, progress = now + every, progress + rate * every
    return pace, now - every, progress - rate * every


def test_a_steady_task_gets_an_estimate():
    pace, now, progress = steady(30)
    assert pace.eta(progress, now) == pytest.approx((1 - progress) / 0.01, rel=0.02)


def test_the_time_left_decreases_between_two_events():
    pace, now, progress = steady(30)
    assert pace.eta(progress, now) - pace.eta(progress, now + 2) == pytest.approx(2)


@pytest.mark.parametrize("seconds", [0, 1, 2.4])
def test_a_task_that_has_just_begun_has_no_eta(seconds):
    pace, now, progress = steady(seconds)
    assert pace.eta(progress, now) is None


def test_a_stalled_task_has_no_eta_and_no_speed():
    pace, now, progress = steady(30)
    assert pace.eta(progress, now + 60) is None
    assert pace.speed(now + 60) is None


def test_a_task_that_would_take_forever_has_no_eta():
    pace, now, progress = steady(3000, every=30, rate=1e-9)
    assert pace.eta(progress, now) is None


def test_speed_is_steps_a_second():
    pace, now, _ = steady(30)
    assert pace.speed(now) == pytest.approx(1.0, rel=0.05)


def test_steps_of_another_loop_are_not_compared():
    pace, now, progress = steady(30)
    pace = pace.add(progress, 3, ("export", "", 10), now + 0.5)
    assert pace.speed(now + 0.5) is None


def test_a_change_of_pace_shows_within_half_of_the_samples():
    pace, now, progress = Pace(), 0.0, 0.0
    for rate in (0.0005, 0.01):
        for _ in range(80):
            pace = pace.add(progress, None, SCOPE, now)
            now, progress = now + 0.5, progress + rate * 0.5
    assert pace.eta(progress, now) == pytest.approx((1 - progress) / 0.01, rel=0.1)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1), st.none() | st.integers(0, 1000)), max_size=400))
def test_samples_stay_bounded_and_estimates_valid(samples):
    pace, now = Pace(), 0.0
    for pause, progress, step in samples:
        now += pause
        pace = pace.add(progress, step, SCOPE, now)
        assert len(pace.points) <= 48
        assert len(pace.steps) <= 48
        eta, speed = pace.eta(progress, now), pace.speed(now)
        assert eta is None or 0 <= eta <= 7 * 86_400
        assert speed is None or speed > 0
