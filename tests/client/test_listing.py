"""A list says the same in a terminal, in a saved notebook and on the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cyberun_widget.client import listing
from cyberun_widget.client.listing import TaskList, WorkflowList
from cyberun_widget.protocol.models import Task, Workflow

if TYPE_CHECKING:
    from cyberun_widget.client.list_widget import ListWidget

TASKS = TaskList([Task("019abc12-0000-7000-8000-000000000001", "waiting", workflow_name="Upscale")], None)
WORKFLOWS = WorkflowList([Workflow.from_json({"id": "1", "workflow_slug": "upscale", "workflow_json": {}})])


@pytest.fixture
def outputs(monkeypatch):
    """Stand in for a notebook's cell: the live and the static output of each list that is shown in it."""
    pairs: list[tuple[ListWidget, str]] = []

    class Copies:
        def __init__(self, bundle):
            self.bundle = bundle

        def show(self, _widget, mimebundle):
            pairs.append((mimebundle.__self__, self.bundle()["text/html"]))

    monkeypatch.setattr(listing, "StaticCopies", Copies)
    monkeypatch.setattr(listing._kernel, "host", lambda: "kernel")
    return pairs


@pytest.mark.parametrize("shown", [TASKS, WORKFLOWS], ids=["tasks", "workflows"])
def test_its_columns_have_the_same_names_live_and_saved(shown, outputs):
    shown._ipython_display_()
    [(live, saved)] = outputs
    on_page = {column["name"] for column in live._columns}
    assert on_page == set(re.findall(r"<th scope=\"col\">([^<]+)</th>", saved))
    assert on_page <= set(repr(shown).split("\n", 1)[0].split())


def test_a_status_is_worded_as_on_the_page(outputs):
    TASKS._ipython_display_()
    [(_, saved)] = outputs
    assert "Waiting" in saved
    assert "Waiting" in repr(TASKS)
