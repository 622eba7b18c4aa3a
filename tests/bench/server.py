"""A server of running tasks for the benchmarks, in a process of its own: any task id, events at a fixed rate.

`python -m tests.bench.server RATE` prints its base URL. The message of each event is the system's monotonic clock at
the moment it was written to the socket.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = 100_000


@contextmanager
def serving(rate: float) -> Iterator[str]:
    """Run the server while the context lasts, and give its base URL. `rate`: events a second and task."""
    command = [sys.executable, "-m", "tests.bench.server", str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: float) -> None:
    """Answer one connection's requests."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            task_id = path.split("/r/tasks/")[-1].split("/")[0]
            if path.endswith("/events"):
                await stream(writer, task_id, rate)
                return
            task = {"id": task_id, "task_status": "running", "gpu_type": "none", "tool_type": "comfyui"}
            body = json.dumps(task if "/tasks/" in path else {"id": "w", "display_name": "Bench"}).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def stream(writer: asyncio.StreamWriter, task_id: str, rate: float) -> None:
    """Write events until the client leaves."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    for step in range(STEPS):
        data = {"task_id": task_id, "progress": step / STEPS, "current_node": "3", "step_current": step}
        data |= {"step_total": STEPS, "message": repr(time.monotonic())}
        writer.write(f"event: progress\ndata: {json.dumps(data)}\n\n".encode())
        await writer.drain()
        await asyncio.sleep(1 / rate)


async def main() -> None:
    """Serve until killed."""
    rate = float(sys.argv[1])
    server = await asyncio.start_server(lambda r, w: answer(r, w, rate), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{port}/api/v1\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
