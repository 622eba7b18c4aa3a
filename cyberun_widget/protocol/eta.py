"""Estimates a task's speed and remaining time from its observed progress, or not at all. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_EVERY: Final = 0.25  # seconds between two stored samples
_SAMPLES: Final = 48
_MIN_SPAN: Final = 3.0  # seconds of observation before there is an ETA
_MIN_VALUES: Final = 4  # distinct values of progress before there is an ETA
_ETA_MAX: Final = 7 * 86_400.0
_STALE: Final = 4.0  # multiples of the usual interval between two values after which the pace is stale
_STALE_MIN: Final = 8.0  # seconds before the pace can be stale


@dataclass(frozen=True, slots=True)
class Pace:
    """Samples of progress and steps, thinned so that memory stays bounded for tasks of any length.

    `points`: (clock, progress in [0, 1]) whenever progress rose. `steps`: (clock, step) within one `scope`, which is a
    stage, a node and a number of steps: steps of different loops can't be compared.
    """

    points: tuple[tuple[float, float], ...] = ()
    steps: tuple[tuple[float, float], ...] = ()
    scope: tuple[str, str, int | None] = ("", "", None)

    def add(self, progress: float, step: int | None, scope: tuple[str, str, int | None], now: float) -> Pace:
        """Return the pace with an additional sample."""
        points, steps = self.points, self.steps if scope == self.scope else ()
        if not points or (progress > points[-1][1] and now - points[-1][0] >= _EVERY):
            points = _thinned((*points, (now, progress)))
        if step is not None and (not steps or (step > steps[-1][1] and now - steps[-1][0] >= _EVERY)):
            steps = _thinned((*steps, (now, float(step))))
        elif steps and step is not None and step < steps[-1][1]:
            steps = ((now, float(step)),)
        if points is self.points and steps is self.steps:
            return self
        return Pace(points, steps, scope)

    def eta(self, progress: float, now: float) -> float | None:
        """Return the estimated seconds left, None if there are too few samples or progress has stalled."""
        window = _recent(self.points)
        if len(window) < _MIN_VALUES:
            return None
        (start, low), (end, high) = window[0], window[-1]
        if end - start < _MIN_SPAN or high <= low or _stale(window, now):
            return None
        left = (1.0 - progress) * (end - start) / (high - low) - max(0.0, now - end)
        return max(0.0, left) if left <= _ETA_MAX else None

    def speed(self, now: float) -> float | None:
        """Return the recent steps per second, None if no steps are reported or they have stalled."""
        window = _recent(self.steps)
        if len(window) < 3 or window[-1][0] - window[0][0] < 1.0 or _stale(window, now):  # noqa: PLR2004 - two intervals
            return None
        return (window[-1][1] - window[0][1]) / (window[-1][0] - window[0][0])


def _stale(window: tuple[tuple[float, float], ...], now: float) -> bool:
    usual = (window[-1][0] - window[0][0]) / (len(window) - 1)
    return now - window[-1][0] > max(_STALE_MIN, _STALE * usual)


def _recent(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Return the second half of the samples, but at least 30 s: stages differ in pace, so old samples mislead."""
    if not points:
        return points
    end = points[-1][0]
    begin = end - max(30.0, (end - points[0][0]) / 2)
    return tuple(point for point in points if point[0] >= begin)


def _thinned(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Once there are too many samples, keep the newer half and every other one of the older half."""
    if len(points) <= _SAMPLES:
        return points
    half = len(points) // 2
    return (*points[:half:2], *points[half:])
