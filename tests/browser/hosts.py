"""The other hosts of a card: Voila, marimo, nbconvert, each in a separate process with separate folders."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from conftest import free_port
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from conftest import Console, Lab
    from playwright.sync_api import Page

VOILA_NOISE = r'^Error: The getter for the shared module [^\n]*\n[^\n]*"@jupyterlab/docregistry"'
"""Voila offers each extension of JupyterLab's and Notebook's to the page, and one of them doesn't load there."""


@contextlib.contextmanager
def voila(lab: Lab, page: Page, console: Console, notebook: Path) -> Iterator[None]:
    """Open a notebook as an app. Voila runs its cells for each page."""
    console.allow(VOILA_NOISE)
    port = free_port()
    options = ["--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1", "--Voila.port_retries=0"]
    command = [sys.executable, "-m", "voila", str(notebook), *options]
    with _serving(lab, command, port) as url, _visiting(page, url):
        yield


@contextlib.contextmanager
def marimo(lab: Lab, page: Page, *cells: str, mode: str = "run") -> Iterator[None]:
    """Open a marimo notebook of cells as an app ("run"), or in the editor ("edit") and run its cells."""
    path = lab.folder / f"marimo_{time.monotonic_ns()}.py"
    path.write_text(marimo_file(cells))
    port = free_port()
    options = ["--headless", "--no-token", "--port", str(port), "--host", "127.0.0.1", "--skip-update-check"]
    # --skip-update-check is `edit`'s alone; `run` doesn't look.
    command = [sys.executable, "-m", "marimo", mode, str(path), *(options if mode == "edit" else options[:-1])]
    with _serving(lab, command, port) as url, _visiting(page, url):
        if mode == "edit":
            cell = page.get_by_test_id("cell-editor").first
            expect(cell).to_be_visible(timeout=30_000)
            page.wait_for_timeout(1_000)  # it ignores clicks before it is connected, and doesn't show when it is
            page.get_by_test_id("run-button").last.click()
        yield


def marimo_file(cells: Sequence[str]) -> str:
    """Return a marimo notebook file. A cell may use names from the cells before it."""
    parts = ["import marimo\n\napp = marimo.App()\n"]
    for cell in cells:
        *body, last = cell.strip().split("\n")
        parts.append(f"@app.cell\ndef _():\n{textwrap.indent(chr(10).join([*body, last]), '    ')}\n    return\n")
    parts.append('if __name__ == "__main__":\n    app.run()\n')
    return "\n\n".join(parts)


def export(lab: Lab, notebook: Path, *, execute: bool = False, page: Path) -> Path:
    """Export a notebook to HTML, as `jupyter nbconvert --to html` does, into the file `page`."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(notebook), "--output", str(page)]
    command += ["--execute"] if execute else []
    done = subprocess.run(command, env=lab.environment(), check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return page


@contextlib.contextmanager
def _visiting(page: Page, url: str) -> Iterator[None]:
    """Open a page, and leave it before its server stops, so that no connection errors are logged."""
    page.goto(url, timeout=60_000)
    try:
        yield
    finally:
        page.goto("about:blank")


@contextlib.contextmanager
def _serving(lab: Lab, command: Sequence[str], port: int) -> Iterator[str]:
    url, log_path = f"http://127.0.0.1:{port}/", lab.folder / f"host-{port}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=lab.root, env=lab.environment(), stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(f"{url}health" if "marimo" in command else f"{url}voila/static/", process, log_path)
        yield url
    finally:
        # The whole process group, including an app's kernels.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server gives any answer. Loading the app's page would start a kernel."""
    deadline = time.monotonic() + 60
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the host does not start:\n{log.read_text(errors='replace')[-3000:]}", pytrace=False)
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True
