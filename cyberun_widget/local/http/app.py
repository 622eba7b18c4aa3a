"""The API's own origin: the calls of the API page, as a Starlette application."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cyberun_widget.local import catalogue
from cyberun_widget.local.catalogue.parameters import check
from cyberun_widget.local.http.answers import (
    Problem,
    answer,
    answer_broken,
    answer_http,
    page_meta,
    read_json,
    read_page,
)
from cyberun_widget.local.http.credentials import Credentials, Refused
from cyberun_widget.local.state.ids import iso, uuid7
from cyberun_widget.local.state.store import TaskRow
from cyberun_widget.local.work.agent import GPU_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cyberun_widget.local.catalogue.workflow import Workflow
    from cyberun_widget.local.http.signing import Signer
    from cyberun_widget.local.state.event_hub import Hub
    from cyberun_widget.local.state.store import Store
    from cyberun_widget.local.work.agent import Agent

UPLOAD_MAX: Final = 500 * 1024 * 1024  # bytes of an input file, as the service has it
_Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class AppSettings:
    """`url_lifetime`: seconds that a signed link is good for; `heartbeat`: seconds between a stream's comments."""

    url_lifetime: int = 3600
    heartbeat: float = 10.0


@dataclass(slots=True)
class Api:
    """All that the calls need. `active`: the clock's value at the last request."""

    store: Store
    hub: Hub
    agent: Agent
    signer: Signer
    credentials: Credentials
    settings: AppSettings
    clock: Callable[[], float] = time.time
    active: float = 0.0

    # --- workflows -----------------------------------------------------------------------------------------------

    async def workflows(self, request: Request) -> Response:
        """`GET /r/workflows`."""
        page, size = read_page(request)
        items = catalogue.current()
        shown = items[(page - 1) * size : page * size]
        return JSONResponse(
            {"workflow_list": [item.summary() for item in shown], "page_meta": page_meta(page, size, len(items))}
        )

    async def workflow(self, request: Request) -> Response:
        """`GET /r/workflows/{id}` and `/r/workflows/slug/{slug}`."""
        return JSONResponse(_workflow(request).to_json())

    async def run(self, request: Request) -> Response:
        """`POST .../run`: a task, or 422 with what is wrong with which parameter."""
        workflow = _workflow(request)
        body = await read_json(request)
        given = body.get("parameters", {})
        if given is not None and not isinstance(given, dict):
            raise Problem(422, "invalid_parameters", "parameters must be an object of names and values.")
        tool = body.get("tool_type")
        if tool not in (None, workflow.tool_type):
            raise Problem(422, "wrong_tool_type", f"This workflow is a {workflow.tool_type} workflow, not {tool}.")
        values, problems = check(workflow.parameters, given or {}, self._has_file)
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
            TaskRow(task_id, workflow.id, workflow.slug, workflow.version, values, "pending", None, None, 0, None, now,
                    None, None)
        )  # fmt: skip
        self.agent.submit(task_id)
        return JSONResponse({"task_id": task_id}, 202)

    def _has_file(self, key: str) -> bool:
        return key.startswith("inputs/") and self.store.object(key) is not None

    # --- tasks ---------------------------------------------------------------------------------------------------

    async def tasks(self, request: Request) -> Response:
        """`GET /r/tasks`, the newest first."""
        page, size = read_page(request)
        status = request.query_params.get("status") or None
        rows, total = self.store.tasks(status, (page - 1) * size, size)
        return JSONResponse({"task_list": [self._show(row) for row in rows], "page_meta": page_meta(page, size, total)})

    async def task(self, request: Request) -> Response:
        """`GET /r/tasks/{id}`."""
        return JSONResponse(self._show(self._find(request)))

    async def result(self, request: Request) -> Response:
        """`GET /r/tasks/{id}/result`, with links signed anew each time."""
        row = self._find(request)
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
            answer["expires_at"] = iso(int(now) + self.settings.url_lifetime)
            if "storage_key" in row.output:
                answer["download_url"] = self._link(row.output["storage_key"], now)
            else:
                outputs = row.output["outputs"].items()
                answer["download_urls"] = {key: self._link(item["s3_key"], now) for key, item in outputs}
        return JSONResponse(answer)

    async def cancel(self, request: Request) -> Response:
        """`POST /r/tasks/{id}/cancel`; it succeeds for an ended task as well."""
        await self.agent.cancel(self._find(request).id)
        return JSONResponse({"success": True})

    async def events(self, request: Request) -> Response:
        """`GET /r/tasks/{id}/events`: from the present on, until the verdict."""
        row = self._find(request)
        return EventSourceResponse(
            self._stream(row.id),
            ping=self.settings.heartbeat,
            ping_message_factory=lambda: ServerSentEvent(comment="heartbeat"),
            sep="\n",
            headers={"Cache-Control": "no-store"},
        )

    async def _stream(self, task_id: str) -> AsyncIterator[dict[str, str]]:
        with self.hub.subscribe(task_id) as inbox:
            row = self.store.task(task_id)
            if row is None:
                return
            for event, data in self._present(row):
                yield {"event": event, "data": json.dumps(data)}
            if row.ended:
                return
            while (news := await inbox.get()) is not None:
                yield {"event": news[0], "data": json.dumps(news[1])}

    def _present(self, row: TaskRow) -> list[tuple[str, dict[str, Any]]]:
        """Return what a stream that opens now begins with: the verdict, or the state and the last progress."""
        facts: dict[str, Any] = {"task_id": row.id, "status": row.status}
        match row.status:
            case "completed":
                return [("completed", facts | {"completed_at": iso(row.completed_at), "output": row.output})]
            case "failed":
                return [("failed", facts | {"error": row.error})]
            case "cancelled":
                return [("cancelled", facts)]
        last = self.hub.progress(row.id)
        now = [("status", facts | {"timestamp": iso(self.clock())})]
        return [*now, ("progress", last)] if last else now

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
            "agent_labels": list(self.agent.labels) if taken else [],
            "gpu_type": GPU_TYPE if taken else None,
            "tool_type": workflow.tool_type if workflow else None,
            "required_labels": list(workflow.required_labels) if workflow else [],
            "parameters": row.parameters,
        }

    def _find(self, request: Request) -> TaskRow:
        row = self.store.task(request.path_params["task_id"])
        if row is None:
            raise Problem(404, "not_found", "There is no task with this id.")
        return row

    def _link(self, key: str, now: float) -> str:
        return self.signer.url("GET", key, now=now, lifetime=self.settings.url_lifetime)

    # --- files ---------------------------------------------------------------------------------------------------

    async def presign(self, request: Request) -> Response:
        """`POST /r/files/presign`: where to put an input file, and with which headers."""
        body = await read_json(request)
        name, size, mime = body.get("file_name"), body.get("file_size"), body.get("content_type")
        if not isinstance(name, str) or not name.strip():
            raise Problem(422, "invalid_file", "file_name: required.")
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise Problem(422, "invalid_file", "file_size: required, in bytes.")
        if size > UPLOAD_MAX:
            raise Problem(413, "file_too_large", f"file_size: at most {UPLOAD_MAX} bytes.")
        if mime is not None and not isinstance(mime, str):
            raise Problem(422, "invalid_file", "content_type: must be a text.")
        now = self.clock()
        safe = "".join(char if char.isascii() and (char.isalnum() or char in "._-") else "_" for char in name)[-100:]
        key = f"inputs/{uuid7(now, secrets.token_bytes(10))}/{safe}"
        headers = {"Content-Length": str(size), "If-None-Match": "*"}
        url = self.signer.url("PUT", key, now=now, lifetime=self.settings.url_lifetime, headers=headers)
        return JSONResponse({"file_key": key, "upload_url": url, "upload_headers": headers})

    # --- the whole -----------------------------------------------------------------------------------------------

    def guarded(self, handler: _Handler) -> _Handler:
        """Return the handler behind the check of the key."""

        async def guard(request: Request) -> Response:
            self.active = self.clock()
            self.credentials.check(request.headers.get("authorization"), request.headers.get("x-team-id"))
            return await handler(request)

        return guard


def create_app(api: Api) -> Starlette:
    """Return the application that serves the API below `/api/v1`."""
    calls: list[tuple[str, str, _Handler]] = [
        ("GET", "/workflows", api.workflows),
        ("GET", "/workflows/slug/{slug}", api.workflow),
        ("POST", "/workflows/slug/{slug}/run", api.run),
        ("GET", "/workflows/{workflow_id}", api.workflow),
        ("POST", "/workflows/{workflow_id}/run", api.run),
        ("GET", "/tasks", api.tasks),
        ("GET", "/tasks/{task_id}", api.task),
        ("GET", "/tasks/{task_id}/events", api.events),
        ("GET", "/tasks/{task_id}/result", api.result),
        ("POST", "/tasks/{task_id}/cancel", api.cancel),
        ("POST", "/files/presign", api.presign),
    ]
    routes = [Route(f"/api/v1/r{path}", api.guarded(handler), methods=[method]) for method, path, handler in calls]
    return Starlette(
        routes=routes,
        exception_handlers={Problem: answer, Refused: answer, HTTPException: answer_http, Exception: answer_broken},
    )


def _workflow(request: Request) -> Workflow:
    slug = request.path_params.get("slug")
    found = catalogue.by_slug(slug) if slug is not None else catalogue.by_id(request.path_params["workflow_id"])
    if found is None:
        raise Problem(404, "not_found", f"There is no workflow {slug or 'with this id'}.")
    return found
