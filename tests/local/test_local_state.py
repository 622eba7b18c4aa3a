"""The database of the local server: a verdict is final, and a page of tasks is right."""

from __future__ import annotations

import itertools

import pytest

from cyberun_widget.local.state.store import TERMINAL, Store, TaskRow


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path)
    yield made
    made.close()


def add(store: Store, name: str, created_at: float = 1.0, **facts) -> TaskRow:
    row = TaskRow(name, "w", "echo-files", 1, {"text": "Grüße"}, created_at, **facts)
    store.add_task(row)
    return row


def test_a_task_comes_back_as_it_was_stored(store):
    row = add(store, "a", retry_count=2, agent_id="agent", started_at=1.5)
    assert store.task("a") == row
    assert store.task("b") is None


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(sorted(TERMINAL), 2)))
def test_the_first_verdict_is_the_last(store, first, second):
    add(store, "a")
    assert store.update_task("a", status=first, completed_at=2.0)
    assert not store.update_task("a", status=second, completed_at=3.0, output={"x": 1}, error="late")
    row = store.task("a")
    assert (row.status, row.completed_at, row.output, row.error) == (first, 2.0, None, None)


def test_a_verdict_is_not_taken_back_by_a_state(store):
    add(store, "a", status="cancelled")
    assert not store.update_task("a", status="running")
    assert store.task("a").status == "cancelled"
    assert store.unfinished() == []


def test_pages_hold_the_newest_first_and_count_what_the_filter_leaves(store):
    for number in range(7):
        add(store, f"t{number}", created_at=number, status="failed" if number % 2 else "running")
    rows, total = store.tasks(None, 2, 3)
    assert ([row.id for row in rows], total) == (["t4", "t3", "t2"], 7)
    rows, total = store.tasks("failed", 1, 5)
    assert ([row.id for row in rows], total) == (["t3", "t1"], 3)
    assert store.tasks("waiting", 0, 5) == ([], 0)


def test_earlier_runs_count_the_same_parameters_only(store):
    rows = [add(store, name, created_at=at) for at, name in enumerate("abc")]
    other = TaskRow("d", "w", "echo-files", 1, {"text": "other"}, 9.0)
    store.add_task(other)
    assert [store.earlier_runs(row) for row in (*rows, other)] == [0, 1, 2, 0]
