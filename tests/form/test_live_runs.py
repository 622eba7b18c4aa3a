"""Runs that follow a form: one a pause, the newest wins, what is replaced is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from cyberun_widget.errors import CyberunError, NetworkError
from cyberun_widget.form.live_runs import LiveRuns
from tests.waiting import until_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DELAY = 0.15  # seconds; a busy machine may stand still for a tenth


class Service:
    """Takes runs, and ends them when told to."""

    def __init__(self) -> None:
        self.submitted: list[dict] = []
        self.cancelled: list[str] = []
        self.results: dict[str, asyncio.Future[str]] = {}
        self.answers = asyncio.Event()  # submissions wait for it
        self.answers.set()
        self.refuse: CyberunError | None = None
        self.finished: list[tuple[dict, str]] = []
        self.failed: list[tuple[dict, str]] = []

    async def submit(self, values):
        number = len(self.submitted)
        self.submitted.append(dict(values))
        await self.answers.wait()
        if self.refuse is not None:
            raise self.refuse
        return self.result(number) and str(number)

    def result(self, number: int) -> asyncio.Future[str]:
        return self.results.setdefault(str(number), asyncio.get_running_loop().create_future())

    async def cancel(self, task_id):
        self.cancelled.append(task_id)

    async def wait(self, task_id):
        return await asyncio.shield(self.results[task_id])

    def live(self, known=None) -> LiveRuns[str]:
        return LiveRuns(
            known=known,
            delay=DELAY,
            submit=self.submit,
            cancel=self.cancel,
            result=self.wait,
            finished=lambda values, result: self.finished.append((dict(values), result)),
            failed=lambda values, exc: self.failed.append((dict(values), str(exc))),
        )


@contextlib.asynccontextmanager
async def running(service: Service) -> AsyncIterator[LiveRuns[str]]:
    live = service.live()
    work = asyncio.ensure_future(live.run())
    try:
        yield live
    finally:
        work.cancel()
        await asyncio.wait({work})


def asynchronous(test):
    def run():
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


@asynchronous
async def test_a_slider_that_is_dragged_starts_one_run_with_the_values_it_stops_at():
    service = Service()
    async with running(service) as live:
        for number in range(40):
            live.change({"steps": number})
            await asyncio.sleep(0)
        await until_async(lambda: service.submitted)
        await asyncio.sleep(2 * DELAY)
    assert service.submitted == [{"steps": 39}]


@asynchronous
async def test_the_newest_run_wins_and_the_one_before_is_cancelled():
    service = Service()
    async with running(service) as live:
        live.change({"steps": 1})
        await until_async(lambda: len(service.submitted) == 1)
        live.change({"steps": 2})
        await until_async(lambda: len(service.submitted) == 2)
        await until_async(lambda: service.cancelled == ["0"])
        service.result(0).set_result("old")  # it had ended before the service heard of the cancel
        service.result(1).set_result("new")
        await until_async(lambda: service.finished)
    assert service.finished == [({"steps": 2}, "new")]


@asynchronous
async def test_a_run_whose_submission_was_on_the_way_when_it_was_replaced_is_cancelled_all_the_same():
    service = Service()
    service.answers.clear()
    async with running(service) as live:
        live.change({"steps": 1})
        await until_async(lambda: len(service.submitted) == 1)
        live.change({"steps": 2})
        await until_async(lambda: len(service.submitted) == 2)
        assert service.cancelled == []
        service.answers.set()
        await until_async(lambda: service.cancelled == ["0"])
        service.result(1).set_result("new")
        await until_async(lambda: service.finished == [({"steps": 2}, "new")])


@asynchronous
async def test_values_that_run_already_are_not_paid_for_again():
    service = Service()
    async with running(service) as live:
        live.change({"steps": 1})
        await until_async(lambda: len(service.submitted) == 1)
        live.change({"steps": 2})
        live.change({"steps": 1})
        await asyncio.sleep(4 * DELAY)
        assert (service.submitted, service.cancelled) == ([{"steps": 1}], [])
        service.result(0).set_result("only")
        await until_async(lambda: service.finished == [({"steps": 1}, "only")])


@asynchronous
async def test_what_the_form_shows_at_first_starts_nothing():
    service = Service()
    live = service.live(known={"steps": 1})
    work = asyncio.ensure_future(live.run())
    live.change({"steps": 1})
    await asyncio.sleep(4 * DELAY)
    live.change({"steps": 2})
    await until_async(lambda: service.submitted)
    work.cancel()
    await asyncio.wait({work})
    assert service.submitted == [{"steps": 2}]


@asynchronous
async def test_unsound_values_start_nothing_and_leave_what_runs():
    service = Service()
    async with running(service) as live:
        live.change({"steps": 1})
        await until_async(lambda: len(service.submitted) == 1)
        live.change(None)
        await asyncio.sleep(4 * DELAY)
        service.result(0).set_result("kept")
        await until_async(lambda: service.finished)
    assert (len(service.submitted), service.cancelled) == (1, [])


@asynchronous
async def test_a_failure_is_told_once_and_the_same_values_may_be_tried_again():
    service = Service()
    service.refuse = NetworkError("The service is away.")
    async with running(service) as live:
        live.change({"steps": 1})
        await until_async(lambda: service.failed)
        service.refuse = None
        live.change({"steps": 1})
        await until_async(lambda: len(service.submitted) == 2)
    assert service.failed == [({"steps": 1}, "The service is away.")]
    assert service.cancelled == []


@asynchronous
async def test_after_stop_the_newest_run_goes_on_to_its_result():
    service = Service()
    live = service.live()
    work = asyncio.ensure_future(live.run())
    live.change({"steps": 1})
    await until_async(lambda: len(service.submitted) == 1)
    live.stop()
    live.change({"steps": 2})
    service.result(0).set_result("last")
    await asyncio.wait_for(work, 5)
    assert (service.submitted, service.finished) == ([{"steps": 1}], [({"steps": 1}, "last")])


@pytest.mark.parametrize("answered", [True, False])
def test_closing_the_form_cancels_no_run(answered):
    async def closing():
        service = Service()
        if not answered:
            service.answers.clear()
        async with running(service) as live:
            live.change({"steps": 1})
            await until_async(lambda: len(service.submitted) == 1)
        service.answers.set()
        await asyncio.sleep(2 * DELAY)
        return service.cancelled

    assert asyncio.run(closing()) == []
