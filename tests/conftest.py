"""What several kinds of tests use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

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
    """Name what had to be run again: it passed in the end, and wants to be mended all the same."""
    names = sorted({report.nodeid for report in terminalreporter.stats.get("rerun", [])})
    if names:
        terminalreporter.section(f"{len(names)} run again", "=", yellow=True)
        for name in names:
            terminalreporter.write_line(name)


@pytest.fixture(scope="session")
def ipykernel6_folder() -> Path:
    """A folder that, put on PYTHONPATH, makes ipykernel a 6. `make test` fetches it."""
    folder = Path(sys.prefix) / "ipykernel6"
    if not (folder / "ipykernel").is_dir():
        pytest.skip(f"{folder} is missing; `make ipykernel6` fetches it")
    return folder
