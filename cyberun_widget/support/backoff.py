"""Computes the wait before the next attempt. Pure: time and randomness are arguments."""

from __future__ import annotations

import email.utils
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

RETRY_AFTER_MAX: Final = 600.0
"""Seconds: the longest wait a server may request, even beyond `backoff_max`."""


@dataclass(slots=True)
class Backoff:
    """Exponential back-off with jitter: the n-th pause is between half and all of `initial` * 2**n.

    `initial`, `maximum`: seconds. `random`: returns floats in [0, 1), like `random.random`.
    """

    initial: float
    maximum: float
    random: Callable[[], float]
    failures: int = 0

    def next(self, *, at_least: float | None = None) -> float:
        """Return the seconds to wait, and count one more failure.

        `at_least`: seconds requested by the server (`Retry-After`, `retry:`). Honoured even beyond `maximum`, up to
        `RETRY_AFTER_MAX`.
        """
        ceiling = min(self.maximum, self.initial * 2.0 ** min(self.failures, 40))
        self.failures += 1
        pause = ceiling * (0.5 + self.random() / 2)
        return pause if at_least is None else max(pause, min(at_least, RETRY_AFTER_MAX))

    def reset(self) -> None:
        """Start over after a success."""
        self.failures = 0


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3), None if it is invalid.

    `value`: seconds as digits, or an HTTP date. `now`: timezone-aware, by the server's clock if known.
    A date in the past gives 0.0.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
