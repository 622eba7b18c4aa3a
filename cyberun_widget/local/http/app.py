"""The API's origin as one application: every path of the API page, behind its access checks."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cyberun_widget.local.http.answers import Problem, answer, answer_broken, answer_http
from cyberun_widget.local.http.credentials import Credentials, Refused
from cyberun_widget.local.http.events import EventCalls
from cyberun_widget.local.http.guards import HostGuard, Proof
from cyberun_widget.local.http.tasks import TaskCalls
from cyberun_widget.local.http.uploads import UploadCalls
from cyberun_widget.local.http.workflows import WorkflowCalls

if TYPE_CHECKING:
    from cyberun_widget.local.http.signing import Signer
    from cyberun_widget.local.state.event_hub import EventHub
    from cyberun_widget.local.state.store import Store
    from cyberun_widget.local.work.dispatcher import Dispatcher

_PREFIX = "/api/v1"
_Handler = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Api:
    """Everything the calls need. `last_call`: when a token was last accepted or refused, by `clock`."""

    store: Store
    hub: EventHub
    dispatcher: Dispatcher
    signer: Signer
    credentials: Credentials
    proof: Proof
    url_lifetime: int = 3600
    heartbeat: float = 10.0
    clock: Callable[[], float] = time.time
    last_call: float = 0.0

    def guarded(self, handler: _Handler) -> _Handler:
        """Return the handler wrapped in the token check."""

        async def guard(request: Request) -> Response:
            self.last_call = self.clock()
            self.credentials.check(request.headers.get("authorization"), request.headers.get("x-team-id"))
            return await handler(request)

        return guard


def create_app(api: Api) -> Starlette:
    """Return the application that serves the API below `/api/v1`."""
    workflows = WorkflowCalls(api.store, api.dispatcher, api.clock)
    tasks = TaskCalls(api.store, api.dispatcher, api.signer, api.url_lifetime, api.clock)
    events = EventCalls(api.store, api.hub, api.heartbeat, api.clock)
    uploads = UploadCalls(api.signer, api.url_lifetime, api.clock)
    calls: list[tuple[str, str, _Handler]] = [
        ("GET", "/workflows", workflows.list),
        ("GET", "/workflows/slug/{slug}", workflows.get),
        ("POST", "/workflows/slug/{slug}/run", workflows.run),
        ("GET", "/workflows/{workflow_id}", workflows.get),
        ("POST", "/workflows/{workflow_id}/run", workflows.run),
        ("GET", "/tasks", tasks.list),
        ("GET", "/tasks/{task_id}", tasks.get),
        ("GET", "/tasks/{task_id}/result", tasks.result),
        ("POST", "/tasks/{task_id}/cancel", tasks.cancel),
        ("GET", "/tasks/{task_id}/events", events.stream),
        ("POST", "/files/presign", uploads.presign),
    ]
    routes = [Route(f"{_PREFIX}/r{path}", api.guarded(handler), methods=[method]) for method, path, handler in calls]
    routes.append(Route(f"{_PREFIX}/proof", api.proof.call, methods=["GET"]))
    return Starlette(
        routes=routes,
        middleware=[Middleware(HostGuard)],
        exception_handlers={Problem: answer, Refused: answer, HTTPException: answer_http, Exception: answer_broken},
    )
