"""Responses of the REST API: fields that are only shown are parsed leniently, fields that matter strictly."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cyberun_widget.client.listing import TaskList, WorkflowList
from cyberun_widget.errors import NotFoundError, ProtocolError
from cyberun_widget.protocol.models import Task, Workflow

ID = "019abc12-0000-7000-8000-000000000001"


def task(**fields) -> Task:
    return Task.from_json({"id": ID, "task_status": "running", **fields})


def test_all_fields_of_a_task_are_read():
    read = task(
        task_error=None,
        created_at="2026-01-02T03:04:05.123456789Z",
        started_at="2026-01-02T03:04:06+01:00",
        completed_at="not yet",
        retry_count=2,
        gpu_type="RTX 4090",
        agent_labels={"gpu": True, "region": "eu"},
    )
    assert read.created_at == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    assert read.started_at == datetime(2026, 1, 2, 2, 4, 6, tzinfo=UTC)
    assert read.completed_at is None
    assert (read.retry_count, read.gpu_type, read.agent_labels) == (2, "RTX 4090", ("gpu", "region=eu"))
    assert not read.ended


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_a_terminal_status_ends_a_task(status):
    assert task(task_status=status).ended


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "task",
        {},
        {"id": ID},
        {"id": ID, "task_status": None},
        {"id": ID, "task_status": 3.5},
        {"task_status": "running"},
    ],
)
def test_a_task_needs_an_id_and_a_status(data):
    with pytest.raises(ProtocolError):
        Task.from_json(data)


def test_an_answer_about_another_task_is_refused():
    with pytest.raises(ProtocolError, match="another task"):
        Task.from_json({"id": "x", "task_status": "completed"}, ID)


@pytest.mark.parametrize(
    "field", ["retry_count", "gpu_type", "created_at", "agent_labels", "task_error", "workflow_id"]
)
@pytest.mark.parametrize("value", [None, -1, 1.5, float("nan"), True, [], {}, "", "\x00", 10**400])
def test_an_invalid_optional_field_does_not_invalidate_the_task(field, value):
    read = task(**{field: value})
    assert read.id == ID
    assert read.retry_count >= 0


@pytest.mark.parametrize("given", [["a\ud800b", "\n", 7, "x\ny"], {"a\ud800b": True, "x\ny": ""}, "a\ud800b, x\ny,"])
def test_labels_are_valid_text(given):
    assert task(agent_labels=given).agent_labels == ("ab", "x y")


def test_a_workflow_names_its_nodes_by_title_else_by_class():
    graph = {"3": {"class_type": "KSampler"}, "9": {"class_type": "SaveImage", "_meta": {"title": "Save"}}, "x": 4}
    read = Workflow.from_json({"id": "1", "workflow_slug": "upscale", "workflow_json": graph})
    assert read.nodes == {"3": "KSampler", "9": "Save"}
    assert read.name == "upscale"


def test_a_table_of_tasks_is_readable_and_safe():
    shown = TaskList([task(workflow_name="<script>alert(1)</script>", created_at="2026-01-02T03:04:05Z")], None)
    assert ID in repr(shown)
    assert "2026-01-02 03:04 UTC" in repr(shown)
    assert "<script>" not in shown._repr_html_()
    assert "&lt;script&gt;" in shown._repr_html_()
    assert repr(TaskList([], None)) == "No tasks."
    assert repr(WorkflowList([])) == "No workflows."


def test_a_task_is_opened_by_a_prefix_of_its_id_only_if_it_is_unique():
    tasks = TaskList([task(), Task(ID[:-1] + "2", "running")], None)
    with pytest.raises(NotFoundError, match="More than one"):
        tasks.open("019abc12")
    with pytest.raises(NotFoundError, match="No task"):
        tasks.open("zzz")
