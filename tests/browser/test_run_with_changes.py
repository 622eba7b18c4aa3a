"""A finished card opens a form with its values; nothing is paid for before Run is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from conftest import Notebook
    from playwright.sync_api import Locator, Page

COMPLETED = '.cyberun-task[data-status="completed"]'
RUN = """
from cyberun_widget import Client
client = Client()
card = client.run("gray-scott", steps=60, size=64, video=False, seed=5)
card
"""
COUNT = "print(len(client.tasks(limit=100)))"


def change(page: Page, card: Locator) -> None:
    """By keyboard: open the menu and choose its line."""
    card.get_by_role("button", name="More").focus()
    page.keyboard.press("Enter")
    line = card.get_by_role("menuitem", name="Run again with changes")
    expect(line).to_be_focused()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_card_opens_one_form_below_itself_which_runs_once_it_is_told(
    notebook: Callable[..., Notebook], page: Page, theme: Literal["light", "dark"]
) -> None:
    opened = notebook(RUN, COUNT)
    opened.theme(theme)
    output = opened.run(0)
    output.locator(COMPLETED).wait_for(timeout=30_000)
    before = int(opened.run(1).text_content())
    card = output.locator(".cyberun-task").first
    change(page, card)
    form = output.locator(".cyberun-form")
    expect(form).to_have_count(1)
    expect(form.get_by_role("textbox", name="Steps")).to_have_value("60")
    expect(form.get_by_role("textbox", name="Seed")).to_have_value("5")
    expect(form.locator("input:focus")).to_have_count(1)
    for _ in range(2):
        change(page, card)
        expect(form.locator("input:focus")).to_have_count(1)  # the answer has arrived, and moves the focus
    assert int(opened.run(1).text_content()) == before, "an open form costs nothing"

    form.get_by_role("textbox", name="Steps").fill("70")
    form.get_by_role("button", name="Run", exact=True).click()
    form.locator(COMPLETED).wait_for(timeout=30_000)
    assert int(opened.run(1).text_content()) == before + 1
    expect(output.locator(".cyberun-form")).to_have_count(1)


def test_a_forms_run_puts_its_values_back_into_that_form(notebook: Callable[..., Notebook], page: Page) -> None:
    opened = notebook(
        "from cyberun_widget import Client, WorkflowForm\nclient = Client()\n"
        "form = WorkflowForm('gray-scott', client, steps=60, size=64, video=False)\nform"
    )
    form = opened.run(0).locator(".cyberun-form")
    form.get_by_role("button", name="Run", exact=True).click()
    form.locator(COMPLETED).wait_for(timeout=30_000)
    steps = form.get_by_role("textbox", name="Steps")
    steps.fill("90")
    form.locator('[data-field="steps"][data-changed]').wait_for()
    change(page, form.locator(".cyberun-task"))
    expect(steps).to_have_value("60")
    expect(form.locator(".cyf-fields input:focus")).to_have_count(1)
    expect(page.locator(".cyberun-form")).to_have_count(1)
