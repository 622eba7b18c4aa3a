"""The time limit: what is told to stop stops, also in the moment in which it ends."""

from __future__ import annotations

import asyncio

import pytest

from cyberun_widget.support.within import within


def test_what_comes_in_time_is_given():
    assert asyncio.run(within(asyncio.sleep(0, "here"), 5)) == "here"


def test_what_is_raised_in_time_is_raised():
    async def fail():
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(within(fail(), 5))


def test_what_takes_too_long_is_cancelled_and_over_when_that_is_said():
    over: list[bool] = []

    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            over.append(True)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(within(slow(), 0.01))
    assert over == [True]


def test_a_cancellation_in_the_moment_of_the_end_is_obeyed():
    async def main() -> bool:
        bell = asyncio.Event()
        task = asyncio.ensure_future(within(bell.wait(), 60))
        await asyncio.sleep(0.01)
        bell.set()
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(main())
