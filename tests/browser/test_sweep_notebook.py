"""A sweep in real hosts: used live in JupyterLab, and opened again without a kernel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hosts import export
from playwright.sync_api import expect

from cyberun_widget.render.static_sweep import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import App, Console, Lab, Notebook
    from playwright.sync_api import Locator, Page

    from cyberun_widget.local import LocalServer

    Open = Callable[..., Notebook]

MAP = """
from cyberun_widget import Client
axes = {"kinds": ["png", "nothing-known"], "text": ["a", "b", "c"]}
sweep = Client().map("echo-files", grid=axes, seconds=0.1, fresh=True)
sweep
"""
WAIT = "sweep.wait()\nsorted(sweep.counts.items())"
TOLD = """
sweep.wait()
print(*(f"{p.status}:{len(p.former)}" for p in sweep.points), sweep.selected)
"""
GONE = "Error displaying widget"
NO_MODEL = r"^Error: widget model not found"


def ended(opened: Notebook) -> Locator:
    """Run the sweep to its end, and return its sheet."""
    opened.run(0)
    sheet = opened.output(0).locator(".cyberun-group")
    expect(sheet).to_be_visible()
    opened.run(1)
    expect(opened.output(1).get_by_text("[('completed', 3), ('failed', 3)]")).to_be_visible(timeout=60_000)
    expect(sheet).to_have_attribute("data-done", "6")
    return sheet


def test_a_sweep_is_worked_on_in_jupyterlab(notebook: Open, page: Page) -> None:
    opened = notebook(MAP, WAIT, TOLD)
    sheet = ended(opened)
    expect(sheet.get_by_role("rowheader")).to_have_count(2)
    expect(sheet.locator('[data-point="0"] img[src]').first).to_be_visible()

    sheet.get_by_role("button", name="kinds: rows").focus()
    page.keyboard.press("ArrowRight")
    expect(sheet.get_by_role("rowheader")).to_have_count(3)

    sheet.locator('[data-point="0"]').focus()
    page.keyboard.press("ArrowDown")  # over the rows, which are texts now
    expect(sheet.locator('[data-point="1"]')).to_be_focused()
    page.keyboard.press("s")
    expect(sheet.locator('[data-point="1"]')).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(sheet.locator('[data-point="4"]')).to_be_focused()
    page.keyboard.press("Enter")
    detail = sheet.get_by_role("region", name="Point")
    expect(detail.get_by_text("there is no kind nothing-known")).to_be_visible()

    detail.get_by_role("button", name="Retry").click()
    detail.get_by_role("button", name="Run again and pay").click()
    expect(detail.get_by_text("attempt")).to_be_visible(timeout=30_000)
    expect(sheet.locator('[data-point="4"]')).to_have_attribute("data-status", "failed", timeout=30_000)

    sheet.get_by_role("searchbox", name="Filter").fill("text b")
    expect(sheet.get_by_text("2 of 6", exact=True)).to_be_visible()
    opened.run(2)
    told = "completed:0 completed:0 completed:0 failed:0 failed:1 failed:0 [1]"
    expect(opened.output(2).get_by_text(told)).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_reopened_notebook_shows_the_final_sheet(
    notebook: Open, lab: Lab, page: Page, console: Console, service: LocalServer, app: App
) -> None:
    console.allow(NO_MODEL)
    opened = notebook(MAP, WAIT, app=app)
    ended(opened)
    expect(page.locator(".cyberun-sweep-archive")).to_be_hidden()
    html = saved(opened)
    assert len(html.encode()) <= LIMIT
    text = opened.path.read_text()
    assert service.api_key not in text
    assert "ignature=" not in html

    page.goto("about:blank")
    lab.stop_kernels()
    opened.open()
    archive = page.locator(".cyberun-sweep-archive")
    expect(archive).to_be_visible()
    assert_is_whole(archive)
    box = page.get_by_text(GONE)
    expect(box).to_have_count(1, timeout=30_000)
    expect(box).to_be_hidden()


def test_an_exported_page_shows_the_final_sheet(lab: Lab, page: Page, console: Console, tmp_path: Path) -> None:
    """nbconvert's page loads the widget manager from a CDN; without it, the archive is shown."""
    console.allow("")
    path = lab.write_notebook("sweep-export.ipynb", MAP, WAIT)
    html = export(lab, path, execute=True, page=tmp_path / "page.html")
    page.route(re.compile("^https?://"), lambda route: route.abort())
    page.goto(html.as_uri())
    assert_is_whole(page.locator(".cyberun-sweep-archive"))


def saved(opened: Notebook) -> str:
    """Save the notebook, and return its HTML of the sweep."""
    (html,) = [
        output.data["text/html"]
        for output in opened.save().cells[0].outputs
        if "cyberun-sweep-archive" in output.get("data", {}).get("text/html", "")
    ]
    assert 'data-status="done"' in html
    return str(html)


def assert_is_whole(archive: Locator) -> None:
    expect(archive.get_by_role("heading", name="Echo files")).to_be_visible()
    expect(archive.get_by_text("6 points · 3 completed, 3 failed")).to_be_visible()
    for name in ("png", "nothing-known"):
        expect(archive.get_by_role("rowheader", name=name)).to_be_visible()
    images = archive.get_by_role("img")
    expect(images).to_have_count(3)
    assert all(image.evaluate("one => one.decode().then(() => one.naturalWidth > 0)") for image in images.all())
    expect(archive.get_by_text("Failed", exact=True)).to_have_count(3)
    archive.get_by_text("Python", exact=True).click()
    expect(archive.get_by_text(re.compile(r"client\.map\("))).to_be_visible()
