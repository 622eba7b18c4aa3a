"""The calls below `/r/tasks` except the event stream: lists, one task, its result, its cancellation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyberun_widget.local import catalogue
from cyberun_widget.local.http.answers import Json, Problem, page_meta, read_page
from cyberun_widget.local.state.ids import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from cyberun_widget.local.http.signing import Signer
    from cyberun_widget.local.state.store import Store, TaskRow
    from cyberun_widget.local.work.dispatcher import Dispatcher

GPU_TYPE = "CPU (local)"


@dataclass(frozen=True, slots=True)
class TaskCalls:
    """The handlers. `url_lifetime`: seconds a result's links are valid; `clock`: returns seconds since 1970."""

    store: Store
    dispatcher: Dispatcher
    signer: Signer
    url_lifetime: int
    clock: Callable[[], float]

    async def list(self, request: Request) -> Response:
        """`GET /r/tasks`, newest first; `status` filters."""
        page, size = read_page(request)
        status = request.query_params.get("status") or None
        rows, total = self.store.tasks(status, (page - 1) * size, size)
        return Json({"task_list": [self._show(row) for row in rows], "page_meta": page_meta(page, size, total)})

    async def get(self, request: Request) -> Response:
        """`GET /r/tasks/{id}`."""
        return Json(self._show(find_task(self.store, request)))

    async def result(self, request: Request) -> Response:
        """`GET /r/tasks/{id}/result`, with newly signed links each time."""
        row = find_task(self.store, request)
        if not row.ended:
            raise Problem(409, "not_finished", f"The task is {row.status}; it has a result once it has ended.")
        now = self.clock()
        answer: dict[str, Any] = {
            "id": row.id,
            "task_status": row.status,
            "task_output": row.output,
            "download_url": None,
            "download_urls": None,
            "expires_at": None,
            "task_error": row.error,
            "completed_at": iso(row.completed_at),
        }
        if row.output is not None:
            answer["expires_at"] = iso(int(now) + self.url_lifetime)
            if "storage_key" in row.output:
                answer["download_url"] = self._link(row.output["storage_key"], now)
            else:
                outputs = row.output["outputs"].items()
                answer["download_urls"] = {key: self._link(item["s3_key"], now) for key, item in outputs}
        return Json(answer)

    async def cancel(self, request: Request) -> Response:
        """`POST /r/tasks/{id}/cancel`; also succeeds for a task that has ended."""
        self.dispatcher.cancel(find_task(self.store, request).id)
        return Json({"success": True})

    def _link(self, key: str, now: float) -> str:
        return self.signer.url("GET", key, now=now, lifetime=self.url_lifetime)

    def _show(self, row: TaskRow) -> dict[str, Any]:
        workflow = catalogue.by_slug(row.workflow_slug)
        taken = row.agent_id is not None
        return {
            "id": row.id,
            "workflow_id": row.workflow_id,
            "workflow_slug": row.workflow_slug,
            "workflow_version": row.version,
            "workflow_name": workflow.name if workflow else row.workflow_slug,
            "task_status": row.status,
            "task_error": row.error,
            "created_at": iso(row.created_at),
            "started_at": iso(row.started_at),
            "completed_at": iso(row.completed_at),
            "retry_count": row.retry_count,
            "agent_id": row.agent_id,
            "agent_labels": list(self.dispatcher.labels) if taken else [],
            "gpu_type": GPU_TYPE if taken else None,
            "tool_type": workflow.tool_type if workflow else None,
            "required_labels": list(workflow.required_labels) if workflow else [],
            "parameters": row.parameters,
        }


def find_task(store: Store, request: Request) -> TaskRow:
    """Return the task named in the path. Raises Problem (404) if there is none."""
    row = store.task(request.path_params["task_id"])
    if row is None:
        raise Problem(404, "not_found", "There is no task with this id.")
    return row
