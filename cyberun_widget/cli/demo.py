"""`cyberun-widget demo`: opens the quickstart in JupyterLab, with a new local server or the cloud."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from cyberun_widget.api.settings import Settings
from cyberun_widget.cli.notebooks import notebooks
from cyberun_widget.errors import ConfigurationError, CyberunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cyberun_widget.local import LocalServer

_NOTIFICATION: Final = "@jupyterlab/apputils-extension:notification"
_FIRST_PORT: Final = 8888
_PORTS_TRIED: Final = 50
_START: Final = 90.0  # seconds for JupyterLab to answer; the first start on a slow disk takes a while
_STOP: Final = 15.0  # seconds for JupyterLab to shut down its kernels
_TICK: Final = 0.3
_KEYS: Final = ("CYBERUN_API_KEY", "CYBERUN_KEY")


def demo(*, port: int | None = None, browser: bool = True) -> None:
    """Start JupyterLab with the quickstart, and a local server if needed. Returns once Ctrl-C has stopped everything.

    `port`: JupyterLab's, by default 8888 or the next free one. Raises CyberunError if something is missing or doesn't
    start.
    """
    if find_spec("jupyterlab") is None:
        raise ConfigurationError('The demo needs JupyterLab: pip install "cyberun-widget[demo]"')
    shown = notebooks()
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(_signals_as_interrupt())
            account = _account(stack)
            lab = Lab(shown[0], _free_port(port), {**os.environ, **account})
            stack.callback(lab.stop)
            lab.start(browser=browser)
            _say(f"JupyterLab  {lab.url}")
            _say(f"Notebooks   {', '.join(path.name for path in shown)} in {shown[0].parent}")
            _say("Press Ctrl-C to stop everything.")
            lab.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal has been closed
            _say("\nEnded.")


def _account(stack: contextlib.ExitStack) -> Mapping[str, str]:
    """Return the environment variables that select a kernel's service. A local server is entered on the stack."""
    if any(os.environ.get(name) for name in _KEYS):
        _say(f"Service     {Settings.resolve().base_url}, with your key from CYBERUN_API_KEY")
        return {}
    server = stack.enter_context(_local_server())
    _say(f"Service     a local server, {server.base_url} (real work on this CPU; not ComfyUI, not Nerfstudio)")
    return {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": server.api_key}


def _local_server() -> LocalServer:
    from cyberun_widget.local import LocalServer  # noqa: PLC0415 - needed only without a key

    try:
        return LocalServer.start()
    except (ImportError, OSError) as error:
        words = str(error)  # says what is missing, and how to install it
    raise ConfigurationError(words)


class Lab:
    """JupyterLab as a child process that shows one notebook. `environment`: the child's variables."""

    def __init__(self, notebook: Path, port: int, environment: Mapping[str, str]) -> None:
        self._notebook, self._port = notebook, port
        self._token = secrets.token_hex(16)
        self._settings = tempfile.TemporaryDirectory(prefix="cyberun-demo-")  # removed by stop()
        folders = [self._settings.name, *filter(None, [environment.get("JUPYTER_CONFIG_PATH")])]
        # Passed in the environment: any user of the machine can read a command line.
        self._environment = {
            **environment,
            "JUPYTER_TOKEN": self._token,
            "JUPYTER_CONFIG_PATH": os.pathsep.join(folders),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()

    @property
    def url(self) -> str:
        """The notebook's address, with the token that opens it."""
        return f"{self._base}/lab/tree/{self._notebook.name}?token={self._token}"

    @property
    def _base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self, *, browser: bool) -> None:
        """Start it, and return once it answers. Raises CyberunError with the end of its log if it doesn't."""
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self._port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self._notebook.parent,
            "ServerApp.open_browser": browser,
            "LabApp.news_url": None,
            "LabApp.extension_manager": "readonly",
        }
        # Otherwise JupyterLab greets new users with a question about news. Users' own settings take precedence.
        defaults = Path(self._settings.name) / "labconfig" / "default_setting_overrides.json"
        defaults.parent.mkdir()
        defaults.write_text(json.dumps({_NOTIFICATION: {"fetchNews": "false", "checkForUpdates": False}}))
        command = [sys.executable, "-m", "jupyterlab", str(self._notebook), "--log-level=WARN"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        # In a new session: Ctrl-C is handled here, without JupyterLab's confirmation.
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with fixed arguments
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        deadline = time.monotonic() + _START
        while not self._answers():
            if self._process.poll() is not None:
                self._fail("JupyterLab did not start.")
            if time.monotonic() > deadline:
                self._fail(f"JupyterLab did not answer within {_START:.0f} s.")
            time.sleep(_TICK)

    def wait(self) -> None:
        """Return once it has been shut down (File > Shut Down). Raises CyberunError if it crashed."""
        if self._process is not None and self._process.wait() != 0:
            self._fail("JupyterLab stopped unexpectedly.")

    def stop(self) -> None:
        """Shut it down, with its kernels."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()
        self._settings.cleanup()

    def _answers(self) -> bool:
        request = urllib.request.Request(  # noqa: S310 - a loopback address
            f"{self._base}/api/status", headers={"Authorization": f"token {self._token}"}
        )
        # Without a proxy, which couldn't reach this machine's loopback address.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(request, timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def _fail(self, words: str) -> NoReturn:
        self._log.seek(0)
        end = self._log.read().decode(errors="replace").replace(self._token, "***").strip().splitlines()[-15:]
        raise CyberunError("\n".join([f"{words} Its last output:", *end]))


def _free_port(wanted: int | None) -> int:
    """Return the port to use. Raises ConfigurationError if the wanted one is in use."""
    candidates = [wanted] if wanted is not None else [*range(_FIRST_PORT, _FIRST_PORT + _PORTS_TRIED), 0]
    for port in candidates:
        with socket.socket() as probe, contextlib.suppress(OSError):
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found: int = probe.getsockname()[1]
            return found
    raise ConfigurationError(f"Port {wanted} is in use. Choose another one, or omit --port.")


@contextlib.contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal as Ctrl-C."""
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - output for the user
