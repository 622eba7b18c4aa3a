"""Using a form with only the keyboard: fill, upload, run, view, run again, compare, copy, run the copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import expect
from test_form_page import COMPLETED, go_to, violations

from cyberun_widget import Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Notebook
    from playwright.sync_api import Locator, Page

    from cyberun_widget.local import LocalServer

OPEN = """
from cyberun_widget import Client, WorkflowForm
form = WorkflowForm("photo-filter", Client())
form
"""


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Go to an element with Tab, and press a key on it."""
    go_to(page, target)
    page.keyboard.press(key)


def styles(pictures: Locator) -> list[str]:
    return pictures.evaluate_all("nodes => nodes.map(one => `${one.style.width} ${one.style.transform}`)")


def fill(page: Page, form: Locator, picture: Path) -> None:
    """A required file is missing, then a value is out of range: Run moves to each field, which explains the error."""
    run = form.get_by_role("button", name="Run", exact=True)
    press(page, run)
    expect(form.get_by_label("Picture")).to_be_focused()
    expect(form.get_by_text("1 value needs a correction")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(picture)
    form.locator('[data-field="image"][data-changed]:not([data-wrong])').wait_for()
    expect(form.locator(".cyf-file-name")).to_contain_text("fox.png")

    passes = form.get_by_role("textbox", name="Passes")
    go_to(page, passes)
    page.keyboard.press("Control+A")
    page.keyboard.type("99")
    words = form.get_by_text("Must be at most 8, not 99.")
    expect(words).to_be_visible()
    assert passes.get_attribute("aria-invalid") == "true"
    assert words.get_attribute("id") in passes.get_attribute("aria-describedby").split()
    press(page, run)
    expect(passes).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    press(page, form.get_by_role("switch", name="Film grain"), "Space")
    form.locator('[data-field="grain"][data-changed]').wait_for()
    form.locator('[data-field="passes"]:not([data-wrong])').wait_for()


def run_and_look(page: Page, form: Locator) -> None:
    """Two presses start one run; its result is shown, and opens."""
    press(page, form.get_by_role("button", name="Run", exact=True))
    page.keyboard.press("Enter")
    form.locator(COMPLETED).wait_for(timeout=30_000)
    form.locator("[data-starting]").wait_for(state="detached")
    result = form.locator(COMPLETED).get_by_role("button", name="filtered.png").first
    expect(result.get_by_role("img")).to_have_js_property("complete", True)
    press(page, result)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def compare_both(page: Page, form: Locator) -> None:
    """By slider, then side by side with a shared zoom."""
    for number in range(2):
        press(page, form.get_by_label("Compare this run").nth(number), "Space")
    go_to(page, form.get_by_role("button", name="Compare", exact=True), "Shift+Tab")
    page.keyboard.press("Enter")
    compare = form.locator(".cyberun-compare")
    compare.locator(".cyc-overlaid[data-scale]").wait_for()
    assert float(compare.locator(".cyc-overlaid").get_attribute("data-scale")) > 1, "small pictures fill the frame"
    divider = compare.get_by_role("slider", name="Divider")
    go_to(page, divider, "Shift+Tab")
    page.keyboard.press("ArrowLeft")
    assert divider.input_value() == "49.5"
    go_to(page, compare.locator(".cyc-overlaid"), "Shift+Tab")
    pictures = compare.locator(".cyc-picture")
    fitted = styles(pictures)
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert styles(pictures) != fitted
    assert len({style.split()[0] for style in styles(pictures)}) == 1, "both pictures are enlarged together"
    go_to(page, compare.get_by_role("radio", name="Slider"), "Shift+Tab")
    page.keyboard.press("ArrowLeft")
    side = compare.locator(".cyc-side[data-scale]")
    side.wait_for()
    go_to(page, side)
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    assert len(set(styles(pictures))) == 1, "what is done to one is done to the other"


def copy_into(page: Page, form: Locator, cell: Locator) -> None:
    """Copy the Python, and run it in a cell."""
    go_to(page, form.get_by_role("button", name="Copy as Python"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(form.get_by_text("Copied", exact=True)).to_be_visible()
    page.keyboard.press("ArrowDown")  # the notebook's keys for the next cell, and for editing it
    page.keyboard.press("Enter")
    expect(cell.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+V")
    page.keyboard.press("Control+Enter")


def test_by_keyboard_alone_from_an_empty_field_to_the_copied_run(
    notebook: Callable[..., Notebook], page: Page, service: LocalServer, tmp_path: Path
) -> None:
    picture = tmp_path / "fox.png"
    Image.linear_gradient("L").resize((96, 64)).save(picture)
    client = Client(service.api_key, base_url=service.base_url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.on("filechooser", lambda _chooser: None)  # intercepts file choosers before one opens
    opened = notebook(OPEN, "")
    form = opened.run(0).locator(".cyberun-form")
    form.wait_for()
    before = len(client.tasks(limit=100))

    fill(page, form, picture)
    run_and_look(page, form)
    press(page, form.get_by_role("button", name="Run with a new seed"))
    expect(form.locator(COMPLETED)).to_have_count(2, timeout=30_000)
    assert len(client.tasks(limit=100)) == before + 2
    assert form.get_by_role("textbox", name="Seed").input_value() != "1"
    compare_both(page, form)
    assert violations(page, ".cyberun-form") == []

    copy_into(page, form, opened.cell(1))
    opened.output(1).locator(COMPLETED).wait_for(timeout=60_000)
    copy, original = (client.task(task.id).parameters for task in client.tasks(limit=2))
    assert {**copy, "image": None} == {**original, "image": None}
    assert copy["image"].rsplit("/", 1)[-1] == original["image"].rsplit("/", 1)[-1]
    assert copy["seed"] != 1
