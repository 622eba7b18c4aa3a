"""The notebooks, executed by a real kernel on the real local server. The quickstart runs in tests/browser."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

from cyberun_widget import Client
from cyberun_widget.local import LocalServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer.start() as running:
        yield running


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_sound_names_its_kernel_and_carries_no_output(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.fixture
def execute(server, tmp_path, monkeypatch) -> Callable[[str], nbformat.NotebookNode]:
    """Run a notebook from top to bottom, in a separate folder and with the server's key."""
    for name in [name for name in os.environ if name.startswith("CYBERUN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CYBERUN_API_KEY", server.api_key)
    monkeypatch.setenv("CYBERUN_BASE_URL", server.base_url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")])))

    def run(name: str) -> nbformat.NotebookNode:
        notebook = nbformat.read(PROJECT / "notebooks" / f"{name}.ipynb", as_version=4)
        return NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()

    return run


def test_the_exploration_runs_as_it_is(server, tmp_path, execute):
    executed = execute("explore")
    shown = {cell.id: cell.get("outputs", []) for cell in executed.cells}
    for cell in ("form", "compare", "slider", "compare-three", "upload"):
        assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in shown[cell]), cell
    assert "gray-scott" in text(shown["run"])
    assert text(shown["measures"]).count("structure_scale") == 2
    assert text(shown["drive"]).splitlines()[-1] == "1", "three quick changes are one run"
    assert any("image/png" in output.get("data", {}) for output in shown["wait-upload"])
    assert list((tmp_path / "explore-results").glob("*.png"))
    assert server.api_key not in nbformat.writes(executed)


def test_the_sweep_runs_as_it_is_and_a_second_time_submits_nothing(server, tmp_path, execute):
    client = Client(server.api_key, base_url=server.base_url)
    ids = set()
    for _ in range(2):
        executed = execute("sweep")
        shown = {cell.id: cell.get("outputs", []) for cell in executed.cells}
        assert sum("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in shown["map"]) == 1
        archive = "".join(str(output.get("data", {}).get("text/html", "")) for output in shown["map"])
        # Every point that has a pattern is in the sheet that is saved; the added ones may come after nbclient has gone.
        assert archive.count("data:image/") in (34, 40)
        assert ast.literal_eval(text(shown["wait"])) == {"completed": 34, "failed": 2}
        for cell in ("sheet", "best", "plot"):
            assert any("image/png" in output.get("data", {}) for output in shown[cell]), cell
        assert (text(shown["again"]), text(shown["grow"])) == ("True", "42")
        assert len(list((tmp_path / "sweep-results").glob("*/*.png"))) == 40
        assert server.api_key not in nbformat.writes(executed)
        ids.add(tuple(sorted(task.id for task in client.tasks(limit=200))))
    assert [len(found) for found in ids] == [42]


def text(outputs: list[nbformat.NotebookNode]) -> str:
    """All that a cell's outputs say in plain text."""
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)
