"""Two hundred running tasks, watched from one notebook: no output of the user is lost, and every verdict is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.crowd import LINES, Crowd, cells
from tests.servers.many_tasks import ManyTasks, ids
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Notebook

COUNT = 200
SHOWN = 20
STREAMS = 48
MOST = 210  # messages a second


@pytest.fixture
def crowd(notebook: Callable[..., Notebook]) -> Iterator[Crowd]:
    task_ids = ids(COUNT)
    with ManyTasks(task_ids, rate=5) as server:
        yield Crowd(notebook(*cells(server.base_url, task_ids, SHOWN)), server, SHOWN)


def test_prints_clicks_and_verdicts_arrive_beside_two_hundred_tasks(crowd: Crowd) -> None:
    crowd.show()
    lines = crowd.printed()
    assert [line for line in lines if line.startswith("line ")] == [f"line {number}" for number in range(LINES)]
    assert 0 < crowd.messages(3) <= MOST
    crowd.cancelled()
    assert list(crowd.server.status.values()).count("cancelled") == 1
    expected = crowd.end()
    assert crowd.shown(expected, 60) == expected
    until(
        lambda: max(crowd.delays()) < float("inf"), 60, pause=1.0
    )  # tasks without a card in the page arrive through the task list
    assert crowd.server.most["events"] <= STREAMS
