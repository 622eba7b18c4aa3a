"""One card in many hosts: it shows progress and its result, without messages in the browser's console."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from conftest import cancel
from hosts import marimo, voila
from playwright.sync_api import expect

from cyberun_widget import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import App, Console, Lab, Notebook
    from playwright.sync_api import Locator, Page

    from cyberun_widget.local import LocalServer

    Open = Callable[..., Notebook]

RUN = """
from cyberun_widget import Client
card = Client().run("echo-files", kinds="png,gif", seconds={seconds})
card
"""
SHORT, LONG = RUN.format(seconds=5), RUN.format(seconds=60)


def moves(card: Locator) -> None:
    """Assert that the card's bar moves before the task ends."""
    bar = card.get_by_role("progressbar")
    expect(card).to_have_attribute("data-status", "running", timeout=20_000)
    seen = set()
    deadline = time.monotonic() + 15
    while len(seen) < 3 and time.monotonic() < deadline:
        seen.add(bar.get_attribute("aria-valuenow"))
        time.sleep(0.1)
    assert len(seen) >= 3, f"the bar stands still at {seen}"


def shows_its_pictures(card: Locator) -> None:
    expect(card).to_have_attribute("data-status", "completed", timeout=30_000)
    for name in ("echo.png", "echo.gif"):
        image = card.get_by_role("img", name=name)
        expect(image).to_be_visible()
        # Not decode(): the full picture may replace the poster at that moment.
        card.page.wait_for_function("one => one.complete && one.naturalWidth > 0", arg=image.element_handle())


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_jupyterlab_and_notebook_7(notebook: Open, page: Page, app: App) -> None:
    opened = notebook(SHORT, app=app)
    opened.run(0)
    card = page.locator(".cyberun-task")
    moves(card)
    shows_its_pictures(card)
    expect(page.locator(".cyberun-archive")).to_be_hidden()


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_after_a_reload_the_card_is_back_and_goes_on(notebook: Open, page: Page, app: App) -> None:
    opened = notebook(LONG, app=app)
    opened.run(0)
    card = page.locator(".cyberun-task")
    moves(card)
    opened.reload()
    expect(card).to_be_visible()
    moves(card)
    expect(page.locator(".cyberun-archive")).to_be_hidden()
    cancel(card)
    expect(card).to_have_attribute("data-status", "cancelled", timeout=15_000)


def test_voila(lab: Lab, page: Page, console: Console) -> None:
    path = lab.write_notebook("voila.ipynb", SHORT)
    with voila(lab, page, console, path):
        card = page.locator(".cyberun-task")
        moves(card)
        shows_its_pictures(card)
        expect(page.locator(".cyberun-archive")).to_be_hidden()
        expect(card).to_have_count(1)


@pytest.mark.parametrize("mode", ["run", "edit"])
def test_marimo(lab: Lab, page: Page, mode: str) -> None:
    with marimo(lab, page, SHORT, mode=mode):
        card = page.locator(".cyberun-task")
        moves(card)
        shows_its_pictures(card)
        expect(card).to_have_count(1)
        expect(page.locator(".cyberun-archive")).to_have_count(0)


def test_marimo_delivers_a_click(lab: Lab, page: Page, service: LocalServer) -> None:
    with marimo(lab, page, LONG):
        card = page.locator(".cyberun-task")
        moves(card)
        cancel(card)
        expect(card).to_have_attribute("data-status", "cancelled", timeout=15_000)
        task = Client(service.api_key, base_url=service.base_url).task(card.get_attribute("data-task-id") or "")
        assert task.status == "cancelled"


# --- as any ipywidget ------------------------------------------------------------------------------------------------


def test_several_views_of_one_widget_move_together_and_go_one_by_one(notebook: Open, page: Page) -> None:
    opened = notebook(LONG, "card", "import ipywidgets\nipywidgets.HBox([card, card])")
    for index in range(3):
        opened.run(index)
    cards = page.locator(".cyberun-task")
    expect(cards).to_have_count(4)
    for card in cards.all():
        moves(card)
    opened.delete_cell(1)
    expect(cards).to_have_count(3)
    cancel(cards.nth(1))
    for card in cards.all():
        expect(card).to_have_attribute("data-status", "cancelled", timeout=15_000)


def test_it_nests_in_a_box_a_tab_and_an_accordion(notebook: Open, page: Page) -> None:
    opened = notebook(
        SHORT.replace("\ncard\n", "\n"),
        "import ipywidgets as w\n"
        "tab = w.Tab([w.VBox([w.Label('above'), card]), w.Accordion([card])], titles=['first', 'second'])\n"
        "tab",
    )
    opened.run(0)
    opened.run(1)
    output = opened.output(1)
    expect(output.locator(".cyberun-task:visible")).to_have_count(1)
    moves(output.locator(".cyberun-task:visible"))
    output.get_by_role("tab", name="second").click()
    output.locator(".jupyter-widget-Collapse-header, .lm-Collapse-header").click()
    inner = output.locator(".cyberun-task:visible")
    expect(inner).to_have_count(1)
    shows_its_pictures(inner)
    assert inner.bounding_box()["width"] > 300
    expect(page.locator(".cyberun-archive")).to_have_count(0)


def test_jslink_and_observe_and_layout_work_as_with_any_widget(notebook: Open, page: Page) -> None:
    opened = notebook(
        SHORT.replace("\ncard\n", "\n"),
        "import ipywidgets as w\n"
        "bar, seen = w.FloatProgress(max=1.0), []\n"
        "link = w.jslink((card, 'progress'), (bar, 'value'))\n"
        "card.observe(lambda change: seen.append(change.new), names='progress')\n"
        "card.layout.width = '500px'\n"
        "w.VBox([bar, card])",
        "card.wait()\nassert seen[-1] == 1.0 and seen == sorted(seen) and len(seen) > 3, seen",
    )
    for index in range(3):
        opened.run(index)
    bar = opened.output(1).locator(".jupyter-widgets.widget-inline-hbox .progress-bar, .widget-progress .progress-bar")
    expect(bar.first).to_have_attribute("style", re.compile(r"width: 100%"))
    width = opened.output(1).locator(".cyberun-task").bounding_box()["width"]
    assert 480 < width <= 500


def test_the_layout_of_a_card_is_its_own_in_right_to_left_pages(notebook: Open, page: Page) -> None:
    opened = notebook(SHORT)
    opened.run(0)
    page.evaluate("document.documentElement.dir = 'rtl'")
    card = page.locator(".cyberun-task")
    shows_its_pictures(card)
    pill = card.get_by_text("Completed", exact=True).bounding_box()
    assert pill["x"] < card.bounding_box()["x"] + card.bounding_box()["width"] / 2
