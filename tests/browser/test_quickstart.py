"""A new user's first steps: the quickstart in a real JupyterLab, with the local server."""

from __future__ import annotations

import ast
import shutil
import time

import nbformat
import pytest
from conftest import PROJECT, Lab, Notebook

from cyberun_widget.local import LocalServer
from tests.waiting import until


@pytest.fixture(scope="module")
def connected(lab: Lab, tmp_path_factory):
    """Cells that come first in a notebook: where the local server is."""
    with LocalServer.start(state_dir=tmp_path_factory.mktemp("server")) as server:
        yield f"import os; os.environ.update(CYBERUN_API_KEY={server.api_key!r}, CYBERUN_BASE_URL={server.base_url!r})"


def text(outputs) -> str:
    """All that a cell's outputs say in plain text."""
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)


def test_the_quickstart_runs_as_it_is_and_ends_with_pictures_and_files(lab, page, console, service):
    path = lab.root / "quickstart.ipynb"
    shutil.copyfile(PROJECT / "notebooks" / path.name, path)
    notebook = Notebook(lab, page, path).open()
    notebook.run_all(timeout=240)
    image = page.locator('.cyberun-task [data-kind="image"] img').first
    image.scroll_into_view_if_needed()
    page.wait_for_function("one => one.naturalWidth > 0 && one.complete", arg=image.element_handle())
    assert image.get_attribute("alt")

    cards = ("run-picture", "run-splat", "attach")

    def archives() -> list[str]:
        kept = {cell.id: cell for cell in notebook.save().cells}
        found = [[output.get("data", {}).get("text/html", "") for output in kept[card].outputs] for card in cards]
        return ["".join(map(str, each)) for each in found]

    # Each card stands in its cell, as the archive that stays and live.
    until(lambda: all("cyberun-archive" in each and "data:image/" in each for each in archives()), state=archives)
    kept = notebook.save()
    shown = {cell.id: cell.get("outputs", []) for cell in kept.cells}
    for card in cards:
        assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in shown[card])

    # The picture is one of Pillow's, and the stages came by name, in order; one that takes no time may be passed over.
    assert any("image/png" in output.get("data", {}) for output in shown["image"])
    stages = ast.literal_eval(text(shown["wait-splat"]))
    assert stages == [stage for stage in ("download", "process_data", "train", "export", "upload") if stage in stages]
    assert {"train", "export"} <= set(stages)
    assert "Completed" in text(shown["tasks"])
    assert "gray-scott" in text(shown["workflows"])
    assert {".ply", ".glb", ".mp4", ".json"} <= {path.suffix for path in (lab.root / "results").iterdir()}

    # Nothing that a user would share carries the key.
    assert service.api_key not in nbformat.writes(kept)


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
    """The static card is next to the live card, and hidden."""
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
