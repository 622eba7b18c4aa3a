"""The worker process. Uses JSON lines: it reads jobs from stdin, one at a time, and writes messages to stdout.

Stdin stays open as long as the server lives. When it ends, the server has stopped or died, and the worker ends too.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, Any

from cyberun_widget.local.runtimes import load
from cyberun_widget.local.runtimes.context import Context, RuntimeFailure


def main() -> None:
    """Run jobs until the server ends."""
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # output printed by a library must not mix with the messages
    if hasattr(os, "nice"):
        os.nice(5)  # the page and the kernel have priority
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    while True:
        _work(json.loads(jobs.get()), messages)


def _work(job: dict[str, Any], messages: IO[str]) -> None:
    context = Context(
        folder=Path(job["folder"]),
        parameters=job["parameters"],
        files={key: Path(path) for key, path in job["files"].items()},
        pace=job["pace"],
        earlier=job["earlier"],
        emit=lambda event: _send(messages, "progress", **event),
    )
    try:
        facts = load(job["runtime"])(context)
    except RuntimeFailure as exc:
        _send(messages, "failed", error=str(exc))
        return
    except Exception as exc:  # noqa: BLE001 - any error of a runtime fails its task
        log = traceback.format_exc(limit=-6)
        _send(messages, "broken", error=f"{type(exc).__name__}: {exc}\n\n{log}")
        return
    outputs = [
        {"key": item.key, "name": item.name, "mime": item.mime, "node_id": item.node_id, "path": str(item.path)}
        for item in context.outputs
    ]
    _send(messages, "done", outputs=outputs, facts=facts or {})


def _send(messages: IO[str], kind: str, **data: Any) -> None:
    try:
        messages.write(json.dumps({"kind": kind, **data}) + "\n")
        messages.flush()
    except (BrokenPipeError, OSError):
        os._exit(3)  # the server is gone


def _read(jobs: queue.SimpleQueue[str]) -> None:
    """Read jobs, and end the process when the server ends. A running `ffmpeg` ends with its stdin."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(3)


if __name__ == "__main__":
    main()
