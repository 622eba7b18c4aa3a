""" "Notify me": told once when a task ends, by a mark in the tab's title and where it may by a notification."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from conftest import launch
from playwright.sync_api import expect, sync_playwright

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Notebook
    from playwright.sync_api import Browser, Locator, Page

RECORD = """
    window.cyTold = [];
    window.cyAsked = 0;
    const ask = Notification.requestPermission.bind(Notification);
    Notification.requestPermission = () => { window.cyAsked += 1; return ask(); };
    window.Notification = new Proxy(Notification, {
        construct(real, [title, options]) {
            window.cyTold.push({ title, body: options.body });
            return new real(title, options);
        },
    });
"""
RUN = """
from cyberun_widget import Client
card = Client().run("echo-files", kinds="json", seconds=2, label="try 3")
card
"""
LONG = RUN.replace("seconds=2", "seconds=600")
END = "card.cancel()"  # whenever the test has come so far


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that shows notifications."""
    with sync_playwright() as playwright:
        chromium = launch(playwright, shell=False)
        yield chromium
        chromium.close()


@pytest.fixture
def told(page: Page) -> Callable[[], list[dict[str, str]]]:
    """The notifications that were shown, by a browser that may show them."""
    page.context.grant_permissions(["notifications"])
    page.add_init_script(RECORD)
    return lambda: page.evaluate("window.cyTold")


def menu_line(card: Locator) -> Locator:
    """Open the menu, and give its line."""
    menu = card.get_by_role("menu")
    expect(menu).to_be_hidden()
    card.get_by_role("button", name="More").click()
    return menu.get_by_role("menuitemcheckbox")


def switch(card: Locator) -> None:
    """Press "Notify me"; the menu closes by itself when it has said what will happen."""
    line = menu_line(card)
    expect(line).to_have_text("Notify me")
    line.click()
    expect(card.get_by_role("menu")).to_be_hidden()


def ended(card: Locator, status: str = "completed") -> None:
    card.page.locator(f'.cyberun-task[data-status="{status}"]').first.wait_for(timeout=60_000)


def marked(page: Page, mark: str) -> bool:
    return bool(until(lambda: page.title().startswith(f"{mark} "), 20))


def test_the_switch_has_the_end_told_once_and_the_mark_goes_when_the_page_is_looked_at(
    notebook: Callable[..., Notebook], page: Page, told: Callable[[], list[dict[str, str]]]
) -> None:
    opened = notebook(LONG, "card", END)
    card = opened.run(0).locator(".cyberun-task")
    opened.run(1)  # two views of one card
    title = page.title()
    switch(card)
    expect(menu_line(card)).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")
    opened.run(2)
    ended(card, "cancelled")
    assert marked(page, "○")
    assert page.title() == f"○ {title}"
    until(told)
    assert told() == [{"title": "Cancelled: try 3", "body": "Echo files"}]
    opened.save()  # the host writes the title again
    assert page.title().startswith("○ ")

    places = itertools.count(200)

    def looked_at() -> bool:
        page.mouse.move(next(places), 200)
        return not page.title().startswith("○")

    assert until(looked_at, 20)
    assert len(told()) == 1


def test_code_switches_it_on_and_asks_for_nothing(notebook: Callable[..., Notebook], page: Page) -> None:
    page.add_init_script(RECORD)
    opened = notebook(RUN.replace("json", "nothing-known").replace("\ncard\n", "\ncard.notify = True\ncard\n"))
    card = opened.run(0).locator(".cyberun-task")
    ended(card, "failed")
    assert marked(page, "✕")
    assert page.evaluate("window.cyAsked") == 0


def test_an_old_verdict_and_a_switch_that_was_put_back_tell_nothing(
    notebook: Callable[..., Notebook], page: Page, told: Callable[[], list[dict[str, str]]]
) -> None:
    opened = notebook(
        LONG,
        "from cyberun_widget import TaskWidget\nTaskWidget(card.task_id, notify=True)",
        f"print(card.notify)\n{END}",
        "card.notify = True",
    )
    card = opened.run(0).locator(".cyberun-task")
    switch(card)
    switch(card)
    assert "False" in opened.run(2).text_content()
    ended(card, "cancelled")
    old = opened.run(1).locator('.cyberun-task[data-status="cancelled"]')
    old.wait_for()
    opened.run(3)
    opened.reload()
    old.wait_for()
    assert page.title().strip("✓✕○ ") == page.title()
    assert told() == []


def test_many_cards_that_end_together_make_one_mark_and_few_notifications(
    notebook: Callable[..., Notebook], page: Page, told: Callable[[], list[dict[str, str]]]
) -> None:
    opened = notebook(
        "import ipywidgets\nfrom cyberun_widget import Client, TaskWidget\nclient = Client()\n"
        "cards = [client.run('echo-files', kinds='json', seconds=1) for _ in range(10)]\n"
        "cards += [TaskWidget(card.task_id, client) for card in cards]\n"  # two cards of each task
        "for card in cards:\n    card.density, card.notify = 'compact', True\n"
        "ipywidgets.VBox(cards)"
    )
    opened.run(0).locator(".cyberun-task").first.wait_for()
    assert marked(page, "✓10")
    numbers = until(lambda: len(told()) and [one["title"] for one in told()])
    assert len(numbers) <= 3
