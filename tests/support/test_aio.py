"""Uninterrupted blocking work, values per loop, a throttle, and shared calls."""

from __future__ import annotations

import asyncio
import threading

import pytest

from cyberun_widget.support.aio import THROTTLE, PerLoop, SingleFlight, Throttle, run_in_thread


def test_a_cancellation_waits_for_the_blocking_call_to_finish():
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def blocking():
        begun.set()
        release.wait(5)
        ended.set()

    async def main() -> bool:
        task = asyncio.ensure_future(run_in_thread(blocking))
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        asyncio.get_running_loop().call_later(0.02, release.set)
        await asyncio.wait({task})
        return task.cancelled() and ended.is_set()

    assert asyncio.run(main())


def test_blocking_work_gives_its_value_and_its_error():
    assert asyncio.run(run_in_thread(int, "7")) == 7
    with pytest.raises(ValueError, match="invalid literal"):
        asyncio.run(run_in_thread(int, "x"))


def test_each_loop_has_its_own_value_and_keeps_it():
    value = PerLoop(asyncio.Semaphore)

    async def twice() -> tuple[asyncio.Semaphore, asyncio.Semaphore]:
        return value.get(), value.get()

    first, second = asyncio.run(twice()), asyncio.run(twice())
    assert first[0] is first[1]
    assert first[0] is not second[0]


def test_a_throttle_calls_at_once_then_once_per_pause_and_always_with_the_last_value():
    async def main() -> list[int]:
        news: list[int] = []
        told: list[int] = []
        throttle = Throttle(lambda: told.append(len(news)), asyncio.get_running_loop().time)
        for number in range(49):
            news.append(number)
            throttle.soon()
        await asyncio.sleep(2 * THROTTLE)
        return told

    assert asyncio.run(main()) == [1, 49]


def test_a_closed_throttle_calls_no_more():
    async def main() -> list[int]:
        told: list[int] = []
        throttle = Throttle(lambda: told.append(1), asyncio.get_running_loop().time)
        throttle.soon()
        throttle.soon()
        throttle.close()
        await asyncio.sleep(2 * THROTTLE)
        return told

    assert asyncio.run(main()) == [1]


def test_callers_at_the_same_time_share_one_run_and_its_error():
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        await asyncio.sleep(0.01)
        if len(runs) == 1:
            raise ValueError("first")

    async def main() -> list[object]:
        flight = SingleFlight(work)
        first = await asyncio.gather(flight.join(), flight.join(), flight.join(), return_exceptions=True)
        await flight.join()
        return first

    assert [str(item) for item in asyncio.run(main())] == ["first"] * 3
    assert len(runs) == 2


def test_a_caller_that_gives_up_does_not_stop_the_others():
    async def main() -> bool:
        done = asyncio.Event()
        flight = SingleFlight(done.wait)
        impatient, patient = asyncio.ensure_future(flight.join()), asyncio.ensure_future(flight.join())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait({impatient})
        done.set()
        await patient
        return True

    assert asyncio.run(main())
