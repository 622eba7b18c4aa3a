"""`LocalServer`: the embedded server as a process of its own, for tests, notebooks and `Client.local()`."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final

from cyberun_widget.local.http.credentials import Credentials
from cyberun_widget.local.process.extra import require_extra

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_START: Final = 60.0  # seconds that a start may take on a busy machine


@dataclass(slots=True)
class LocalServer:
    """A running local server. It ends with `stop()`, with its context, or with the process that started it.

    `base_url`: of the API, `http://127.0.0.1:PORT/api/v1`; `object_url`: the second origin.
    """

    base_url: str
    object_url: str
    api_key: str = field(repr=False)
    process: subprocess.Popen[str] = field(repr=False)

    @classmethod
    def start(  # noqa: PLR0913 - settings of which one names two or three
        cls,
        port: int = 0,
        state_dir: str | Path | None = None,
        api_key: str | None = None,
        object_port: int = 0,
        speed: float = 1.0,
        *,
        url_lifetime: int = 3600,
        heartbeat: float = 10.0,
        slots: int | None = None,
        labels: tuple[str, ...] = (),
    ) -> LocalServer:
        """Start a server and return once it answers.

        Ports: 0 for any free one. `state_dir`: None for a folder that is removed at the end. `api_key`: None for
        `CYBERUN_LOCAL_KEY`, or a random one. `speed`: divides the pauses between a task's states; below 1 it slows the
        work down, too. `url_lifetime`: seconds of a signed link; `heartbeat`: seconds between a stream's comments;
        `slots`: tasks at once; `labels`: what the agent offers beside "local" and "cpu".

        Raises ImportError without the [local] extra, OSError where it doesn't start, ValueError for an unfit key.
        """
        arguments = ["--port", port, "--object-port", object_port, "--speed", speed, "--url-lifetime", url_lifetime]
        arguments += ["--heartbeat", heartbeat, "--lifeline"]
        if state_dir is not None:
            arguments += ["--state-dir", os.fspath(state_dir)]
        if slots is not None:
            arguments += ["--slots", slots]
        for label in labels:
            arguments += ["--label", label]
        key = choose_key(api_key)
        process, ready = spawn([str(item) for item in arguments], key, lifeline=True)
        return cls(ready["base_url"], ready["object_url"], key, process)

    @property
    def credentials(self) -> Credentials:
        """The other tokens of the server's team: a device key, a user token, the team's id."""
        return Credentials.from_key(self.api_key)

    def stop(self) -> None:
        """End the server cleanly; its tasks are kept in `state_dir` for the next one."""
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server at once, as a crash would (SIGKILL)."""
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def choose_key(given: str | None = None) -> str:
    """Return the key to start with: the given one, that of `CYBERUN_LOCAL_KEY`, or a random one."""
    key = given or os.environ.get("CYBERUN_LOCAL_KEY") or f"sk-local-{secrets.token_urlsafe(24)}"
    Credentials.from_key(key)
    return key


def spawn(
    arguments: list[str], key: str, *, lifeline: bool, log: IO[str] | None = None
) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start `python -m cyberun_widget.local` and wait for its line. The key goes by the environment, not by `argv`.

    `lifeline`: whether it ends with this process; `log` takes its stderr.
    Raises ImportError without the [local] extra, OSError where it doesn't start.
    """
    require_extra()
    # A session of its own: Ctrl-C in the terminal, or a notebook's stop button, is meant for the one who asked for us.
    apart: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x00000208}
    process = subprocess.Popen(  # noqa: S603 - our own module, by this very interpreter
        [sys.executable, "-m", "cyberun_widget.local", "--announce", *arguments],
        stdin=subprocess.PIPE if lifeline else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ | {"CYBERUN_LOCAL_KEY": key},
        text=True,
        encoding="utf-8",
        **apart,
    )
    timer = threading.Timer(_START, process.kill)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        line = process.stdout.readline()
        process.stdout.close()
    finally:
        timer.cancel()
    if not line:
        code = process.wait()
        raise OSError(
            f"The local server didn't start (exit code {code}). Run `python -m cyberun_widget.local` to see why."
        )
    return process, json.loads(line)
