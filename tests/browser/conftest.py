"""A real JupyterLab and a real Chromium for the browser tests.

One server per session; one browser per module (Playwright's loop counts as running in its thread, which would prevent
other tests from using asyncio); one page and new kernels per test. The user's own settings are never touched.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import sync_playwright
from states.serve import served
from viewer_bench import Bench

from cyberun_widget import Client
from cyberun_widget.local import LocalServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright, Response

App = Literal["lab", "notebook"]

PROJECT = Path(__file__).parents[2]
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
WEBGL_FLAGS = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

HOST_NOISE = [
    # Notebook 7.6 sometimes starts its plugins out of order: errors whose stack contains only its own files.
    r"^uncaught: [^\n]*(\n\s+at (async Promise\.all|[^\n]*/static/notebook/)[^\n]*)+$",
]
"""Errors that the applications cause even in a notebook without a widget."""

SETTINGS: dict[str, dict[str, Any]] = {
    # No question about news, and no check for updates on the network.
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Theme switches do not wait.
    "@jupyterlab/apputils-extension/themes": {"theme": "JupyterLab Light", "adaptive-theme": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}


@dataclass
class Lab:
    """A JupyterLab server in its own process, with its own folders. It also serves Notebook 7."""

    folder: Path
    port: int = 0
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    variables: Mapping[str, str] = field(default_factory=dict)
    """Additional environment variables of the server and its kernels."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        """The folder that the file browser shows."""
        return self.folder / "root"

    @property
    def kernelspecs(self) -> Path:
        """The folder for additional kernels, with one subfolder each."""
        return self.folder / "data" / "kernels"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def start(self) -> None:
        """Start the server and wait until it answers. Its port stays the same over restarts."""
        self.root.mkdir(parents=True, exist_ok=True)
        for name, values in SETTINGS.items():
            target = self.folder / "settings" / f"{name}.jupyterlab-settings"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(values))
        self.port = self.port or free_port()
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.root,
            "ServerApp.terminals_enabled": False,
            "IdentityProvider.token": self.token,
            "JupyterNotebookApp.expose_app_in_browser": True,
            "LabApp.extension_manager": "readonly",  # the default one connects to PyPI
            "LanguageServerManager.autodetect": False,
        }
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *(f"--{key}={value}" for key, value in options.items())],
                cwd=self.root,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                self.request("api/status")
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"JupyterLab does not start:\n{self.log[-3000:]}", pytrace=False)
            time.sleep(0.2)

    def environment(self) -> dict[str, str]:
        """Return the environment of server and kernels: this project's code, without the user's key and folders."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("CYBERUN_", "JUPYTER", "XDG_"))}
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
            "XDG_CACHE_HOME": "cache",
            "XDG_STATE_HOME": "state",
            "XDG_RUNTIME_DIR": "xdg-runtime",
        }
        for folder in folders.values():
            (self.folder / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            **kept,
            **{key: str(self.folder / folder) for key, folder in folders.items()},
            "PYTHONPATH": os.pathsep.join(paths),
            **self.variables,
        }

    def request(self, path: str, method: str = "GET") -> Any:
        """Return the parsed response of the server's REST API."""
        request = urllib.request.Request(
            self.url(path), method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            body = response.read()
        return json.loads(body) if body else None

    def stop_kernels(self) -> None:
        for session in self.request("api/sessions"):
            with contextlib.suppress(urllib.error.HTTPError):  # its kernel has died
                self.request(f"api/sessions/{session['id']}", method="DELETE")
        for kernel in self.request("api/kernels"):
            with contextlib.suppress(urllib.error.HTTPError):
                self.request(f"api/kernels/{kernel['id']}", method="DELETE")

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            self.stop_kernels()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def restart(self) -> None:
        """Stop the server and all kernels, and start it again on the same port."""
        self.stop()
        self.start()

    def write_notebook(self, name: str, *cells: str, kernel: str = "python3") -> Path:
        """Write a notebook of code cells; a text that starts with ``# md`` becomes a Markdown cell."""
        made = [new_markdown_cell(c[4:].strip()) if c.startswith("# md") else new_code_cell(c.strip()) for c in cells]
        spec = {"name": kernel, "display_name": kernel, "language": "python"}
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(new_notebook(cells=made, metadata={"kernelspec": spec}), path)
        return path


@dataclass
class Console:
    """The messages of the browser's console. Errors that a test did not allow fail it."""

    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        """Expect errors that match a regular expression."""
        self.allowed.append(pattern)

    def watch(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error.stack or error}"))
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        line = f"{message.text} ({message.location.get('url', '')})"
        self.lines.append(f"{message.type}: {line}")
        # A failed request is noted by _answered, with its status.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.errors.append(line)

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.errors.append(f"{response.status} {response.request.method} {response.url}")

    @property
    def unexpected(self) -> list[str]:
        return [error for error in self.errors if not any(re.search(p, error) for p in HOST_NOISE + self.allowed)]


def cancel(card: Locator) -> None:
    """Press Cancel, and confirm."""
    card.get_by_role("button", name="Cancel", exact=True).click()
    card.get_by_role("button", name="Yes, cancel").click()


class Notebook:
    """A notebook open in a page of JupyterLab or Notebook 7."""

    def __init__(self, lab: Lab, page: Page, path: Path, app: App = "lab") -> None:
        self.lab, self.page, self.path, self.app = lab, page, path, app

    def open(self, *, kernel: bool = True) -> Notebook:
        """Open it in the page; with ``kernel``, wait until its kernel is idle."""
        place = self.path.relative_to(self.lab.root).as_posix()
        route = f"lab/tree/{place}?reset&" if self.app == "lab" else f"notebooks/{place}?"
        self.page.goto(self.lab.url(f"{route}token={self.lab.token}"))
        self._ready(kernel=kernel)
        return self

    def reload(self, *, kernel: bool = True) -> None:
        """Save and reload the page: without saving, the outputs would be lost. The kernel keeps running."""
        self.save()
        self.page.reload()
        self._ready(kernel=kernel)

    def _ready(self, *, kernel: bool) -> None:
        self.page.wait_for_function("() => window.jupyterapp", timeout=60_000)
        self.page.evaluate(
            """async () => {
                const app = window.jupyterapp;
                await app.restored;
                window.cyRuns = {};
                window.cyPanel = () => [...app.shell.widgets("main")]
                    .find(one => one.sessionContext && one.content.widgets);
            }"""
        )
        self.page.wait_for_function(
            """kernel => {
                const panel = window.cyPanel();
                return panel?.isRevealed && panel.content.widgets.length > 0
                    && (!kernel || panel.sessionContext.session?.kernel?.status === "idle");
            }""",
            arg=kernel,
            timeout=60_000,
        )

    def start(self, index: int) -> None:
        """Run a cell and do not wait for it."""
        self.page.evaluate(
            """index => {
                const panel = window.cyPanel();
                panel.content.deselectAll();
                panel.content.activeCellIndex = index;
                const run = { done: false };
                window.cyRuns[index] = run;
                window.jupyterapp.commands.execute("notebook:run-cell").finally(() => { run.done = true; });
            }""",
            index,
        )

    def finished(self, index: int) -> bool:
        """Whether a cell that was started has ended."""
        return bool(self.page.evaluate("index => window.cyRuns[index]?.done ?? false", index))

    def wait(self, index: int, timeout: float = 60) -> None:
        """Wait until a cell that was started has ended; seconds."""
        self.page.wait_for_function("index => window.cyRuns[index]?.done", arg=index, timeout=timeout * 1000)

    def run(self, index: int, timeout: float = 60) -> Locator:
        """Run a cell, wait for its end, and fail if it raised. Returns its output area."""
        self.start(index)
        self.wait(index, timeout)
        errors = self.page.evaluate(
            """index => (window.cyPanel().content.widgets[index].model.toJSON().outputs ?? [])
                .filter(one => one.output_type === "error")
                .map(one => `${one.ename}: ${one.evalue}\\n${one.traceback.join("\\n")}`)""",
            index,
        )
        assert not errors, re.sub(r"\x1b\[[\d;]*m", "", "\n".join(errors))
        return self.output(index)

    def run_all(self, timeout: float = 120) -> None:
        """Run the cells from the top, one after another."""
        for index in range(self.page.evaluate("() => window.cyPanel().content.widgets.length")):
            self.run(index, timeout)

    def interrupt(self) -> None:
        """Press the stop button."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")

    def restart_kernel(self) -> None:
        """Restart the kernel without confirmation, and wait until it is idle."""
        self.page.evaluate("() => window.cyPanel().sessionContext.session.kernel.restart()")
        self.wait_idle()

    def delete_cell(self, index: int) -> None:
        self.page.evaluate(
            """index => {
                window.cyPanel().content.activeCellIndex = index;
                return window.jupyterapp.commands.execute("notebook:delete-cell");
            }""",
            index,
        )

    def wait_idle(self, timeout: float = 60) -> None:
        """Wait until the kernel has nothing left to run; seconds."""
        self.page.wait_for_function(
            "() => window.cyPanel().sessionContext.session?.kernel?.status === 'idle'"
            " && Object.values(window.cyRuns).every(run => run.done)",
            timeout=timeout * 1000,
        )

    def cell(self, index: int) -> Locator:
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Locator:
        return self.cell(index).locator(".jp-Cell-outputArea")

    def save(self) -> nbformat.NotebookNode:
        """Save with the widgets' state, as the menu does, and return the saved notebook."""
        # Not until the model isn't dirty: a card that is still rewriting its archive makes it dirty again.
        self.page.evaluate(
            """() => {
              const { context } = window.cyPanel();
              window.cySaved = false;
              context.saveState.connect(function note(_, state) {
                if (state === "started") return;
                context.saveState.disconnect(note);
                window.cySaved = state === "completed";
              });
              void window.jupyterapp.commands.execute("docmanager:save");
            }"""
        )
        self.page.wait_for_function("() => window.cySaved")
        return self.read()

    def read(self) -> nbformat.NotebookNode:
        return nbformat.read(self.path, as_version=4)

    def theme(self, which: Literal["light", "dark"]) -> None:
        name = f"JupyterLab {which.title()}"
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })",
            name,
        )
        # If this doesn't wait for the splash screen, JupyterLab removes it twice on the next switch, and raises.
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name && !document.getElementById('jupyterlab-splash')",
            arg=name,
        )


def launch(playwright: Playwright, *, shell: bool = True) -> Browser:
    """Start a headless Chromium: the machine's, or else the one that ``playwright install`` fetched.

    `shell`: the headless shell will do. It costs half of ``chromium --headless``, which runs the whole desktop browser
    behind each page, but it shows no notifications.
    """
    found = (shell and shutil.which("chromium-headless-shell")) or shutil.which("chromium")
    channel = None if shell or found else "chromium"
    return playwright.chromium.launch(executable_path=found, channel=channel, args=[*CHROMIUM_FLAGS, *WEBGL_FLAGS])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """The embedded server, which implements the service's whole API."""
    with LocalServer.start(state_dir=tmp_path_factory.mktemp("service")) as server:
        yield server


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, service: LocalServer) -> Iterator[Lab]:
    """A running JupyterLab whose kernels find the service through their environment, like a user's."""
    account = {"CYBERUN_BASE_URL": service.base_url, "CYBERUN_API_KEY": service.api_key}
    server = Lab(tmp_path_factory.mktemp("jupyter"), variables=account)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one file."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def console() -> Iterator[Console]:
    """The page's console. The test fails on an error that it did not allow."""
    said = Console()
    yield said
    assert not said.unexpected, "\n".join(said.unexpected)


@pytest.fixture
def page(browser: Browser, console: Console) -> Iterator[Page]:
    """A new page of 1,200 by 900 pixels, in the light theme."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(15_000)
    opened = context.new_page()
    console.watch(opened)
    yield opened
    context.close()


@pytest.fixture
def notebook(
    lab: Lab, page: Page, service: LocalServer, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Write a notebook of the given cells and open it: ``notebook("1 + 1", kernel="python3", app="lab")``.

    Afterwards, its kernels are stopped, and running tasks are cancelled.
    """
    count = 0

    def make(*cells: str, kernel: str = "python3", app: App = "lab") -> Notebook:
        nonlocal count
        count += 1
        name = re.sub(r"\W+", "-", f"{request.node.name}-{count}")
        return Notebook(lab, page, lab.write_notebook(f"{name}.ipynb", *cells, kernel=kernel), app).open()

    yield make
    lab.stop_kernels()
    client = Client(service.api_key, base_url=service.base_url)
    for task in client.tasks(status="running"):
        client.cancel(task.id)


@pytest.fixture(scope="session")
def ipykernel6(lab: Lab, ipykernel6_folder: Path) -> str:
    """The name of a kernelspec with ipykernel 6, which has no subshells."""
    return add_kernel(lab, "ipykernel6", {"PYTHONPATH": os.pathsep.join([str(ipykernel6_folder), str(PROJECT)])})


def add_kernel(lab: Lab, name: str, environment: Mapping[str, str]) -> str:
    """Add this Python as another kernel, with its own environment variables."""
    target = lab.kernelspecs / name
    target.mkdir(parents=True, exist_ok=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
        "env": dict(environment),
    }
    (target / "kernel.json").write_text(json.dumps(spec))
    return name


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the page of all states."""
    with served() as url:
        yield url


@pytest.fixture
def show(address: str, page: Page) -> Callable[..., Locator]:
    """Open the page with these states, and return the first card: ``show("running", theme="dark", width=320)``."""

    def open_page(*states: str, **query: object) -> Locator:
        words = {"state": ",".join(states)} if states else {}
        words |= {key: str(value) for key, value in query.items()}
        page.goto(address + "?" + "&".join(f"{key}={value}" for key, value in words.items()))
        page.wait_for_selector("html[data-ready]", timeout=60_000)  # every state, painted by a busy machine
        return page.locator(".cyberun-task").first

    return open_page


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The viewers on a separate page, with files of all kinds."""
    with Bench(tmp_path_factory.mktemp("viewers")) as served:
        yield served
