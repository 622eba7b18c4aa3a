"""Waits for a condition in a test: the only place with a deadline and a polling interval."""

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
    """Return the value of `check` once it is truthy. If it doesn't become so, fail the test and show the `state`."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, (
            f"it didn't come true within {seconds:g} s; it is {state() if state else found!r}"
        )
        time.sleep(pause)
    return found


async def until_async(check: Callable[[], object], seconds: float = 20.0, *, pause: float = 0.005) -> None:
    """Like `until`, for tests that share their event loop with the code they wait for."""
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(pause)
