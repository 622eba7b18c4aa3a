"""The setup for repo2docker, checked as far as possible without building the image."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cyberun_widget.cli.demo import _free_port
from tests.waiting import until

PROJECT = Path(__file__).parents[2]
BINDER = PROJECT / "binder"
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def test_it_installs_the_package_with_what_the_quickstart_needs():
    lines = [line for line in (BINDER / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    # A path that begins with a dot makes repo2docker copy the repository before it installs.
    assert lines == [".[demo]"]
    assert re.search(r"^demo = \[.*local.*jupyterlab", (PROJECT / "pyproject.toml").read_text(), re.MULTILINE)


def test_its_python_is_one_that_the_package_takes():
    version = re.fullmatch(r"python-3\.(\d+)\n", (BINDER / "runtime.txt").read_text())
    assert version
    assert int(version[1]) >= 10


def test_no_key_is_anywhere_in_it():
    for path in BINDER.iterdir():
        assert not re.search(r"(sk|dk|ak)-\w|CYBERUN_(API_)?KEY", path.read_text())


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An environment's prefix, as `postBuild` leaves it."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    assert os.access(BINDER / "postBuild", os.X_OK)
    subprocess.run(
        [BINDER / "postBuild"], cwd=PROJECT, env={**os.environ, "NB_PYTHON_PREFIX": str(tmp_path)}, check=True
    )
    return tmp_path


def test_jupyterlab_opens_on_the_quickstart(prefix, tmp_path):
    port, token = _free_port(0), secrets.token_hex(8)
    folders = {f"JUPYTER_{name}": str(tmp_path / name.lower()) for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")}
    # The prefix is passed explicitly, because it isn't that of the running environment.
    environment = {
        **os.environ,
        **folders,
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_PATH": str(prefix / "etc" / "jupyter"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    server = subprocess.Popen(
        [*command, "--ServerApp.port_retries=0", f"--ServerApp.root_dir={PROJECT}"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert landing(f"http://127.0.0.1:{port}/?token={token}").endswith("/lab/tree/notebooks/quickstart.ipynb")
    finally:
        server.terminate()
        server.wait(30)


def landing(url: str) -> str:
    """Where a browser lands, once the server answers."""
    return until(lambda: visit(url), 60, pause=0.3)


def visit(url: str) -> str | None:
    try:
        with NO_PROXY.open(url, timeout=30) as page:
            return str(page.url).split("?")[0]
    except (urllib.error.URLError, ConnectionError):
        return None
