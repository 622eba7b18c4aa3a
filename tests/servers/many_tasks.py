"""A server with many tasks, on a separate thread: pages of the list, streams of regular events, results. Real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from tests.servers.threaded import ThreadedServer

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = 100


def ids(count: int) -> list[str]:
    """Return the ids of `count` tasks."""
    return [str(UUID(int=0x0192F3C1_7C1E_7B5A_9D0E_000000000000 + number)) for number in range(count)]


class ManyTasks(ThreadedServer):
    """Tasks by id. `status` may be changed from any thread; `ended_at`: when each task ended."""

    def __init__(self, task_ids: Iterable[str], *, rate: float = 10.0) -> None:
        super().__init__()
        self.status = dict.fromkeys(task_ids, "running")
        self.ended_at: dict[str, float] = {}
        self.requests: Counter[str] = Counter()
        self.most: Counter[str] = Counter()  # the most concurrent requests of each kind
        self.down = False
        self.spoilt: list[bytes] = []  # complete responses to the next requests for the list
        self._open: Counter[str] = Counter()
        self._rate = rate
        self._writers: set[asyncio.StreamWriter] = set()

    def end(self, task_id: str, status: str = "completed") -> None:
        self.ended_at[task_id] = time.monotonic()
        self.status[task_id] = status

    def break_all(self, *, down: bool) -> None:
        """Reset all connections. While `down`, answer all requests with 503."""
        self.down = down
        self._loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in tuple(self._writers)])

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                url = urlsplit(head.split(b" ")[1].decode())
                kind = self._kind(url.path)
                self.requests[kind] += 1
                self._open[kind] += 1
                self.most[kind] = max(self.most[kind], self._open[kind])
                try:
                    if kind == "events" and not self.down:
                        await self._stream(writer, url.path.split("/")[-2])
                        return
                    await asyncio.sleep(0.002)
                    if kind == "list" and self.spoilt:
                        writer.write(self.spoilt.pop(0))
                        await writer.drain()
                        return
                    self._answer(writer, *self._json(kind, url.path, parse_qs(url.query)))
                    await writer.drain()
                finally:
                    self._open[kind] -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    def _kind(self, path: str) -> str:
        if re.search(r"/r/workflows/", path):
            return "workflow"
        if path.endswith(("/events", "/result", "/cancel")):
            return path.rpartition("/")[2]
        return "list" if path.endswith("/r/tasks") else "task"

    def _json(self, kind: str, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        if self.down:
            return 503, {"error": "down"}
        if kind == "list":
            page, size = int(query["current_page"][0]), int(query["per_page"][0])
            ids = list(self.status)[(page - 1) * size : page * size]
            meta = {"current_page": page, "per_page": size, "total_count": len(self.status)}
            return 200, {"task_list": [self._task(task_id) for task_id in ids], "page_meta": meta}
        task_id = path.split("/")[-2] if kind in ("result", "cancel") else path.rsplit("/", maxsplit=1)[-1]
        if task_id not in self.status:
            return 404, {"error": "no such task"}
        if kind == "cancel" and self.status[task_id] == "running":
            self.end(task_id, "cancelled")
        if kind == "result":
            return 200, {"id": task_id, "task_status": self.status[task_id], "task_output": {"id": task_id}}
        return 200, self._task(task_id)

    def _task(self, task_id: str) -> dict[str, Any]:
        return {
            "id": task_id,
            "task_status": self.status[task_id],
            "tool_type": "comfyui",
            "gpu_type": "RTX 4090",
            "created_at": "2026-11-24T12:00:00Z",
            "retry_count": 0,
        }

    def _answer(self, writer: asyncio.StreamWriter, status: int, data: Any) -> None:
        body = json.dumps(data).encode()
        date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nDate: {date}\r\nContent-Length: {len(body)}"
        writer.write(head.encode() + b"\r\n\r\n" + body)

    async def _stream(self, writer: asyncio.StreamWriter, task_id: str) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        step = 0
        while self.status[task_id] == "running":
            step += 1
            data = {"task_id": task_id, "progress": min(step / 1000, 1.0), "step_current": step, "step_total": 10_000}
            writer.write(f"event: progress\ndata: {json.dumps(data)}\n\n".encode())
            await writer.drain()
            await asyncio.sleep(1 / self._rate)
        data = {"task_id": task_id, "status": self.status[task_id]}
        writer.write(f"event: {self.status[task_id]}\ndata: {json.dumps(data)}\n\n".encode())
        await writer.drain()
