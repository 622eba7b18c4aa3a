"""`LocalServer`: the local server as a child process, for tests, notebooks and the demo."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from cyberun_widget.local.http.credentials import Credentials
from cyberun_widget.local.process.extra import require_extra
from cyberun_widget.local.process.settings import KEY_VARIABLE, ServerSettings, choose_key, default_slots

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_START: Final = 60.0  # seconds allowed for a start on a busy machine
_STOP: Final = 10.0  # seconds allowed for a clean shutdown


@dataclass(slots=True)
class LocalServer:
    """A running local server. It ends with `stop()`, its context, or the process that started it.

    `base_url`: of the API, `http://127.0.0.1:PORT/api/v1`; `object_url`: the second origin.
    """

    base_url: str
    object_url: str
    api_key: str = field(repr=False)
    process: subprocess.Popen[str] = field(repr=False)

    @classmethod
    def start(  # noqa: PLR0913 - each caller names two or three
        cls,
        port: int = 0,
        state_dir: str | Path | None = None,
        api_key: str | None = None,
        object_port: int = 0,
        speed: float = 1.0,
        *,
        url_lifetime: int = 3600,
        heartbeat: float = 10.0,
        head_timeout: float = 10.0,
        slots: int | None = None,
        labels: tuple[str, ...] = (),
    ) -> LocalServer:
        """Start a server and return once it answers. For the arguments see `ServerSettings`.

        Raises ImportError without the [local] extra, OSError if it doesn't start, ValueError for an invalid key.
        """
        settings = ServerSettings(
            api_key=choose_key(api_key),
            port=port,
            object_port=object_port,
            state_dir=None if state_dir is None else Path(state_dir),
            speed=speed,
            slots=default_slots() if slots is None else slots,
            labels=labels,
            url_lifetime=url_lifetime,
            heartbeat=heartbeat,
            head_timeout=head_timeout,
            lifeline=True,
        )
        process, ready = spawn(settings)
        return cls(ready["base_url"], ready["object_url"], settings.api_key, process)

    @property
    def credentials(self) -> Credentials:
        """The other tokens of the server's team: a device key, a user token, the team's id."""
        return Credentials.from_key(self.api_key)

    def stop(self) -> None:
        """Stop the server cleanly; its tasks are kept in `state_dir` for the next server."""
        self._cut_lifeline()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the server at once, like a crash (SIGKILL)."""
        self.process.kill()
        self.process.wait()
        self._cut_lifeline()

    def _cut_lifeline(self) -> None:
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def spawn(settings: ServerSettings, log: IO[str] | None = None) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start `python -m cyberun_widget.local` and wait until it announces itself. `log` receives its stderr.

    Raises ImportError without the [local] extra, OSError if it doesn't start.
    """
    require_extra()
    # In a separate session: Ctrl-C in the terminal and a notebook's stop button are meant for the parent.
    apart: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {"creationflags": 0x00000208}
    process = subprocess.Popen(  # noqa: S603 - this package, run by this interpreter
        [sys.executable, "-m", "cyberun_widget.local", "--announce", *settings.arguments()],
        stdin=subprocess.PIPE if settings.lifeline else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ | {KEY_VARIABLE: settings.api_key},
        text=True,
        encoding="utf-8",
        **apart,
    )
    timer = threading.Timer(_START, process.kill)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdout is not None  # noqa: S101 - stdout=PIPE
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
