"""A saved notebook that is opened again: everything is still there, without a kernel or scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from hosts import export
from playwright.sync_api import expect

from cyberun_widget.render.static_card import LIMIT
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import App, Console, Lab, Notebook
    from playwright.sync_api import Locator, Page

    from cyberun_widget.local import LocalServer

    Open = Callable[..., Notebook]

RUN = """
from cyberun_widget import Client
card = Client().run("echo-files", kinds="png,gif,json,csv,wav", seconds=1)
card
"""
UNENDED = """
from cyberun_widget import Client
card = Client().run("echo-files", kinds="png", seconds=60)
card
"""
FAILED = """
from cyberun_widget import Client
card = Client().run("echo-files", kinds="nothing-known", seconds=0)
card
"""
GONE = "Error displaying widget"
# The widget manager logs its message to the console too.
NO_MODEL = r"^Error: widget model not found"


def saved(notebook: Notebook) -> str:
    """Run the notebook's cells, save it, and return the HTML of the first cell's archive."""
    notebook.run(0)
    notebook.run(1)
    notebook.page.wait_for_function("() => window.cyPanel().context.model.dirty")
    (html,) = [
        output.data["text/html"]
        for output in notebook.save().cells[0].outputs
        if "cyberun-archive" in output.get("data", {}).get("text/html", "")
    ]
    return str(html)


def reopened(notebook: Notebook, lab: Lab) -> Notebook:
    """Close the page and the kernels, and open the saved notebook again."""
    notebook.page.goto("about:blank")
    lab.stop_kernels()
    return notebook.open()


def loaded(image: Locator) -> bool:
    return bool(image.evaluate("one => one.decode().then(() => one.naturalWidth > 0)"))


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_reopened_notebook_shows_the_final_card_and_its_pictures(
    notebook: Open, lab: Lab, page: Page, console: Console, service: LocalServer, app: App
) -> None:
    console.allow(NO_MODEL)
    opened = notebook(RUN, "card.wait().status", app=app)
    html = saved(opened)
    assert len(html) < LIMIT
    assert service.api_key not in opened.path.read_text()
    assert "ignature=" not in html

    live = page.locator(".cyberun-task")
    expect(live).to_be_visible()
    expect(page.locator(".cyberun-archive")).to_be_hidden()

    reopened(opened, lab)
    archive = page.locator(".cyberun-archive")
    expect(archive).to_be_visible()
    expect(archive.get_by_role("heading", name="Echo files")).to_be_visible()
    expect(archive.get_by_text("Completed", exact=True)).to_be_visible()
    images = archive.get_by_role("img")
    expect(images).to_have_count(2)
    assert all(loaded(image) for image in images.all())
    expect(archive.get_by_text(re.compile(r'^TaskWidget\("[\w-]+"\)$'))).to_be_visible()
    box = page.get_by_text(GONE)
    expect(box).to_have_count(1, timeout=30_000)
    expect(box).to_be_hidden()
    assert opened.output(0).bounding_box()["height"] < archive.bounding_box()["height"] + 40


def test_the_archive_comes_back_live_where_its_line_is_run(
    notebook: Open, lab: Lab, page: Page, console: Console
) -> None:
    console.allow(NO_MODEL)
    opened = notebook(RUN, "card.wait().status", "from cyberun_widget import TaskWidget")
    saved(opened)
    reopened(opened, lab)
    line = page.locator(".cyberun-archive").get_by_text(re.compile("^TaskWidget")).text_content() or ""
    opened.run(2)
    page.evaluate("line => window.cyPanel().content.widgets[2].model.sharedModel.setSource(line)", line)
    opened.run(2)
    expect(opened.output(2).locator('.cyberun-task[data-status="completed"]')).to_be_visible()
    expect(opened.output(0).locator(".cyberun-archive")).to_be_visible()
    expect(opened.output(2).locator(".cyberun-archive")).to_be_hidden()


def test_a_task_that_went_on_says_how_to_look_at_it_again(
    notebook: Open, lab: Lab, page: Page, console: Console
) -> None:
    console.allow(NO_MODEL)
    opened = notebook(UNENDED, "1")
    saved(opened)
    reopened(opened, lab)
    archive = page.locator(".cyberun-archive")
    expect(archive).to_be_visible()
    expect(archive.get_by_text("This notebook was saved before the result arrived")).to_be_visible()


def shown_html(opened: Notebook, index: int) -> list[str]:
    """Return the HTML outputs of a cell, visible or not."""
    html: list[str] = opened.page.evaluate(
        """index => window.cyPanel().content.widgets[index].model.toJSON().outputs
            .map(one => [one.data?.["text/html"] ?? ""].flat().join(""))""",
        index,
    )
    return html


def test_a_page_that_was_reloaded_meanwhile_says_how_to_keep_the_result(notebook: Open, page: Page) -> None:
    """JupyterLab drops updates of outputs that were created before the page was loaded."""
    opened = notebook(RUN.replace("seconds=1", "seconds=12"), "1", "TASK")
    opened.run(0)
    task, archive = page.locator(".cyberun-task"), page.locator(".cyberun-archive")
    opened.reload()
    expect(task).to_have_attribute("data-status", "running", timeout=15_000)
    expect(archive).to_be_hidden()
    expect(task).to_have_attribute("data-status", "completed", timeout=30_000)
    line = archive.get_by_text(re.compile("^TaskWidget"))
    expect(line).to_be_visible(timeout=10_000)
    expect(archive.get_by_text("This notebook was saved before")).to_be_hidden()
    expect(archive.get_by_role("heading")).to_have_count(0)

    code = f"from cyberun_widget import TaskWidget\n{line.text_content()}"
    page.evaluate("code => window.cyPanel().content.widgets[2].model.sharedModel.setSource(code)", code)
    opened.run(2)
    expect(opened.output(2).locator('.cyberun-task[data-status="completed"]')).to_be_visible()
    until(lambda: 'data-status="completed"' in "".join(shown_html(opened, 2)), pause=0.1)
    expect(opened.output(2).locator(".cyberun-archive")).to_be_hidden()
    kept = [output.data.get("text/html", "") for output in opened.save().cells[2].outputs]
    assert any('data-status="completed"' in html for html in kept)


def test_a_failed_task_keeps_its_cause(notebook: Open, lab: Lab, page: Page, console: Console) -> None:
    console.allow(NO_MODEL)
    opened = notebook(FAILED, "try: card.wait()\nexcept Exception as error: print(type(error).__name__)")
    saved(opened)
    reopened(opened, lab)
    archive = page.locator(".cyberun-archive")
    expect(archive.get_by_text("MakeFiles: there is no kind nothing-known.", exact=True)).to_be_visible()
    expect(archive.get_by_text("Failed", exact=True)).to_be_visible()


def test_the_archive_does_not_flash_while_the_live_card_comes(notebook: Open, page: Page) -> None:
    opened = notebook(RUN, "card")
    page.evaluate(
        """() => {
            window.cySeen = 0;
            const look = () => {
                for (const one of document.querySelectorAll(".cyberun-archive"))
                    if (one.checkVisibility({ visibilityProperty: true })) window.cySeen++;
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    for index in (0, 1):
        opened.run(index)
        expect(opened.output(index).locator(".cyberun-task")).to_be_visible()
    assert page.evaluate("window.cySeen") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_exported_page_needs_no_widget_manager(
    notebook: Open, lab: Lab, page: Page, console: Console, tmp_path: Path, theme: str
) -> None:
    """nbconvert's page loads the widget manager from a CDN; without it, the archive is shown."""
    console.allow("")
    opened = notebook(RUN, "card.wait().status")
    saved(opened)
    html = export(lab, opened.path, page=tmp_path / "page.html")
    page.route(re.compile("^https?://"), lambda route: route.abort())
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(html.as_uri())
    archive = page.locator(".cyberun-archive")
    expect(archive).to_be_visible()
    assert all(loaded(image) for image in archive.get_by_role("img").all())
    for box in page.get_by_text(GONE).all():
        expect(box).to_be_hidden()
    found = Axe().run(page, context=".cyberun-archive")
    assert found.violations_count == 0, found.generate_report()


def test_an_executed_export_shows_the_result(lab: Lab, page: Page, console: Console, tmp_path: Path) -> None:
    console.allow("")
    path = lab.write_notebook("executed.ipynb", RUN, "card.wait().status")
    html = export(lab, path, execute=True, page=tmp_path / "page.html")
    page.route(re.compile("^https?://"), lambda route: route.abort())
    page.goto(html.as_uri())
    archive = page.locator(".cyberun-archive")
    expect(archive.get_by_text("Completed", exact=True)).to_be_visible()
    expect(archive.get_by_role("img")).to_have_count(2)


def test_without_styles_and_scripts_it_still_reads_well(lab: Lab, page: Page, tmp_path: Path) -> None:
    """As on GitHub: no style, no class, no script."""
    path = lab.write_notebook("stripped.ipynb", RUN, "card.wait().status")
    html = export(lab, path, execute=True, page=tmp_path / "page.html").read_text()
    bare = re.sub(r"<(style|script)\b.*?</\1>|<link[^>]*>", "", html, flags=re.DOTALL)
    bare = re.sub(r' (class|style)="[^"]*"', "", bare)
    (tmp_path / "bare.html").write_text(bare)
    page.goto((tmp_path / "bare.html").as_uri())
    expect(page.get_by_role("heading", name="Echo files")).to_be_visible()
    expect(page.get_by_text("Completed", exact=True)).to_be_visible()
    assert all(loaded(image) for image in page.get_by_role("img").all())
    assert {"echo.png", "echo.gif"} <= {image.get_attribute("alt") for image in page.get_by_role("img").all()}
    expect(page.get_by_role("definition").first).to_be_visible()
    expect(page.get_by_role("cell", name="echo.wav")).to_be_visible()
    assert page.get_by_text(GONE).count() == 0
