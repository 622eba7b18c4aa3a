"""The main job, as a newcomer sees it: the quickstart in a real JupyterLab, on the local server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import nbformat
import pytest
from conftest import PROJECT, Lab, Notebook

from cyberun_widget.local import LocalServer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def connected(lab: Lab, tmp_path_factory):
    """Cells that come first in a notebook: where the local server is."""
    with LocalServer.start(state_dir=tmp_path_factory.mktemp("server")) as server:
        yield f"import os; os.environ.update(CYBERUN_API_KEY={server.api_key!r}, CYBERUN_BASE_URL={server.base_url!r})"


def source(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_the_quickstart_runs_from_top_to_bottom_and_ends_with_pictures(lab, page, console, connected, tmp_path):
    cells = source(PROJECT / "notebooks" / "quickstart.ipynb")
    notebook = Notebook(lab, page, lab.write_notebook("quickstart.ipynb", connected, *cells)).open()
    notebook.run_all(timeout=180)

    completed = page.locator('.cyberun-task[data-status="completed"]')
    assert completed.count() >= 2
    image = page.locator('.cyberun-task [data-kind="image"] img').first
    image.scroll_into_view_if_needed()
    page.wait_for_function("one => one.naturalWidth > 0 && one.complete", arg=image.element_handle())
    assert image.get_attribute("alt")
    saved = sorted(path.suffix for path in (lab.root / "results").iterdir())
    assert {".ply", ".glb", ".mp4", ".json"} <= set(saved)


def test_the_bar_grows_while_another_cell_is_busy_and_the_video_plays(lab, page, console, connected):
    path = lab.write_notebook(
        "busy.ipynb",
        connected,
        "from cyberun_widget import Client\nw = Client().run('gray-scott', seed=3, steps=9000)\nw",
        "import time; time.sleep(10)",
    )
    notebook = Notebook(lab, page, path).open()
    notebook.run(0)
    notebook.run(1)
    notebook.start(2)
    bar = notebook.output(1).get_by_role("progressbar")
    seen = []
    while not notebook.finished(2):
        seen.append(int(bar.get_attribute("aria-valuenow")))
        time.sleep(0.25)
    assert len(set(seen)) >= 4, f"the bar stood still: {seen}"
    assert seen == sorted(seen)

    card = notebook.output(1).get_by_role("group").first
    page.wait_for_selector('.cyberun-task[data-status="completed"]', timeout=60_000)
    assert card.get_attribute("data-task-id")
    assert notebook.output(1).get_by_role("status").count() == 1
    assert notebook.output(1).get_by_role("button", name="Save all").is_visible()
    video = notebook.output(1).locator('[data-kind="video"] video')
    video.first.scroll_into_view_if_needed()
    page.wait_for_function("one => one.readyState >= 1 && one.duration > 0", arg=video.first.element_handle())
    assert bar.get_attribute("aria-valuenow") == "100"


def test_the_page_shows_no_more_than_one_card_for_a_display(lab, page, console, connected):
    """The static twin stands beside the live card and is not seen."""
    path = lab.write_notebook(
        "twin.ipynb",
        connected,
        "from cyberun_widget import Client\nw = Client().run('echo-files', kinds='png', seconds=0)\nw",
        "w.wait()",
    )
    notebook = Notebook(lab, page, path).open()
    for index in range(3):
        notebook.run(index)
    page.wait_for_selector('.cyberun-task[data-status="completed"]')
    assert notebook.output(1).locator(".cyberun-task").count() == 1
    assert not any(one.is_visible() for one in notebook.output(1).locator(".cyberun-archive").all())
