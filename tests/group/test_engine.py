"""Submitting points, step by step: crashes at any step, lost answers, limits, refusals."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberun_widget import (
    AuthError,
    NetworkError,
    ParameterError,
    RateLimitError,
    ServerError,
    SubmissionUnknownError,
)
from cyberun_widget.group.ledger.store import Ledger
from cyberun_widget.group.running.engine import Engine, Job


class Crash(BaseException):
    """The process is killed here."""


class World:
    """A process that dies at a given step, and the service, which outlives it."""

    def __init__(self, folder: Path, points: int) -> None:
        self.path = folder / "ledger.sqlite3"
        self.jobs = [Job(index, f"k{index}", {"seed": index}) for index in range(points)]
        self.taken: Counter[int] = Counter()
        self.steps, self.fatal, self.dead = 0, 0, False
        self.answers: dict[int, list[BaseException | None]] = {}
        self.events: list[object] = []
        self.slept: list[float] = []
        self.most, self.now = 0, 0
        self.upload_error: Exception | None = None

    def tick(self) -> None:
        if self.dead:
            raise Crash
        self.steps += 1
        if self.steps == self.fatal:
            self.dead = True
            raise Crash

    # the service
    async def start(self, _slug, parameters, *, before_body=None):
        index = parameters["seed"]
        answer = (self.answers.get(index) or [None]).pop(0)
        if isinstance(answer, NetworkError) and "refused" in str(answer):
            raise answer
        self.tick()
        await before_body()
        self.tick()
        if answer is not None and not getattr(answer, "taken", False):
            raise answer
        self.taken[index] += 1
        self.now += 1
        self.most = max(self.most, self.now)
        self.tick()
        if answer is not None:
            raise answer
        return f"task-{index}"

    async def upload(self, path):
        if self.upload_error:
            raise self.upload_error
        return f"inputs/{path.name}"

    # the listener
    def noted(self, index):
        self.events.append(index)

    def hindered(self, problem, seconds, **_more):
        self.events.append((problem, seconds))

    async def sleep(self, seconds):
        self.slept.append(seconds)

    # one life of the process
    def live(self, *, allowed=None, in_flight=1000, jobs=None):
        ledger = Mortal(self)
        sweep = ledger.open("sweep", pinned="", drawn={}, title="").id
        ledger.plan(sweep, [(job.key, "{}") for job in self.jobs])
        self.doubted = ledger.recover(sweep)
        entries = ledger.entries(sweep)
        engine = Engine(ledger, sweep, self, "w", self, in_flight=in_flight, random=lambda: 0.5, sleep=self.sleep)
        engine.allow(allowed)
        engine.add(job for job in jobs or self.jobs if entries[job.key].state == "planned")
        try:
            asyncio.run(engine.run())
        except Crash:
            self.dead = False
        finally:
            ledger.close()
        return self.states()

    def states(self):
        ledger = Ledger(self.path)
        try:
            entries = ledger.entries(ledger.open("sweep", pinned="", drawn={}, title="").id)
        finally:
            ledger.close()
        return [entries[job.key] for job in self.jobs]


class Mortal(Ledger):
    """A ledger of a process that may die before or after each write, and can't write once it is dead."""

    def __init__(self, world):
        super().__init__(world.path)
        self.world = world

    def _step(self, *args, **kwargs):
        self.world.tick()
        done = super()._step(*args, **kwargs)
        self.world.tick()
        return done


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, 6)


@settings(max_examples=40, deadline=None)
@given(deaths=st.lists(st.integers(1, 40), max_size=4), points=st.integers(1, 4))
def test_after_a_kill_at_any_step_and_a_rerun_no_point_is_sent_twice(deaths, points):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), points)
        for fatal in deaths:
            world.steps, world.fatal = 0, fatal
            world.live()
        world.fatal = 0
        entries = world.live()
        assert all(count == 1 for count in world.taken.values())
        assert {entry.state for entry in entries} <= {"submitted", "unknown"}
        assert sum(entry.state == "unknown" for entry in entries) <= len(deaths)
        for index, entry in enumerate(entries):
            if entry.state == "submitted":
                assert (entry.task_id, world.taken[index]) == (f"task-{index}", 1)


@pytest.mark.parametrize("taken", [True, False])
def test_a_lost_answer_is_unknown_and_never_sent_again(world, taken):
    error = SubmissionUnknownError("502 of a gateway", slug="w", at=datetime.now(UTC))
    error.taken = taken
    world.answers[2] = [error]
    for _ in range(3):
        entries = world.live()
    assert [entry.state for entry in entries] == ["submitted", "submitted", "unknown", *["submitted"] * 3]
    assert str(error) in entries[2].error
    assert max(world.taken.values()) == 1
    assert sum(world.taken.values()) == (6 if taken else 5)


def test_a_point_that_was_certainly_not_accepted_is_resent_after_the_requested_pause(world):
    world.answers = {
        0: [NetworkError("connection refused"), NetworkError("connection refused")],
        1: [RateLimitError("429", retry_after=7.0)],
        2: [ServerError("503", status=503, retry_after=11.0)],
    }
    entries = world.live()
    assert {entry.state for entry in entries} == {"submitted"}
    assert world.slept == [pytest.approx(0.75), pytest.approx(1.5), 7.0, 11.0]
    assert sum(world.taken.values()) == 6


def test_a_refused_point_does_not_stop_the_others_and_says_why(world):
    world.answers[0] = [ParameterError("seed 0 is out of stock")]
    entries = world.live()
    assert [entry.state for entry in entries] == ["refused", *["submitted"] * 5]
    assert "out of stock" in entries[0].error
    assert world.live()[0].state == "refused"


def test_a_refused_key_stops_everything_and_leaves_the_other_points_planned(world):
    world.answers[1] = [AuthError("401")]
    with pytest.raises(AuthError):
        world.live()
    assert [entry.state for entry in world.states()] == ["submitted", *["planned"] * 5]
    assert {entry.state for entry in world.live()} == {"submitted"}


def test_no_more_points_run_than_were_allowed(world):
    assert [entry.state for entry in world.live(allowed=2)].count("submitted") == 2
    assert [entry.state for entry in world.live(allowed=0)].count("submitted") == 2
    assert [entry.state for entry in world.live()].count("submitted") == 6


def test_there_are_never_more_tasks_in_flight_than_allowed(world):
    ledger = Mortal(world)
    sweep = ledger.open("sweep", pinned="", drawn={}, title="").id
    ledger.plan(sweep, [(job.key, "{}") for job in world.jobs])

    async def run():
        engine = Engine(ledger, sweep, world, "w", world, in_flight=2, random=lambda: 0.5, sleep=world.sleep)
        engine.allow(None)
        engine.add(world.jobs)
        work = asyncio.ensure_future(engine.run())
        for index in range(6):
            while world.taken[index] == 0:
                await asyncio.sleep(0.001)
            if index:
                world.now -= 1
                engine.ended(index - 1)
        await work

    asyncio.run(run())
    ledger.close()
    assert (world.most, sum(world.taken.values())) == (2, 6)


def test_it_waits_for_room_on_whichever_loop_it_runs(world):
    ledger = Mortal(world)
    sweep = ledger.open("sweep", pinned="", drawn={}, title="").id
    ledger.plan(sweep, [(job.key, "{}") for job in world.jobs])
    engine = Engine(ledger, sweep, world, "w", world, in_flight=1, random=lambda: 0.5, sleep=world.sleep)
    engine.allow(None)

    async def run(jobs):
        engine.add(jobs)
        work = asyncio.ensure_future(engine.run())
        for job in jobs:
            while job.index not in world.events:  # noted: now it waits for room
                await asyncio.sleep(0.001)
            await asyncio.sleep(0)
            engine.ended(job.index)
        await work

    for jobs in (world.jobs[:3], world.jobs[3:]):  # the network loop ends where it is idle, and another one begins
        asyncio.run(asyncio.wait_for(run(jobs), 10))
    ledger.close()
    assert sum(world.taken.values()) == 6


def test_an_input_file_is_uploaded_once_and_a_missing_one_refuses_its_points(world, tmp_path):
    photo = tmp_path / "photo.png"
    world.jobs = [Job(index, f"k{index}", {"seed": index, "photo": photo}) for index in range(3)]
    world.upload_error = ParameterError("photo.png can't be read")
    assert {entry.state for entry in world.live()} == {"refused"}
    assert not world.taken


def test_an_interrupted_submission_is_unknown_only_if_it_was_sent(world):
    class Cut(BaseException):
        pass

    world.answers[1] = [Cut()]
    with pytest.raises(Cut):
        world.live()
    assert [entry.state for entry in world.states()][:3] == ["submitted", "unknown", "planned"]
