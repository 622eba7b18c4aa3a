"""The form in a real JupyterLab: by keyboard alone, with a file, compared, copied, kept in the saved notebook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from hosts import export
from playwright.sync_api import expect
from test_saved_notebook import GONE, NO_MODEL, reopened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import App, Console, Lab, Notebook
    from playwright.sync_api import Locator, Page

OPEN = """
from cyberun_widget import Client, WorkflowForm
client = Client()
form = WorkflowForm("gray-scott", client, steps=60, size=64, video=False)
form
"""
COMPARE = """
from cyberun_widget import Client, compare
client = Client()
runs = [client.run("gray-scott", steps=60, size=64, video=False, seed=seed) for seed in (7, 8)]
for run in runs:
    run.wait()
compare(*runs)
"""
TABS = 60  # the most presses of Tab
COMPLETED = '.cyberun-task[data-status="completed"]'


def go_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab, or Shift+Tab, until an element has the focus."""
    for _ in range(TABS):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} isn't reached within {TABS} presses of {key}")


def violations(page: Page, root: str) -> list[str]:
    found = Axe().run(page, context=root, options={"rules": {"region": {"enabled": False}}})
    return [f"{item['id']}: {node['html']}" for item in found.response["violations"] for node in item["nodes"]]


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


LIVE = OPEN.replace(
    "\nform\n",
    """
import time
moments = []
form.observe(lambda change: moments.append(time.monotonic()), names="values")
before = len(client.tasks(limit=100))
form
""",
)
RUNS = """
pauses = 1 + sum(later - earlier > 0.3 for earlier, later in zip(moments, moments[1:]))  # of 0.5 s, on any machine
runs = len(client.tasks(limit=100)) - before
print(1 <= runs <= pauses, form.tasks[0].wait().status, form.tasks[0]._session.rerun.run.parameters["size"])
"""


def test_a_live_form_says_what_it_costs_and_starts_one_run_a_pause(
    notebook: Callable[..., Notebook], page: Page
) -> None:
    opened = notebook(LIVE, RUNS)
    form = opened.run(0).locator(".cyberun-form")
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
    form.get_by_role("button", name="Stop live runs").click()
    form.get_by_role("button", name="Run as I change").wait_for()
    expect(opened.run(1)).to_contain_text("True completed 89")


def kept_form(notebook: Callable[..., Notebook], app: App) -> Notebook:
    """A saved notebook with a form that has made a run."""
    opened = notebook(OPEN, "form.run().wait().status", app=app)
    opened.run(0).locator(".cyberun-form").wait_for()
    opened.run(1)
    opened.output(0).locator(COMPLETED).wait_for()
    assert not opened.output(0).locator(".cyberun-archive").first.is_visible()
    opened.page.wait_for_function(
        """() => JSON.stringify(window.cyPanel().content.widgets[0].model.toJSON().outputs)
            .includes("gray-scott.png")"""
    )
    opened.save()
    return opened


def shows_values_and_result(static: Locator) -> None:
    """Both static parts are there: the form with its values, the archive of its run with the picture."""
    expect(static).to_have_count(2)
    expect(static.first).to_be_visible()
    for label, value in (("Steps", "60"), ("Size", "64"), ("Seed", "7")):
        pair = static.first.locator("dl > div").filter(has=static.page.get_by_text(label, exact=True))
        expect(pair.locator("dd")).to_have_text(value)
    expect(static.first.get_by_text('WorkflowForm("gray-scott"')).to_be_visible()
    expect(static.nth(1).get_by_text("Completed", exact=True)).to_be_visible()
    picture = static.nth(1).get_by_role("img", name="gray-scott.png")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth > 0)")


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_saved_form_shows_its_values_and_the_last_result(
    notebook: Callable[..., Notebook], lab: Lab, page: Page, console: Console, app: App
) -> None:
    console.allow(NO_MODEL)
    opened = kept_form(notebook, app)
    reopened(opened, lab)
    shows_values_and_result(opened.output(0).locator(".cyberun-archive"))
    box = page.get_by_text(GONE)
    expect(box).to_have_count(1, timeout=30_000)
    expect(box).to_be_hidden()
    assert GONE not in opened.output(0).inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_exported_form_shows_its_values_and_the_last_result(
    notebook: Callable[..., Notebook], lab: Lab, page: Page, console: Console, tmp_path: Path, theme: str
) -> None:
    console.allow("")
    opened = kept_form(notebook, "lab")
    html = export(lab, opened.path, page=tmp_path / "page.html")
    page.route(re.compile("^https?://"), lambda route: route.abort())
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(html.as_uri())
    shows_values_and_result(page.locator(".cyberun-archive"))
    for box in page.get_by_text(GONE).all():
        expect(box).to_be_hidden()
    assert violations(page, ".cyberun-archive") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_in_a_comparison_stands_in_the_way_of_a_screen_reader(
    notebook: Callable[..., Notebook], page: Page, theme: str
) -> None:
    opened = notebook(COMPARE)
    opened.theme(theme)
    comparison = opened.run(0).locator(".cyberun-compare")
    for way in ("Slider", "Flicker", "Difference", "Side by side"):
        comparison.get_by_role("radio", name=way).check(force=True)
        expect(comparison.locator(".cyc-body[aria-busy]")).to_have_count(0)
        expect(comparison.locator(".cyc-body > *").first).to_be_visible()
        assert violations(page, ".cyberun-compare") == [], way
        drawn = "all => all.map(one => getComputedStyle(one).imageRendering)"
        # Both alike: the pictures are 64 pixels wide, and enlarged.
        assert comparison.locator(".cyc-picture").evaluate_all(drawn) == ["pixelated"] * 2, way


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_saved_comparison_shows_both_pictures_and_what_differs(
    notebook: Callable[..., Notebook], lab: Lab, page: Page, console: Console, tmp_path: Path, app: App
) -> None:
    console.allow("")
    opened = notebook(COMPARE, app=app)
    opened.run(0).locator(".cyberun-compare").wait_for()
    static = opened.output(0).locator(".cyberun-archive")
    expect(static).to_be_hidden()
    opened.save()
    reopened(opened, lab)
    expect(static).to_be_visible()
    expect(static.get_by_role("img")).to_have_count(2)
    expect(static.get_by_role("row", name="seed 7 8", exact=True).first).to_be_visible()
    box = page.get_by_text(GONE)
    expect(box).to_have_count(1, timeout=30_000)
    expect(box).to_be_hidden()
    page.goto(export(lab, opened.path, page=tmp_path / "comparison.html").as_uri())
    expect(page.locator(".cyberun-archive").get_by_role("img")).to_have_count(2)
    assert violations(page, ".cyberun-archive") == []


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
