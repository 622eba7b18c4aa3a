"""The form in a real JupyterLab: by keyboard alone, with a file, compared, copied, kept in the saved notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from test_saved_notebook import reopened

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Console, Lab, Notebook
    from playwright.sync_api import Locator, Page

OPEN = """
from cyberun_widget import Client, WorkflowForm
client = Client()
form = WorkflowForm("gray-scott", client, steps=60, size=64, video=False)
form
"""
TABS = 60  # further than that no one would go
COMPLETED = '.cyberun-task[data-status="completed"]'


def go_to(page: Page, target: Locator) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(TABS):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} isn't reached within {TABS} presses of Tab")


def violations(page: Page, root: str) -> list[str]:
    found = Axe().run(page, context=root, options={"rules": {"region": {"enabled": False}}})
    return [f"{item['id']}: {node['html']}" for item in found.response["violations"] for node in item["nodes"]]


def test_by_keyboard_a_bound_is_explained_two_runs_are_made_and_compared_and_the_python_does_the_same(
    notebook: Callable[..., Notebook], page: Page
) -> None:
    opened = notebook(OPEN)
    form = opened.run(0).locator(".cyberun-form")
    form.wait_for()
    steps = form.get_by_role("textbox", name="Steps")
    form.get_by_role("textbox", name="Seed").focus()
    go_to(page, steps)
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    form.get_by_text("Must be at least 10, not 3.").wait_for()
    assert steps.get_attribute("aria-invalid") == "true"
    described = steps.get_attribute("aria-describedby").split()
    assert "Must be at least 10" in page.locator(f"#{described[0]}").text_content()
    go_to(page, form.get_by_role("button", name="Run", exact=True))
    page.keyboard.press("Enter")
    assert steps.evaluate("node => node === document.activeElement"), "Run leads to the first wrong field"
    form.get_by_text("1 value needs a correction").wait_for()

    page.keyboard.press("Control+A")
    page.keyboard.type("70")
    form.locator('[data-field="steps"]:not([data-wrong])').wait_for()
    go_to(page, form.get_by_role("button", name="Run", exact=True))
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # twice in a row is one run
    form.locator(COMPLETED).wait_for(timeout=30_000)
    form.locator("[data-starting]").wait_for(state="detached")
    go_to(page, form.get_by_role("button", name="Run with a new seed"))
    page.keyboard.press("Enter")
    form.locator(COMPLETED).nth(1).wait_for(timeout=30_000)
    assert form.locator(".cyberun-task").count() == 2
    seed = form.get_by_role("textbox", name="Seed").input_value()
    assert seed != "7"

    for number in range(2):
        go_to(page, form.get_by_label("Compare this run").nth(number))
        page.keyboard.press("Space")
    form.get_by_label("Compare this run").first.focus()
    page.keyboard.press("Shift+Tab")
    assert form.get_by_role("button", name="Compare", exact=True).evaluate("node => node === document.activeElement")
    page.keyboard.press("Enter")
    compare = form.locator(".cyberun-compare")
    compare.locator(".cyc-overlaid[data-scale]").wait_for()
    go_to(page, compare.get_by_role("radio", name="Slider"))
    go_to(page, compare.locator(".cyc-overlaid"))
    before = compare.locator(".cyc-picture").evaluate_all("nodes => nodes.map(one => one.style.width)")
    page.keyboard.press("+")
    page.keyboard.press("+")
    after = compare.locator(".cyc-picture").evaluate_all("nodes => nodes.map(one => one.style.width)")
    assert len(set(after)) == 1
    assert after != before, "both pictures are enlarged together"

    assert violations(page, ".cyberun-form") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_in_a_form_with_errors_stands_in_the_way_of_a_screen_reader(
    notebook: Callable[..., Notebook], page: Page, theme: str
) -> None:
    opened = notebook(OPEN, "form.values = {**form.values, 'steps': 1}")
    opened.theme(theme)
    form = opened.run(0).locator(".cyberun-form")
    opened.run(1)
    form.get_by_text("Must be at least 10, not 1.").wait_for()
    form.locator("summary").click()
    assert violations(page, ".cyberun-form") == []


def test_a_dropped_file_arrives_whole(notebook: Callable[..., Notebook], page: Page) -> None:
    opened = notebook(
        "from cyberun_widget import Client, WorkflowForm\n"
        "form = WorkflowForm('echo-files', Client(), kinds='txt', seconds=0)\nform",
        "print(len(form.values['file'].read_bytes()), form.values['file'].name)",
    )
    form = opened.run(0).locator(".cyberun-form")
    form.get_by_text("or drop it here").wait_for()
    form.locator(".cyf-file").evaluate(
        """(node) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(2_500_000).fill(7)], "fox.bin"));
            node.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    form.locator('[data-field="file"][data-changed]').wait_for()
    assert "2500000 fox.bin" in opened.run(1).text_content()
    form.get_by_role("button", name="Run", exact=True).click()
    form.locator(COMPLETED).wait_for(timeout=30_000)


def test_copied_python_runs_and_does_the_same(notebook: Callable[..., Notebook], page: Page) -> None:
    opened = notebook(OPEN, "print(form.to_code())")
    form = opened.run(0).locator(".cyberun-form")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    form.get_by_role("button", name="Copy as Python").click()
    form.get_by_text("Copied").wait_for()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.strip() == opened.run(1).text_content().strip()
    assert 'client.run(\n    "gray-scott",\n    seed=7,\n    steps=60,' in copied


def test_a_live_form_says_what_it_costs_and_starts_one_run_a_pause(
    notebook: Callable[..., Notebook], page: Page
) -> None:
    opened = notebook(OPEN, "print(len(client.tasks(limit=100)))")
    form = opened.run(0).locator(".cyberun-form")
    before = int(opened.run(1).text_content())
    form.get_by_role("button", name="Run as I change").click()
    form.get_by_text("a new, paid run starts").wait_for()
    form.get_by_role("button", name="Start live runs").click()
    form.get_by_text("Live: a paid run after each pause").wait_for()
    slider = form.get_by_role("slider", name="Size, slider")
    slider.focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    assert form.get_by_role("textbox", name="Size").input_value() == "89"
    form.locator(COMPLETED).wait_for(timeout=30_000)
    assert int(opened.run(1).text_content()) == before + 1
    form.get_by_role("button", name="Stop live runs").click()
    form.get_by_role("button", name="Run as I change").wait_for()


def test_a_saved_form_shows_its_values_and_the_last_result(
    notebook: Callable[..., Notebook], lab: Lab, page: Page, console: Console
) -> None:
    console.allow("widget model not found")
    opened = notebook(OPEN, "form.run().wait().status")
    opened.run(0).locator(".cyberun-form").wait_for()
    opened.run(1)
    opened.output(0).locator(COMPLETED).wait_for()
    assert not opened.output(0).locator(".cyberun-archive").first.is_visible()
    page.wait_for_function(
        """() => JSON.stringify(window.cyPanel().content.widgets[0].model.toJSON().outputs)
            .includes("gray-scott.png")"""
    )
    opened.save()
    reopened(opened, lab)
    static = opened.output(0).locator(".cyberun-archive")
    static.first.wait_for()
    assert "Steps" in static.first.text_content()
    assert static.nth(1).locator("img").first.is_visible()
    assert "Error displaying widget" not in opened.output(0).inner_text()


def test_lists_filter_sort_and_open_in_place(notebook: Callable[..., Notebook], page: Page) -> None:
    opened = notebook("from cyberun_widget import Client\nclient = Client()\nclient.workflows()")
    shown = opened.run(0).locator(".cyberun-list")
    shown.get_by_role("button", name="Name").click()
    first = shown.locator("tbody th").first
    names = shown.locator("tbody th").all_text_contents()
    assert names == sorted(names, key=str.lower)
    shown.get_by_role("button", name="Name").click()
    assert first.text_content() == names[-1]
    shown.get_by_role("button", name=f"Open the form: {names[0]}").click()
    shown.locator(".cyberun-form").wait_for()
    assert violations(page, ".cyberun-list") == []
    shown.get_by_role("button", name=f"Open the form: {names[0]}").click()
    shown.locator(".cyberun-form").wait_for(state="detached")
