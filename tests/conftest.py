"""Fixtures shared by all tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cyberun_widget import Client
from cyberun_widget.local import LocalServer
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

BROWSER = Path(__file__).parent / "browser"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rerun-browser", type=int, default=0, help="run a browser test that failed again, this often")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "browser: drives a real browser; only these may be run again, and are then named"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reruns: int = config.getoption("--rerun-browser")
    for item in items:
        if BROWSER in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if reruns:
                item.add_marker(pytest.mark.flaky(reruns=reruns))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the tests that were rerun: they passed in the end, but are flaky and need fixing."""
    names = sorted({report.nodeid for report in terminalreporter.stats.get("rerun", [])})
    if names:
        terminalreporter.section(f"{len(names)} run again", "=", yellow=True)
        for name in names:
            terminalreporter.write_line(name)


@pytest.fixture(scope="session")
def ipykernel6_folder() -> Path:
    """A folder that provides ipykernel 6 when put on PYTHONPATH. `make test` installs it."""
    folder = Path(sys.prefix) / "ipykernel6"
    if not (folder / "ipykernel").is_dir():
        pytest.skip(f"{folder} is missing; `make ipykernel6` fetches it")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A local server, at five times its normal speed, one per test file."""
    with LocalServer.start(state_dir=tmp_path_factory.mktemp("server"), speed=5) as running:
        yield running


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep downloads out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def client(server: LocalServer, own_cache: None) -> Client:
    """A client of that server."""
    return Client(server.api_key, base_url=server.base_url)


@pytest.fixture(autouse=True)
def no_watch_is_left() -> Iterator[None]:
    """Fail a test that leaves a task watched: its watch would occupy the network thread during later tests."""
    yield
    module = sys.modules.get("cyberun_widget.following.task_watch")
    if module is None:
        return
    watches = module._watches
    try:
        until(lambda: not watches, state=lambda: [watch.key for watch in watches.values()])
    finally:
        for watch in [*watches.values()]:
            watch._work.cancel()
