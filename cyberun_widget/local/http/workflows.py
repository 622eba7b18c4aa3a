"""The calls below `/r/workflows`: listing workflows and starting a task."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyberun_widget.local import catalogue
from cyberun_widget.local.catalogue.parameters import check
from cyberun_widget.local.http.answers import Json, Problem, page_meta, read_json, read_page
from cyberun_widget.local.state.ids import uuid7
from cyberun_widget.local.state.store import TaskRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from cyberun_widget.local.catalogue.workflow import Workflow
    from cyberun_widget.local.state.store import Store
    from cyberun_widget.local.work.dispatcher import Dispatcher


@dataclass(frozen=True, slots=True)
class WorkflowCalls:
    """The handlers. `clock`: seconds since 1970."""

    store: Store
    dispatcher: Dispatcher
    clock: Callable[[], float]

    async def list(self, request: Request) -> Response:
        """`GET /r/workflows`."""
        page, size = read_page(request)
        items = catalogue.current()
        shown = items[(page - 1) * size : page * size]
        meta = page_meta(page, size, len(items))
        return Json({"workflow_list": [item.summary() for item in shown], "page_meta": meta})

    async def get(self, request: Request) -> Response:
        """`GET /r/workflows/{id}` and `/r/workflows/slug/{slug}`."""
        return Json(_find(request).to_json())

    async def run(self, request: Request) -> Response:
        """`POST .../run`: 202 with a task, or 422 that names every invalid parameter."""
        workflow = _find(request)
        body = await read_json(request)
        given = body.get("parameters") or {}
        if not isinstance(given, dict):
            raise Problem(422, "invalid_parameters", "parameters must be an object of names and values.")
        tool = body.get("tool_type")
        if tool not in (None, workflow.tool_type):
            raise Problem(422, "wrong_tool_type", f"This workflow is a {workflow.tool_type} workflow, not {tool}.")
        values, problems = check(workflow.parameters, given, self._has_input)
        if problems:
            raise Problem(
                422,
                "invalid_parameters",
                "; ".join(f"{item.key}: {item.message}" for item in problems),
                [{"key": item.key, "message": item.message} for item in problems],
            )
        now = self.clock()
        task_id = uuid7(now, secrets.token_bytes(10))
        self.store.add_task(
            TaskRow(
                id=task_id,
                workflow_id=workflow.id,
                workflow_slug=workflow.slug,
                version=workflow.version,
                parameters=values,
                created_at=now,
            )
        )
        self.dispatcher.submit(task_id)
        return Json({"task_id": task_id}, 202)

    def _has_input(self, key: str) -> bool:
        return key.startswith("inputs/") and self.store.object(key) is not None


def _find(request: Request) -> Workflow:
    slug = request.path_params.get("slug")
    found = catalogue.by_slug(slug) if slug is not None else catalogue.by_id(request.path_params["workflow_id"])
    if found is None:
        raise Problem(404, "not_found", f"There is no workflow {slug or 'with this id'}.")
    return found
