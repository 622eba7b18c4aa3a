"""`GET /r/tasks/{id}/events`: a task's event stream, from its current state to its terminal status."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sse_starlette import EventSourceResponse, ServerSentEvent

from cyberun_widget.local.http.tasks import find_task
from cyberun_widget.local.state.ids import iso

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from cyberun_widget.local.state.event_hub import EventHub
    from cyberun_widget.local.state.store import Store, TaskRow


@dataclass(frozen=True, slots=True)
class EventCalls:
    """The handler. `heartbeat`: seconds between comments; `clock`: seconds since 1970."""

    store: Store
    hub: EventHub
    heartbeat: float
    clock: Callable[[], float]

    async def stream(self, request: Request) -> Response:
        """`GET /r/tasks/{id}/events`."""
        return EventSourceResponse(
            self._events(find_task(self.store, request).id),
            ping=self.heartbeat,
            ping_message_factory=lambda: ServerSentEvent(comment="heartbeat"),
            sep="\n",
            headers={"Cache-Control": "no-store"},
        )

    async def _events(self, task_id: str) -> AsyncIterator[dict[str, str]]:
        with self.hub.subscribe(task_id) as inbox:
            row = self.store.task(task_id)
            if row is None:
                return
            for event, data in self._present(row):
                yield {"event": event, "data": json.dumps(data)}
            if row.ended:
                return
            while (item := await inbox.get()) is not None:
                yield {"event": item[0], "data": json.dumps(item[1])}

    def _present(self, row: TaskRow) -> list[tuple[str, dict[str, Any]]]:
        """Return the first events of a new stream: the terminal status, or the current status and last progress."""
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
