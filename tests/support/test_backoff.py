"""Back-off and Retry-After: RFC 9110, 10.2.3."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberun_widget.support.backoff import RETRY_AFTER_MAX, Backoff, parse_retry_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_pauses_double_up_to_the_maximum():
    backoff = Backoff(0.5, 4.0, lambda: 1.0)
    assert [backoff.next() for _ in range(6)] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_a_reset_starts_again():
    backoff = Backoff(0.5, 4.0, lambda: 1.0)
    backoff.next(), backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5


def test_a_pause_requested_by_the_server_may_exceed_the_maximum():
    assert Backoff(0.5, 4.0, lambda: 0.0).next(at_least=20.0) == 20.0


def test_a_server_cannot_request_an_endless_pause():
    assert Backoff(0.5, 4.0, lambda: 0.0).next(at_least=1e9) == RETRY_AFTER_MAX


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 3000))
def test_every_pause_lies_between_half_and_whole(dice, failures):
    pause = Backoff(0.5, 30.0, lambda: dice, failures).next()
    whole = min(30.0, 0.5 * 2.0 ** min(failures, 40))
    assert whole / 2 <= pause <= whole


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
        ("Friday, 02-Jan-26 03:05:05 GMT", 60.0),
        ("Thu, 01 Jan 2026 03:04:35 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Fri, 02 Jan 99999999999 03:04:05 GMT", None),
        ("Fri, 02 Jan 2026 03:04:05 +99999999999999", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


def test_a_retry_after_of_a_thousand_digits_is_a_number_like_any_other():
    assert parse_retry_after("9" * 1000, NOW) == 999_999_999.0
