"""Workflows by their id, asked for once a process: a task names only the id, a card wants the name and the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberun_widget.protocol.models import Workflow
from cyberun_widget.support.urls import segment

if TYPE_CHECKING:
    from cyberun_widget.api.http import Http
    from cyberun_widget.api.settings import Settings

_known: dict[tuple[Settings, str], Workflow] = {}


async def find_workflow(http: Http, workflow_id: str) -> Workflow:
    """Return a workflow. Raises a CyberunError where it can't be had; it will be asked for again then."""
    key = (http.settings, workflow_id)
    if key not in _known:
        answer = await http.call("GET", f"/r/workflows/{segment(workflow_id, 'workflow id')}")
        _known[key] = Workflow.from_json(answer.data)
    return _known[key]
