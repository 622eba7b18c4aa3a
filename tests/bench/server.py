"""A server of running tasks for the benchmarks, in a separate process: any task id, events at a fixed rate.

`python -m tests.bench.server RATE` prints its base URL. All streams get their events together, at little cost for the
server: the client is measured. Each event's message is the time (`time.time`) at which it is written to the socket.

A task `burst-N` gets N events at once and then its verdict. `GET /sent` returns the number of events written so far.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS: Final = 100_000
_STREAM: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_BACKLOG: Final = 65_536  # bytes queued for a slow reader, which misses events beyond that


@contextmanager
def serving(rate: float) -> Iterator[str]:
    """Run the server during the context, and yield its base URL. `rate`: events per second and task."""
    command = [sys.executable, "-m", "tests.bench.server", str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def event(task_id: str, step: int, total: int) -> bytes:
    """Return one progress event, in the format of the API page, as one chunk."""
    data = (
        f'{{"task_id": "{task_id}", "progress": {step / total}, "current_node": "3", "step_current": {step}, '
        f'"step_total": {total}, "message": "{time.time():.6f}", "timestamp": "2026-11-24T12:00:00.123456Z"}}'
    )
    return chunk(f"event: progress\ndata: {data}\n\n".encode())


def chunk(data: bytes) -> bytes:
    """Return one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


class Server:
    """The requested tasks and the open streams."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.tasks: dict[str, None] = {}
        self.streams: dict[asyncio.StreamWriter, str] = {}
        self.sent = 0

    async def tick(self) -> None:
        """Write events to all streams at the given rate, forever."""
        loop = asyncio.get_running_loop()
        due, step = loop.time(), 0
        while True:
            step += 1
            for writer, task_id in list(self.streams.items()):
                if writer.is_closing():
                    del self.streams[writer]
                elif writer.transport.get_write_buffer_size() < _BACKLOG:
                    writer.write(event(task_id, step, STEPS))
                    self.sent += 1
            due += 1 / self.rate
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests."""
        try:
            while True:
                path, _, query = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1].partition("?")
                task_id = path.split("/r/tasks/")[-1].split("/")[0]
                if path.endswith("/events"):
                    writer.write(_STREAM)
                    if task_id.startswith("burst-"):
                        self.burst(writer, task_id, int(task_id.split("-")[1]))
                    else:
                        self.streams[writer] = task_id
                    continue
                body = json.dumps(self.body(path, task_id, query)).encode()
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                writer.write(head % len(body) + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.streams.pop(writer, None)
            writer.close()

    def burst(self, writer: asyncio.StreamWriter, task_id: str, count: int) -> None:
        """Write many events at once, followed by the verdict."""
        writer.writelines(event(task_id, step, count) for step in range(count))
        data = json.dumps({"task_id": task_id, "status": "completed", "completed_at": None, "output": {}})
        writer.write(chunk(f"event: completed\ndata: {data}\n\n".encode()) + b"0\r\n\r\n")
        self.sent += count

    def body(self, path: str, task_id: str, query: str) -> dict[str, object]:
        """Return the answer to a JSON call."""
        if path.endswith("/sent"):
            return {"sent": self.sent, "streams": len(self.streams)}
        if path.endswith("/result"):
            return {"id": task_id, "task_status": "completed", "task_output": {}, "download_urls": {}}
        if path.endswith("/r/tasks"):
            asked = dict(parse_qsl(query))
            page, size = int(asked.get("current_page", 1)), int(asked.get("per_page", 20))
            listed = [task(known) for known in list(self.tasks)[(page - 1) * size : page * size]]
            return {
                "task_list": listed,
                "page_meta": {"current_page": page, "per_page": size, "total_count": len(self.tasks)},
            }
        if "/r/tasks/" in path:
            self.tasks[task_id] = None
            return task(task_id)
        return {"id": "w", "display_name": "Bench"}


def task(task_id: str) -> dict[str, object]:
    """Return a running task."""
    return {"id": task_id, "task_status": "running", "gpu_type": "none", "tool_type": "comfyui"}


async def main() -> None:
    """Serve until killed."""
    server = Server(float(sys.argv[1]))
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/api/v1\n")
    sys.stdout.flush()
    await asyncio.gather(listener.serve_forever(), server.tick())


if __name__ == "__main__":
    asyncio.run(main())
