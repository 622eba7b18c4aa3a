"""Calls to the local server for the tests: over HTTP, without this package's client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberun_widget.local import LocalServer


class Api(httpx.Client):
    """One server's API, with its key."""

    def __init__(self, server: LocalServer) -> None:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        super().__init__(base_url=server.base_url, headers=headers, timeout=30)

    def run(self, slug: str = "echo-files", /, **parameters: Any) -> str:
        """Start a task and return its id."""
        answer = self.post(f"/r/workflows/slug/{slug}/run", json={"parameters": parameters})
        assert answer.status_code == 202, answer.text
        return answer.json()["task_id"]

    def task(self, task_id: str) -> dict[str, Any]:
        """Return a task as it is now."""
        return self.get(f"/r/tasks/{task_id}").json()

    def status(self, task_id: str) -> str:
        """Return a task's state."""
        return self.task(task_id)["task_status"]

    def wait(self, task_id: str, status: str = "completed") -> dict[str, Any]:
        """Return the task once it is in a state."""
        return until(lambda: task if (task := self.task(task_id))["task_status"] == status else None, 30)

    def result(self, task_id: str) -> dict[str, Any]:
        """Return an ended task's result."""
        return self.get(f"/r/tasks/{task_id}/result").json()

    def cancel(self, task_id: str) -> None:
        """Ask for a task to be cancelled."""
        assert self.post(f"/r/tasks/{task_id}/cancel").json() == {"success": True}

    def upload(self, content: bytes, name: str) -> str:
        """Upload an input file the way the API page says, and return its key."""
        body = {"file_name": name, "file_size": len(content), "content_type": "application/octet-stream"}
        target = self.post("/r/files/presign", json=body).json()
        put = httpx.put(target["upload_url"], content=content, headers=target["upload_headers"])
        assert put.status_code == 200, put.text
        return target["file_key"]

    def events(self, task_id: str) -> list[tuple[str, Any]]:
        """Read a whole stream: (event, data) pairs, comments as ("", text)."""
        return list(self.each_event(task_id))

    def each_event(self, task_id: str) -> Iterator[tuple[str, Any]]:
        """Yield a stream's pairs as they arrive."""
        event = ""
        with self.stream("GET", f"/r/tasks/{task_id}/events") as stream:
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            for line in stream.iter_lines():
                name, _, value = line.partition(":")
                if name == "event":
                    event = value.strip()
                elif name == "data":
                    yield event, json.loads(value)
                elif line.startswith(":"):
                    yield "", value.strip()
