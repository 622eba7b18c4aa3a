"""`ensure()`: the one local server of a user, started when it is needed and gone when it has been idle."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import filelock
import platformdirs

from cyberun_widget.local.process.extra import require_extra
from cyberun_widget.local.process.launcher import spawn
from cyberun_widget.local.process.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDLE: Final = 1800.0  # seconds
_PATIENCE: Final = 90.0  # seconds to wait for another process that is just starting the server
_ANSWER: Final = 5.0  # seconds
_ANSWER_MAX: Final = 1024  # bytes of a proof


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a running server. `proof_secret`: what it proves itself with, in hexadecimal; see `guards.Proof`."""

    base_url: str
    api_key: str = field(repr=False)
    proof_secret: str = field(repr=False)


def ensure(folder: str | Path | None = None, idle: float = _IDLE) -> Connection:
    """Return how to reach the user's local server, starting it if it is not running.

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
    with _alone(place / "start.lock"):
        found = _running(runtime_file)
        if found:
            return found
        settings = ServerSettings(state_dir=place, runtime_file=runtime_file, idle=idle)
        descriptor = os.open(place / "server.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as log:
            process, ready = spawn(settings, log)
        process.returncode = 0  # it outlives us on purpose: no warning about that
        return Connection(ready["base_url"], settings.api_key, ready["proof_secret"])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock between processes while one of them starts the server. Raises OSError when that takes too long."""
    try:
        with filelock.FileLock(path, timeout=_PATIENCE, mode=0o600):
            yield
    except filelock.Timeout:
        raise OSError(f"Another process has been starting the local server for {_PATIENCE:.0f} s ({path}).") from None


def _running(runtime_file: Path) -> Connection | None:
    """Return how to reach the server that the file describes, if it is the one that answers there."""
    try:
        facts: dict[str, Any] = json.loads(runtime_file.read_text("utf-8"))
        found = Connection(str(facts["base_url"]), str(facts["api_key"]), str(facts["proof_secret"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.base_url.startswith("http://127.0.0.1:") and _proves_itself(found) else None


def _proves_itself(found: Connection) -> bool:
    """Ask for a proof, without the key: the port may be someone else's by now."""
    nonce = secrets.token_hex(16)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        expected = hmac.digest(bytes.fromhex(found.proof_secret), f"{found.base_url}\n{nonce}".encode(), "sha256").hex()
        with opener.open(f"{found.base_url}/proof?nonce={nonce}", timeout=_ANSWER) as answer:
            given = json.loads(answer.read(_ANSWER_MAX))["proof"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
