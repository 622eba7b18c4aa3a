"""Hundreds of tasks: few streams, few requests, every verdict in time. Over real HTTP."""

from __future__ import annotations

import time

import pytest

from cyberun_widget import FollowPolicy
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from cyberun_widget.following.listener import Interest
from cyberun_widget.following.stream_budget import STREAMS, StreamBudget
from cyberun_widget.following.task_watch import TaskWatch, watch
from tests.servers.many_tasks import ManyTasks, ids
from tests.waiting import until

KEY = "sk-many-7f3a9b1c5d2e8046"
POLICY = FollowPolicy(poll_interval=1.0, backoff_initial=0.2, backoff_max=1.0)


class Recorder:
    """A listener that records when its task's verdict arrived."""

    def __init__(self) -> None:
        self.watch: TaskWatch | None = None
        self.verdict_at: float | None = None

    def changed(self) -> None:
        if self.verdict_at is None and self.watch is not None and self.watch.state.ended:
            self.verdict_at = time.monotonic()

    def happened(self, _event: object) -> None:
        raise AssertionError("nobody asked for every event")


def follow(server: ManyTasks, folder, task_ids: list[str], interest: Interest = Interest.LIVE) -> list[Recorder]:
    http = Http(Settings.resolve(KEY, server.base_url, environ={}))
    recorders = []
    for task_id in task_ids:
        recorder = Recorder()
        recorder.watch = watch(http, task_id, POLICY, folder / task_id, "none", recorder, interest)
        recorders.append(recorder)
    return recorders


def leave(recorders: list[Recorder]) -> None:
    for recorder in recorders:
        recorder.watch.leave(recorder)


def connections(recorders: list[Recorder], word: str) -> int:
    return sum(recorder.watch.connection == word for recorder in recorders)


def test_three_hundred_tasks_use_few_streams_and_every_verdict_arrives_in_time(tmp_path):
    task_ids = ids(300)
    with ManyTasks(task_ids, rate=5) as server:
        recorders = follow(server, tmp_path, task_ids)
        until(lambda: connections(recorders, "live") == STREAMS and connections(recorders, "polling") == 300 - STREAMS)
        before, begin = server.requests.copy(), time.monotonic()
        time.sleep(3 * POLICY.poll_interval)
        rounds = (time.monotonic() - begin) / POLICY.poll_interval
        assert server.requests["task"] - before["task"] <= 10
        assert server.requests["list"] - before["list"] <= 3 * (rounds + 2)
        for number, task_id in enumerate(task_ids):
            server.end(task_id, "failed" if number % 7 == 0 else "completed")
        until(lambda: all(recorder.watch.finished.done() for recorder in recorders))
        for number, recorder in enumerate(recorders):
            assert recorder.watch.state.status == ("failed" if number % 7 == 0 else "completed")
            assert recorder.watch.state.output == {"id": recorder.watch.task_id}
            assert recorder.verdict_at - server.ended_at[recorder.watch.task_id] < 3 * POLICY.poll_interval
        assert server.most["events"] <= STREAMS
        assert server.most["result"] <= 8
        leave(recorders)


def test_the_task_in_view_gets_the_stream(tmp_path):
    task_ids = ids(STREAMS + 20)
    with ManyTasks(task_ids) as server:
        recorders = follow(server, tmp_path, task_ids, Interest.VERDICT)
        until(lambda: connections(recorders, "live") == STREAMS and connections(recorders, "polling") == 20)
        listed = next(recorder for recorder in recorders if recorder.watch.connection == "polling")
        listed.watch.attend(listed, Interest.LIVE)
        until(lambda: listed.watch.connection == "live" and listed.watch.state.progress > 0, 5)
        until(lambda: connections(recorders, "live") == STREAMS)
        leave(recorders)


def test_a_stream_that_ends_makes_room_for_the_next_task(tmp_path):
    task_ids = ids(STREAMS + 1)
    with ManyTasks(task_ids) as server:
        recorders = follow(server, tmp_path, task_ids)
        until(lambda: connections(recorders, "live") == STREAMS and connections(recorders, "polling") == 1)
        listed = next(recorder for recorder in recorders if recorder.watch.connection == "polling")
        server.end(next(recorder for recorder in recorders if recorder is not listed).watch.task_id)
        until(lambda: listed.watch.connection == "live", 5)
        leave(recorders)


def test_an_outage_causes_no_storm_of_requests_and_loses_no_task(tmp_path):
    task_ids = ids(200)
    with ManyTasks(task_ids) as server:
        recorders = follow(server, tmp_path, task_ids)
        until(lambda: connections(recorders, "live") == STREAMS)
        server.break_all(down=True)
        before, begin = sum(server.requests.values()), time.monotonic()
        time.sleep(3)
        requests = sum(server.requests.values()) - before
        assert requests / (time.monotonic() - begin) < 60, "a storm"
        server.break_all(down=False)
        for task_id in task_ids:
            server.end(task_id)
        until(lambda: all(recorder.watch.state.status == "completed" for recorder in recorders))
        assert server.most["task"] <= 16
        leave(recorders)


def test_a_task_missing_from_the_list_is_polled_individually(tmp_path):
    task_ids = ids(80)
    with ManyTasks(task_ids) as server:
        recorders = follow(server, tmp_path, [*task_ids, "not-there"])
        until(recorders[-1].watch.finished.done)
        assert "404" in str(recorders[-1].watch.fatal)
        until(lambda: connections(recorders, "live") == STREAMS)
        leave(recorders)


class Claim:
    """A candidate for a stream."""

    def __init__(self, interest: Interest, *, running: bool = True) -> None:
        self.rank = (interest, running)
        self.told: list[str] = []

    def unseat(self) -> None:
        self.told.append("unseat")

    def nudge(self) -> None:
        self.told.append("nudge")


@pytest.mark.parametrize(
    ("seated", "comes", "gets"),
    [
        (Interest.VERDICT, Interest.LIVE, True),
        (Interest.LIVE, Interest.EVENTS, True),
        (Interest.LIVE, Interest.LIVE, False),
        (Interest.EVENTS, Interest.LIVE, False),
    ],
)
def test_only_a_higher_interest_displaces_another_task(seated, comes, gets):
    budget, first, second = StreamBudget(1), Claim(seated), Claim(comes)
    assert budget.take(first)
    assert budget.take(second) is gets
    assert first.told == (["unseat"] if gets else [])


def test_the_next_stream_goes_to_a_running_task_in_view():
    budget, first = StreamBudget(1), Claim(Interest.EVENTS)
    waiting = [
        Claim(Interest.VERDICT),
        Claim(Interest.LIVE, running=False),
        Claim(Interest.LIVE, running=True),
        Claim(Interest.VERDICT, running=False),
    ]
    assert budget.take(first)
    assert not any(budget.take(item) for item in waiting)
    budget.give_back(first)
    assert [item.told for item in waiting] == [[], [], ["nudge"], []]
