"""Settings of a local server, shared by the command line, `LocalServer` and `serve`."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cyberun_widget.local.http.credentials import Credentials

if TYPE_CHECKING:
    from pathlib import Path

KEY_VARIABLE = "CYBERUN_LOCAL_KEY"


def choose_key(given: str | None = None) -> str:
    """Return the server's key: the given one, else that of `CYBERUN_LOCAL_KEY`, else a random one.

    Raises ValueError for a key that isn't an integration key.
    """
    key = given or os.environ.get(KEY_VARIABLE) or f"sk-local-{secrets.token_urlsafe(24)}"
    Credentials.from_key(key)
    return key


def default_slots() -> int:
    """Return how many tasks run at once: half the number of cores, at least two."""
    return max(2, (os.cpu_count() or 2) // 2)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """All settings of a server. The repr shows no key.

    `port`, `object_port`: 0 for any free port. `state_dir`: None for a folder that is removed at the end.
    `speed`: divides the pauses between a task's states; below 1 it slows the work as well.
    `slots`: tasks run at once. `labels`: labels of the agents besides "local" and "cpu".
    `url_lifetime`: seconds a signed link is valid. `heartbeat`: seconds between a stream's comments.
    `head_timeout`: seconds within which a client must send a request's headers.
    `idle`: seconds without a request or a task until the server stops; None for never.
    `lifeline`: whether the end of stdin stops the server. `runtime_file`: where to write its address (mode 0600).
    """

    api_key: str = field(default_factory=choose_key, repr=False)
    port: int = 0
    object_port: int = 0
    state_dir: Path | None = None
    speed: float = 1.0
    slots: int = field(default_factory=default_slots)
    labels: tuple[str, ...] = ()
    url_lifetime: int = 3600
    heartbeat: float = 10.0
    head_timeout: float = 10.0
    idle: float | None = None
    lifeline: bool = False
    runtime_file: Path | None = None

    def arguments(self) -> list[str]:
        """Return the equivalent command line, without the key, which is passed in the environment."""
        options: dict[str, object] = {
            "--port": self.port,
            "--object-port": self.object_port,
            "--state-dir": self.state_dir,
            "--speed": self.speed,
            "--slots": self.slots,
            "--url-lifetime": self.url_lifetime,
            "--heartbeat": self.heartbeat,
            "--head-timeout": self.head_timeout,
            "--idle": self.idle,
            "--runtime-file": self.runtime_file,
        }
        given = [text for name, value in options.items() if value is not None for text in (name, str(value))]
        for label in self.labels:
            given += ["--label", label]
        return [*given, "--lifeline"] if self.lifeline else given
