"""A script and an IPython terminal, on a real terminal (a pty) and in a pipe."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from cyberun_widget.local import LocalServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = """
    from cyberun_widget import Client
    task = Client().run("echo-files", kinds="png", seconds=2)
    result = task.wait()
    print("verdict:", result.status)
"""
UP = re.compile(r"\x1b\[\d+F\x1b\[J")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer.start(state_dir=tmp_path_factory.mktemp("service")) as server:
        yield server


@pytest.fixture
def environment(service: LocalServer, tmp_path: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    account = {"CYBERUN_API_KEY": service.api_key, "CYBERUN_BASE_URL": service.base_url}
    return {**kept, **account, "TERM": "xterm-256color", "XDG_CACHE_HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)}


def on_a_terminal(command: list[str], environment: dict[str, str], typed: str = "", until: str = "verdict: ") -> str:
    """Return a command's output on a terminal until a text appears. `typed` is typed at once."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=environment)
    os.close(follower)
    os.write(leader, typed.encode())
    said, deadline = "", time.monotonic() + 60
    try:
        while not re.search(rf"^{until}\w", said, re.MULTILINE) and time.monotonic() < deadline:
            if select.select([leader], [], [], 0.2)[0]:
                try:
                    said += os.read(leader, 65_536).decode(errors="replace").replace("\r\n", "\n")
                except OSError:  # the process has ended, and with it the terminal
                    break
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    return said


def script() -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(SCRIPT)]


def test_a_script_on_a_terminal_sees_a_card_that_rewrites_itself(environment: dict[str, str]) -> None:
    said = on_a_terminal(script(), environment)
    assert len(UP.findall(said)) >= 3
    last = UP.split(said)[-1]
    assert "Completed" in last
    assert "echo.png" in last
    assert "verdict: completed" in last
    assert last.count("Echo files") == 1


def test_a_script_in_a_pipe_gets_sparse_lines_on_stderr_and_none_on_stdout(environment: dict[str, str]) -> None:
    done = subprocess.run(script(), env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "verdict: completed\n"
    lines = done.stderr.splitlines()
    assert 3 <= len(lines) <= 16
    assert all(line.startswith("Echo files ") for line in lines)
    assert "Completed" in lines[-1]
    assert "\x1b" not in done.stderr


def test_no_color_is_obeyed_on_a_terminal(environment: dict[str, str]) -> None:
    said = on_a_terminal(script(), {**environment, "NO_COLOR": "1"})
    assert "\x1b" not in UP.sub("", said)


def test_an_ipython_terminal_shows_a_line_and_rewrites_only_while_it_waits(environment: dict[str, str]) -> None:
    typed = """
        from cyberun_widget import Client
        task = Client().run("echo-files", kinds="png", seconds=2)
        display(task)
        print("marker:", 1)
        print("verdict:", task.wait().status)
    """
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"]
    said = on_a_terminal(command, environment, textwrap.dedent(typed).lstrip())
    before, _, after = said.partition("marker: 1")
    assert not UP.search(before)
    assert re.search(r"^(In \[\d+\]: )*<TaskWidget .*>$", before, re.MULTILINE)
    assert UP.search(after)
    assert "verdict: completed" in after


def test_interrupting_the_wait_leaves_the_task_and_the_block_alone(environment: dict[str, str]) -> None:
    body = """
        import os, signal, threading, time
        from cyberun_widget import Client
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored if a shell started the tests with "&"
        task = Client().run("echo-files", kinds="png", seconds=30)

        def interrupt():
            while task.status != "running":
                time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt, daemon=True).start()
        try:
            task.wait()
        except KeyboardInterrupt:
            print("verdict: interrupted,", Client().task(task.task_id).status)
            task.cancel()
    """
    said = on_a_terminal([sys.executable, "-c", textwrap.dedent(body)], environment, until="verdict: interrupted, ")
    assert re.search(r"^verdict: interrupted, running$", said, re.MULTILINE)
