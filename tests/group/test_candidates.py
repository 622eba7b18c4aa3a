"""Which task may belong to a submission without an answer, and what the user is told about it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from cyberun_widget.group.plan.candidates import Candidate, Search, candidates, contested, decisive
from cyberun_widget.protocol.models import Task
from tests.servers.sweeps import Lost, SweepServer

SENT = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()


def task(number, second, **told):
    at = datetime.fromtimestamp(SENT + second, UTC).isoformat()
    return Task.from_json({"id": f"t{number}", "task_status": "running", "created_at": at, **told})


def found(*tasks, **more):
    strangers = more.pop("strangers", {item.id for item in tasks})
    return candidates(tasks, parameters={"x": 1}, sent_at=SENT, workflow_ids={"w"}, strangers=strangers)


def test_only_a_task_of_the_time_the_workflow_and_the_parameters_counts_and_the_nearest_comes_first():
    tasks = [
        task(0, -600), task(1, 1000), task(2, 1, workflow_id="other"), task(3, 1, parameters={"x": 2}),
        task(4, 5, workflow_id="w"), task(5, 2), task(6, 60, parameters={"x": 1, "y": 0}),
    ]  # fmt: skip
    assert [(item.task_id, item.same) for item in found(*tasks)] == [("t6", True), ("t5", None), ("t4", None)]
    assert not found(*tasks, strangers=set())


def test_only_the_sole_task_with_just_the_parameters_is_attached_to_unasked():
    sure = found(task(0, 1, parameters={"x": 1}))
    assert decisive(sure) == sure[0]
    assert decisive(found(task(0, 1))) is None
    assert decisive(found(task(0, 1, parameters={"x": 1}), task(1, 2, parameters={"x": 1}))) is None
    first, _ = contested([sure, sure])
    assert [item.others for item in first] == [1]
    assert decisive(first) is None


CANDIDATE = Candidate("t", "running", None, None, None)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (Search((CANDIDATE,), complete=True, age=1.0), "one of these"),
        (Search((), complete=False, age=3600.0), "too many tasks"),
        (Search((), complete=True, age=3.0), "Look again in a minute"),
        (Search((), complete=True, age=3600.0), "almost certainly never accepted"),
    ],
)
def test_the_advice_states_only_what_is_known(search, words):
    assert words in search.advice()


def test_a_lost_task_is_found_behind_hundreds_of_newer_ones_and_shared_doubt_is_told():
    with SweepServer(submissions={0: Lost("504"), 1: Lost("504")}, seconds=0.01) as server:
        group = server.client().map("wave", grid={"x": range(2)})
        group.wait(30)
        for number in range(300):
            template = next(iter(server.tasks.values()))
            server.tasks[f"n{number}"] = dataclasses.replace(template, id=f"n{number}", created=template.created + 1000)
        for index in range(2):
            assert sorted((item.task_id[:13], item.others) for item in group.candidates(index)) == [
                ("task-00000000", 1), ("task-00000001", 1),
            ]  # fmt: skip
        cell = group._session.cells[0]
        assert cell.search is not None
        assert cell.search.complete
        group.attach(0, next(iter(server.tasks)))
        assert [(item.task_id[:13], item.others) for item in group.candidates(1)] == [("task-00000001", 0)]
