"""`ensure()`: the one local server of a user, started when it is needed and gone when it has been idle."""

from __future__ import annotations

import json
import os
import sqlite3
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import platformdirs

from cyberun_widget.local.process.extra import require_extra
from cyberun_widget.local.process.launcher import choose_key, spawn

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDLE: Final = 1800  # seconds
_PATIENCE: Final = 90.0  # seconds to wait for another process that is just starting the server
_ANSWER: Final = 5.0  # seconds


def ensure(folder: str | Path | None = None, idle: float = _IDLE) -> tuple[str, str]:
    """Return the base URL and the key of the user's local server, starting it if it is not running.

    `folder`: where it keeps its state (default: the user's state folder); `idle`: seconds without use until it ends.
    Raises ImportError without the [local] extra, OSError where it can't be started.
    """
    place = Path(folder) if folder is not None else platformdirs.user_state_path("cyberun-widget") / "local"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    runtime_file = place / "server.json"
    found = _running(runtime_file)
    if found:
        return found
    require_extra()
    with _lock(place / "start.lock"):
        found = _running(runtime_file)
        if found:
            return found
        arguments = ["--state-dir", str(place), "--runtime-file", str(runtime_file), "--idle", str(idle)]
        descriptor = os.open(place / "server.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        key = choose_key()
        with os.fdopen(descriptor, "w", encoding="utf-8") as log:
            process, ready = spawn(arguments, key, lifeline=False, log=log)
        process.returncode = 0  # it outlives us on purpose: no warning about that
        return str(ready["base_url"]), key


def _running(runtime_file: Path) -> tuple[str, str] | None:
    """Return how to reach the server that the file tells of, if it answers to its key."""
    try:
        facts: dict[str, Any] = json.loads(runtime_file.read_text("utf-8"))
        base_url, key = str(facts["base_url"]), str(facts["api_key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not base_url.startswith("http://127.0.0.1:"):
        return None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(  # noqa: S310 - http on loopback, checked above
        f"{base_url}/r/workflows?per_page=1", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with opener.open(request, timeout=_ANSWER) as answer:
            return (base_url, key) if answer.status == 200 else None  # noqa: PLR2004 - HTTP's OK
    except (OSError, ValueError):
        return None


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the lock between processes; SQLite's, since it works everywhere and falls with the process that holds it."""
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as exc:
            raise OSError(f"Another process holds the start of the local server ({path}): {exc}.") from None
        yield
    finally:
        connection.close()
