"""Waiting for a condition in a test: the one place with a deadline and a pause."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Found = TypeVar("_Found")


def until(
    check: Callable[[], _Found],
    seconds: float = 20.0,
    *,
    pause: float = 0.02,
    state: Callable[[], object] | None = None,
) -> _Found:
    """Return what `check` gives once that is truthy. Fails the test when it never is, and shows the `state` then."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, (
            f"it didn't come true within {seconds:g} s; it is {state() if state else found!r}"
        )
        time.sleep(pause)
    return found


async def until_async(check: Callable[[], object], seconds: float = 20.0, *, pause: float = 0.005) -> None:
    """As `until`, where the test shares its loop with what it waits for."""
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(pause)
