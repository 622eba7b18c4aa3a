"""A scripted server for sweeps: many tasks over real HTTP, submissions whose answers are lost, a count of all POSTs.

A task's state is a function of the clock, so a thousand running tasks cost nothing without requests.

    with SweepServer(submissions={3: Lost("reset")}) as server:
        group = server.client().map("wave", grid={"x": range(8)})
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from cyberun_widget import Client
from tests.servers.threaded import ThreadedServer

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "sk-sweeps-4d1f9a7b3c5e2068"
WORKFLOW = {
    "id": "0192f3c1-0000-7000-8000-0000000000aa",
    "workflow_slug": "wave",
    "display_name": "Wave",
    "tool_type": "comfyui",
    "version": 3,
    "parameters": [
        {"key": "x", "type": "number", "min": 0, "max": 9999},
        {"key": "y", "type": "number", "default": 0},
        {"key": "seed", "type": "number", "min": 0, "max": 99},
    ],
}


@dataclass(frozen=True)
class Lost:
    """A submission whose answer is lost. `taken`: whether the task was created anyway."""

    how: Literal["reset", "504", "502", "hang", "empty"]
    taken: bool = True


@dataclass(frozen=True)
class Refused:
    """A submission that the server refuses."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Task:
    """One task and the time of its creation."""

    id: str
    parameters: dict[str, Any]
    created: float
    cancelled: float | None = None


class SweepServer(ThreadedServer):
    """`submissions`: the behaviour of the n-th POST, counted from 0; the others succeed.

    `seconds`: how long a task runs. `fails`: parameters for which it fails. `ticks`: progress events per second.
    `tells_parameters`: whether tasks include their parameters. `pictures`: whether results contain a picture.
    """

    def __init__(
        self,
        *,
        submissions: Mapping[int, Lost | Refused] | None = None,
        seconds: float = 0.2,
        fails: Any = lambda _parameters: False,
        ticks: float = 10.0,
        tells_parameters: bool = False,
        pictures: bool = False,
    ) -> None:
        super().__init__()
        self.submissions = dict(submissions or {})
        self.seconds, self.fails, self.ticks = seconds, fails, ticks
        self.tells_parameters, self.pictures = tells_parameters, pictures
        self.tasks: dict[str, Task] = {}
        self.posts: list[dict[str, Any]] = []
        self.requests: Counter[str] = Counter()
        self.running, self.most = 0, 0
        self._png = _png()

    def client(self) -> Client:
        return Client(KEY, base_url=self.base_url)

    def taken(self) -> Counter[str]:
        """The number of tasks for each set of parameters."""
        return Counter(json.dumps(task.parameters, sort_keys=True) for task in self.tasks.values())

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:  # noqa: PLR0911 - one return per endpoint
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in rest if item)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = line.split(" ")
        path, query = urlsplit(target).path.removeprefix("/api/v1/r"), parse_qs(urlsplit(target).query)
        self.requests[f"{method} {re.sub(r'task-[0-9a-f-]+', 'ID', path)}"] += 1
        if path.startswith("/files/"):
            return await self._answer(writer, self._png, kind="image/png")
        match method, path.strip("/").split("/"):
            case "GET", ["workflows", *_]:
                return await self._answer(writer, WORKFLOW)
            case "POST", ["workflows", "slug", _, "run"]:
                return await self._run(writer, json.loads(body)["parameters"])
            case "GET", ["tasks"]:
                return await self._list(writer, query)
            case "GET", ["tasks", task_id] if task_id in self.tasks:
                return await self._answer(writer, self._show(self.tasks[task_id]))
            case "GET", ["tasks", task_id, "result"] if task_id in self.tasks:
                return await self._answer(writer, self._result(self.tasks[task_id]))
            case "POST", ["tasks", task_id, "cancel"] if task_id in self.tasks:
                task = self.tasks[task_id]
                if not self._status(task)[1]:
                    task.cancelled = time.time()
                return await self._answer(writer, {"success": True})
            case "GET", ["tasks", task_id, "events"] if task_id in self.tasks:
                return await self._events(writer, self.tasks[task_id])
        return await self._answer(writer, {"error": "not found"}, 404)

    async def _run(self, writer: asyncio.StreamWriter, parameters: dict[str, Any]) -> bool:
        number = len(self.posts)
        self.posts.append(parameters)
        fault = self.submissions.get(number)
        if isinstance(fault, Refused):
            return await self._answer(writer, {"error": "refused"}, fault.status, fault.headers)
        task = Task(f"task-{number:08x}-0000-7000-8000-000000000000", parameters, time.time())
        if fault is None or fault.taken:
            self.tasks[task.id] = task
            now = time.time()
            self.running = sum(not self._status(item, now)[1] for item in self.tasks.values())
            self.most = max(self.most, self.running)
        if fault is None:
            return await self._answer(writer, {"task_id": task.id}, 202)
        match fault.how:
            case "reset":
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
            case "504" | "502":
                return await self._answer(writer, {"error": "gateway"}, int(fault.how))
            case "empty":
                return await self._answer(writer, {}, 202)
            case _:
                await asyncio.sleep(3600)
                return False

    async def _list(self, writer: asyncio.StreamWriter, query: Mapping[str, list[str]]) -> bool:
        page, size = int(query.get("current_page", ["1"])[0]), int(query.get("per_page", ["20"])[0])
        tasks = sorted(self.tasks.values(), key=lambda task: -task.created)
        wanted = query.get("status", [""])[0]
        shown = [self._show(task) for task in tasks]
        shown = [item for item in shown if not wanted or item["task_status"] == wanted]
        meta = {"current_page": page, "per_page": size, "total_count": len(shown)}
        return await self._answer(writer, {"task_list": shown[(page - 1) * size : page * size], "page_meta": meta})

    def _status(self, task: Task, now: float | None = None) -> tuple[str, bool, float]:
        """Return the status, whether it is final, and the progress."""
        now = time.time() if now is None else now
        if task.cancelled is not None:
            return "cancelled", True, 0.5
        part = (now - task.created) / max(self.seconds, 1e-9)
        if part < 1:
            return "running", False, max(0.0, part)
        return ("failed" if self.fails(task.parameters) else "completed"), True, 1.0

    def _show(self, task: Task) -> dict[str, Any]:
        status, ended, _ = self._status(task)
        shown = {
            "id": task.id,
            "workflow_id": WORKFLOW["id"],
            "workflow_slug": "wave",
            "task_status": status,
            "task_error": "It broke: x is cursed." if status == "failed" else None,
            "created_at": _iso(task.created),
            "started_at": _iso(task.created),
            "completed_at": _iso(task.created + self.seconds) if ended else None,
            "retry_count": 0,
            "gpu_type": "RTX 4090",
            "tool_type": "comfyui",
        }
        return shown | ({"parameters": {"y": 0, **task.parameters}} if self.tells_parameters else {})

    def _output(self, task: Task) -> dict[str, Any]:
        x, y = float(task.parameters.get("x", 0)), float(task.parameters.get("y", 0))
        output: dict[str, Any] = {"score": x * 10 + y}
        if self.pictures:
            output["outputs"] = {"9.images.0": {"s3_key": f"{task.id}/wave.png", "file_name": "wave.png"}}
        return output

    def _result(self, task: Task) -> dict[str, Any]:
        status, _, _ = self._status(task)
        good = status == "completed"
        link = f"{self.base_url}/r/files/{task.id}/wave.png?X-Amz-Signature=beef"
        return {
            "id": task.id,
            "task_status": status,
            "task_output": self._output(task) if good else None,
            "download_urls": {"9.images.0": link} if good and self.pictures else None,
            "task_error": "It broke: x is cursed." if status == "failed" else None,
            "completed_at": _iso(task.created + self.seconds),
        }

    async def _events(self, writer: asyncio.StreamWriter, task: Task) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        while True:
            status, ended, progress = self._status(task)
            if ended:
                data: dict[str, Any] = {"task_id": task.id, "status": status}
                data |= {"error": "It broke: x is cursed."} if status == "failed" else {}
                data |= {"output": self._output(task)} if status == "completed" else {}
                writer.write(_event(status, data))
                await writer.drain()
                return False
            writer.write(_event("status", {"task_id": task.id, "status": status}))
            writer.write(_event("progress", {"task_id": task.id, "progress": round(progress, 4)}))
            await writer.drain()
            await asyncio.sleep(1 / self.ticks)

    async def _answer(
        self,
        writer: asyncio.StreamWriter,
        body: Any,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        kind: str = "application/json",
    ) -> bool:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in named.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + content)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return True


def _event(kind: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _png() -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize((64, 64)).save(out, "PNG")
    return out.getvalue()
