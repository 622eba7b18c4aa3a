"""`ensure()`: a user's shared local server, started on demand and stopped when idle."""

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
_PATIENCE: Final = 90.0  # seconds to wait for another process that is starting the server
_ANSWER: Final = 5.0  # seconds
_ANSWER_MAX: Final = 1024  # maximum bytes of a proof


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a running server. `proof_secret`: proves its identity, in hexadecimal; see `guards.Proof`."""

    base_url: str
    api_key: str = field(repr=False)
    proof_secret: str = field(repr=False)


def ensure(folder: str | Path | None = None, idle: float = _IDLE) -> Connection:
    """Return how to reach the user's local server, starting it if it isn't running.

    `folder`: where it keeps its state (default: the user's state folder); `idle`: seconds without use until it stops.
    Raises ImportError without the [local] extra, OSError if it can't be started.
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
        process.returncode = 0  # it outlives this process on purpose: suppress the warning
        return Connection(ready["base_url"], settings.api_key, ready["proof_secret"])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold an inter-process lock while starting the server. Raises OSError if that takes too long."""
    try:
        with filelock.FileLock(path, timeout=_PATIENCE, mode=0o600):
            yield
    except filelock.Timeout:
        raise OSError(f"Another process has been starting the local server for {_PATIENCE:.0f} s ({path}).") from None


def _running(runtime_file: Path) -> Connection | None:
    """Return how to reach the server described in the file, if that server answers at its address."""
    try:
        facts: dict[str, Any] = json.loads(runtime_file.read_text("utf-8"))
        found = Connection(str(facts["base_url"]), str(facts["api_key"]), str(facts["proof_secret"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.base_url.startswith("http://127.0.0.1:") and _proves_itself(found) else None


def _proves_itself(found: Connection) -> bool:
    """Request a proof without sending the key: another program may be using the port by now."""
    nonce = secrets.token_hex(16)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        expected = hmac.digest(bytes.fromhex(found.proof_secret), f"{found.base_url}\n{nonce}".encode(), "sha256").hex()
        with opener.open(f"{found.base_url}/proof?nonce={nonce}", timeout=_ANSWER) as answer:
            given = json.loads(answer.read(_ANSWER_MAX))["proof"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return isinstance(given, str) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
