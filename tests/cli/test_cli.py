"""The command line as users run it: real processes, the real local server."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from cyberun_widget import Client, CyberunError
from cyberun_widget.cli import notebooks as _notebooks
from cyberun_widget.cli.notebooks import notebooks
from cyberun_widget.local import LocalServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLI = [sys.executable, "-m", "cyberun_widget.cli.main"]
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer.start() as running:
        yield running


@pytest.fixture
def client(server: LocalServer) -> Client:
    return Client(server.api_key, base_url=server.base_url)


@pytest.fixture
def environment(server: LocalServer, tmp_path: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CYBERUN_", "JUPYTER_"))},
        "CYBERUN_BASE_URL": server.base_url,
        "CYBERUN_API_KEY": server.api_key,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
    }


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Start the command like a terminal: a shell that runs the tests in the background ignores SIGINT."""
    return subprocess.Popen(
        [*CLI, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLI, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False)


# --- watch ------------------------------------------------------------


def test_a_task_that_completes_gives_a_few_plain_lines_its_files_and_0(client, environment, tmp_path):
    task_id = client.submit("gray-scott", steps=3000, size=256)
    done = run(environment, "watch", task_id, "--save", str(tmp_path / "kept"))

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert 2 <= len(lines) <= 25
    assert any("Running" in line and "%" in line for line in lines)
    assert "Completed" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    kept = {path.name for path in (tmp_path / "kept").iterdir()}
    assert {"gray-scott.png", "gray-scott.mp4", "task.json"} <= kept
    assert json.loads((tmp_path / "kept" / "task.json").read_text())["task_id"] == task_id


def test_a_task_that_fails_says_why_and_gives_1(client, environment):
    done = run(environment, "watch", client.submit("tiny-splat", photos=3, iterations=5))
    assert done.returncode == 1
    assert "Failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_task_that_is_cancelled_gives_2(client, environment):
    task_id = client.submit("gray-scott", steps=100_000)
    client.cancel(task_id)
    done = run(environment, "watch", task_id)
    assert done.returncode == 2
    assert "Cancelled" in done.stdout


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"CYBERUN_API_KEY": ""}, "No API key"),
        ({"CYBERUN_API_KEY": "ak-agent"}, "agent key"),
        ({"CYBERUN_API_KEY": "sk-somebody-else"}, "key"),
        ({"CYBERUN_BASE_URL": "core.example"}, "base URL"),
        ({}, "Not found"),
    ],
)
def test_a_task_that_cannot_be_watched_is_one_line_on_stderr_and_3(environment, changed, words):
    done = run({**environment, **changed}, "watch", "00000000-0000-7000-8000-000000000000", "--plain")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("cyberun-widget: ")
    assert words in done.stderr
    assert environment["CYBERUN_API_KEY"] not in done.stdout + done.stderr


def test_ctrl_c_stops_watching_but_not_the_task(client, environment):
    task_id = client.submit("gray-scott", steps=100_000)
    watching = start(environment, "watch", task_id)
    assert watching.stdout is not None
    assert task_id in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=20)

    assert watching.returncode == 130
    assert "The task is still running" in said
    assert "Traceback" not in said
    assert not client.task(task_id).ended
    client.cancel(task_id)


def test_on_a_terminal_the_card_is_redrawn_in_its_place(client, environment):
    screen, terminal = os.openpty()
    watching = subprocess.Popen(
        [*CLI, "watch", client.submit("gray-scott", steps=3000, size=256)],
        env={**environment, "TERM": "xterm-256color", "COLUMNS": "90"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    drawn = b""
    with suppress(OSError):  # EIO is how Linux says that the other end is closed
        while part := os.read(screen, 65536):
            drawn += part
    os.close(screen)
    assert watching.wait(60) == 0
    assert b"\x1b[1A" in drawn  # the cursor moves up
    assert "━".encode() in drawn
    assert b"Completed" in drawn


# --- the rest ---------------------------------------------------------


def test_the_version_is_that_of_the_package(environment):
    done = run(environment, "--version")
    assert done.stdout.strip() == f"cyberun-widget {importlib.metadata.version('cyberun-widget')}"


@pytest.mark.parametrize("arguments", [[], ["wach"], ["watch"], ["local", "--port", "70000"], ["demo", "--port", "x"]])
def test_an_invalid_command_line_is_one_line_and_64(environment, arguments):
    done = run(environment, *arguments)
    assert done.returncode == 64
    assert done.stderr.count("\n") == 1


def test_the_help_lists_the_exit_codes_and_the_source_of_the_key(environment):
    told = " ".join(run(environment, "watch", "--help").stdout.split())
    for word in ("0 completed", "1 failed", "2 cancelled", "130 Ctrl-C", "CYBERUN_API_KEY", "--save"):
        assert word in told


def test_local_prints_how_to_connect_serves_and_stops_on_ctrl_c(environment):
    serving = start(environment, "local")
    assert serving.stdout is not None
    text = ""
    while "Ctrl-C" not in text:
        line = serving.stdout.readline()
        assert line, serving.communicate()
        text += line
    base_url = re.search(r"CYBERUN_BASE_URL=(\S+)", text)
    key = re.search(r"CYBERUN_API_KEY=(\S+)", text)
    assert base_url
    assert key
    assert "neither ComfyUI nor Nerfstudio" in text
    assert "gray-scott" in [flow.slug for flow in Client(key[1], base_url=base_url[1]).workflows()]
    serving.send_signal(signal.SIGINT)
    _, said = serving.communicate(timeout=20)
    assert serving.returncode in (0, 130)
    assert said == ""


@pytest.mark.parametrize(
    ("keyed", "end"),
    [(False, signal.SIGINT), (True, signal.SIGHUP)],
    ids=["without a key, ended by Ctrl-C", "with a key, ended by closing the terminal"],
)
def test_demo_brings_up_the_quickstart_and_leaves_nothing_behind(server, environment, keyed, end):
    mine = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": server.api_key}
    others = {name: value for name, value in environment.items() if name not in mine}
    demo = start({**others, **(mine if keyed else {})}, "demo", "--no-browser")
    assert demo.stdout is not None
    text = ""
    try:
        while "Ctrl-C" not in text:
            line = demo.stdout.readline()
            assert line, demo.communicate()
            text += line
        service = next(line for line in text.splitlines() if line.startswith("Service"))
        assert ("with your key" in service) is keyed
        assert (server.base_url in service) is keyed
        assert server.api_key not in text
        found = re.search(r"http://\S+/lab/tree/quickstart\.ipynb\?token=\S+", text)
        assert found
        with NO_PROXY.open(found[0], timeout=30) as page:
            assert b"jupyter-config-data" in page.read()
        plugin = "/lab/api/settings/@jupyterlab/apputils-extension:notification"
        with NO_PROXY.open(re.sub(r"/lab/tree/[^?]*", plugin, found[0]), timeout=30) as answer:
            assert json.load(answer)["schema"]["properties"]["fetchNews"]["default"] == "false"
    finally:
        demo.send_signal(end)
        _, said = demo.communicate(timeout=60)
    assert demo.returncode == 0, said
    assert "Traceback" not in said
    for base in (found[0], *([] if keyed else re.findall(r"http://\S+/api/v1", service))):
        with pytest.raises(OSError):  # noqa: PT011 - refused: nobody is there any more
            NO_PROXY.open(base, timeout=5)


def test_without_a_checkout_the_demo_opens_copies_and_never_overwrites_one(tmp_path, monkeypatch):
    shipped = tmp_path / "site-packages" / "cyberun_widget" / "notebooks"
    shipped.mkdir(parents=True)
    for name in ("explore", "quickstart", "sweep"):
        (shipped / f"{name}.ipynb").write_text(f"{name} as shipped")
    monkeypatch.setattr(_notebooks, "_PACKAGE", shipped.parent)
    mine = tmp_path / "mine"
    mine.mkdir()
    monkeypatch.chdir(mine)
    assert [path.name for path in notebooks()] == ["quickstart.ipynb", "explore.ipynb", "sweep.ipynb"]
    assert (mine / "sweep.ipynb").read_text() == "sweep as shipped"
    (mine / "sweep.ipynb").write_text("with my notes")
    assert notebooks()[-1].read_text() == "with my notes"
    for path in shipped.iterdir():
        path.unlink()
    with pytest.raises(CyberunError, match="Reinstall cyberun-widget"):
        notebooks()


def test_a_port_in_use_is_reported(environment, server):
    port = server.base_url.split(":")[2].split("/")[0]
    for command in (["demo", "--no-browser"], ["local"]):
        done = run(environment, *command, "--port", port)
        assert done.returncode == 3
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
