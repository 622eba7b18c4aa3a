"""Formats numbers for display: sizes, durations, estimates, percentages, counts, speeds. Pure.

The page's counterpart is `frontend/src/shared/units.ts`; `tests/support/units.json` has the expected output of both.
"""

from __future__ import annotations

import re
from math import floor
from typing import Final

_SIZES: Final = ("B", "kB", "MB", "GB", "TB")
_MINUTE, _HOUR = 60, 3600


def data_size(count: float) -> str:
    """Return bytes in decimal units: 812 B, 65.5 kB, 1.2 GB. One decimal below 100, none from 100 up."""
    unit = 0
    while unit < len(_SIZES) - 1 and _rounded(count / 1000**unit) >= 1000:  # noqa: PLR2004 - the next unit
        unit += 1
    return f"{_plain(_rounded(count / 1000**unit) if unit else floor(count))} {_SIZES[unit]}"


def data_size_of(received: float, total: float | None) -> str:
    """Return how much of a file was received: "3.1 MB of 12 MB", or only the received size if the total is unknown."""
    return f"{data_size(received)} of {data_size(total)}" if total else data_size(received)


def clock(seconds: float) -> str:
    """Return a duration for a running clock or a column: 0:14, 8:10, 1:02:03. Truncated to whole seconds."""
    whole = max(0, floor(seconds))
    hours, minutes, rest = whole // _HOUR, whole // _MINUTE % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(seconds: float) -> str:
    """Return a duration for use in a sentence: 0.4 s, 20 s; from one minute up as in `clock`: 1:51."""
    if seconds < 1:
        return f"{max(1, _half_up(10 * seconds)) / 10:g} s"
    return f"{floor(seconds)} s" if seconds < _MINUTE else clock(seconds)


def playing_time(seconds: float) -> str:
    """Return the duration of a video or sound: 0.4 s, 0:14, 1:02:03."""
    return span(seconds) if seconds < 1 else clock(seconds)


def time_left(seconds: float) -> str:
    """Return a suitably rounded estimate: about 26 s left, about 4 min left, about 1.5 h left."""
    if seconds < 5:  # noqa: PLR2004 - seconds
        return "a few seconds left"
    if seconds < 1.5 * _MINUTE:
        return f"about {_half_up(seconds)} s left"
    if seconds < 1.5 * _HOUR:
        return f"about {_half_up(seconds / _MINUTE)} min left"
    return f"about {_plain(_half_up(10 * seconds / _HOUR) / 10)} h left"


def percent(fraction: float) -> str:
    """Return a fraction of 1 as a percentage, such as 35%. Rounded down, so that 100% means complete."""
    return f"{floor(100 * fraction + 1e-6)}%"


def count(number: float) -> str:
    """Return an integer with thousands separators: 12,480."""
    return f"{floor(number):,}"


def many(number: float, noun: str) -> str:
    """Return a count with its noun: 1 file, 1,200 entries. `noun`: in the singular."""
    return f"{count(number)} {noun if number == 1 else re.sub('y$', 'ie', noun) + 's'}"


def pixels(width: float, height: float) -> str:
    """Return the dimensions of a picture: 1024 × 512."""
    return f"{floor(width)} × {floor(height)}"


def speed(steps: float) -> str:
    """Return a speed in two digits: 0.5 s/step, 2.1 steps/s, 48 steps/s. `steps`: per second."""
    if steps < 1:
        return f"{_plain(_rounded(1 / steps))} s/step"
    return f"{_plain(_half_up(10 * steps) / 10 if steps < 10 else _half_up(steps))} steps/s"  # noqa: PLR2004


def _half_up(number: float) -> int:
    """Round as JavaScript does, so that the page and the kernel show the same last digit."""
    return floor(number + 0.5)


def _rounded(number: float) -> float:
    tenths = _half_up(10 * number) / 10
    return tenths if tenths < 100 else _half_up(number)  # noqa: PLR2004 - from here on without decimals


def _plain(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
