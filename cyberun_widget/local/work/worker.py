"""The process that does one task's work. Speaks JSON lines: the job comes in on stdin, news goes out on stdout.

Stdin stays open for the server's whole life: when it ends, the server is gone (however it died), and this process too.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, Any

from cyberun_widget.local.runtimes import load
from cyberun_widget.local.runtimes.context import Context, RuntimeFailure


def main() -> None:
    """Say hello, read the job, do it, and tell the outcome."""
    news = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a library prints must not get between our lines
    if hasattr(os, "nice"):
        os.nice(5)  # the page and the kernel come first
    _tell(news, "ready")
    line = sys.stdin.readline()
    if not line:
        return
    job: dict[str, Any] = json.loads(line)
    threading.Thread(target=_watch, daemon=True).start()
    context = Context(
        folder=Path(job["folder"]),
        parameters=job["parameters"],
        files={key: Path(path) for key, path in job["files"].items()},
        pace=job["pace"],
        emit=lambda event: _tell(news, "progress", **event),
    )
    try:
        facts = load(job["runtime"])(context)
    except RuntimeFailure as exc:
        _tell(news, "failed", error=str(exc))
        return
    except Exception as exc:  # noqa: BLE001 - whatever a runtime raises is its task's failure, told with its traceback
        log = traceback.format_exc(limit=-6)
        _tell(news, "failed", error=f"{type(exc).__name__}: {exc}\n\n{log}")
        return
    outputs = [
        {"key": item.key, "name": item.name, "mime": item.mime, "node_id": item.node_id, "path": str(item.path)}
        for item in context.outputs
    ]
    _tell(news, "done", outputs=outputs, facts=facts or {})


def _tell(news: IO[str], kind: str, **data: Any) -> None:
    try:
        news.write(json.dumps({"kind": kind, **data}) + "\n")
        news.flush()
    except (BrokenPipeError, OSError):
        os._exit(3)  # nobody listens any more


def _watch() -> None:
    """End the process when the server does. `ffmpeg`, if one runs, ends with its stdin."""
    while os.read(0, 4096):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
