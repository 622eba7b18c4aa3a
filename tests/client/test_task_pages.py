"""Paged lists, from servers with any paging."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cyberun_widget import Client
from tests.servers.faulty import KEY, Answer, FaultyServer, answer


class Paged(FaultyServer):
    """Serves a list of `many` tasks. `drift`: new tasks before each page; `meta`: the reported page numbers."""

    def __init__(self, many: int, *, drift: int = 0, most: int = 100, meta: Any = "true") -> None:
        super().__init__()
        self.asked: list[dict[str, int]] = []
        self._many, self._drift, self._most, self._meta = many, drift, most, meta

    async def _answer_api(self, request, reader, writer):
        query = {name: int(value) for name, value in re.findall(r"(current_page|per_page)=(\d+)", request.line)}
        self.asked.append(query)
        self.script.other = [self._page(**query)]
        return await super()._answer_api(request, reader, writer)

    def _page(self, current_page: int, per_page: int) -> Answer:
        newest = self._many + self._drift * (current_page - 1)
        ids = [f"task-{number}" for number in range(newest, 0, -1)]
        size = min(per_page, self._most)
        listed = ids[(current_page - 1) * size : current_page * size]
        meta = {"total_count": len(ids), "current_page": current_page} if self._meta == "true" else self._meta
        return answer({"task_list": [{"id": name, "task_status": "queued"} for name in listed], "page_meta": meta})


def listed(server: Paged, limit: int) -> list[str]:
    return [task.id for task in Client(KEY, base_url=server.base_url).tasks(limit=limit)]


@pytest.mark.parametrize(
    ("many", "limit"), [(0, 20), (5, 20), (20, 20), (250, 250), (250, 120), (250, 1000), (1000, 1000)]
)
def test_the_requested_number_of_tasks_is_listed_once_each_newest_first(many, limit):
    with Paged(many) as server:
        found = listed(server, limit)
        assert found == [f"task-{number}" for number in range(many, max(0, many - limit), -1)]
        assert len(server.asked) == max(1, -(-min(many, limit) // min(limit, 100)))


def test_new_tasks_during_paging_cause_no_duplicates():
    with Paged(250, drift=3) as server:
        found = listed(server, 240)
    assert len(found) == len(set(found)) == 240


def test_a_server_with_smaller_pages_is_read_completely():
    with Paged(120, most=50) as server:
        assert len(listed(server, 120)) == 120


@pytest.mark.parametrize("meta", [None, [], "three", 3, {"total_count": "many"}])
def test_odd_paging_data_does_no_harm(meta):
    with Paged(150, meta=meta) as server:
        assert len(listed(server, 200)) == 150


def test_a_server_that_repeats_the_same_page_is_asked_twice():
    class Same(Paged):
        def _page(self, current_page: int, per_page: int) -> Answer:
            return super()._page(min(current_page, 1), per_page)

    with Same(500) as server:
        assert len(listed(server, 300)) == 100
        assert len(server.asked) == 2
