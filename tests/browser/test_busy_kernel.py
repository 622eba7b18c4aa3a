"""The card is alive while the kernel is not: it moves, and its Cancel works."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from conftest import cancel
from playwright.sync_api import expect

from cyberun_widget import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Notebook
    from playwright.sync_api import Locator

    from cyberun_widget.local import LocalServer

RUN = """
import time
from cyberun_widget import Client
card = Client().run("echo-files", kinds="png", seconds=40)
card
"""


@pytest.fixture
def client(service: LocalServer) -> Client:
    return Client(service.api_key, base_url=service.base_url)


def shown(notebook: Notebook) -> Locator:
    """The card of the notebook's first cell, once its task runs."""
    notebook.run(0)
    card = notebook.page.locator(".cyberun-task")
    expect(card).to_have_attribute("data-status", "running", timeout=20_000)
    return card


def busy(notebook: Notebook, index: int) -> None:
    """Start a cell and let it take hold of the kernel."""
    notebook.start(index)
    notebook.page.wait_for_function("() => window.cyPanel().sessionContext.session.kernel.status === 'busy'")
    time.sleep(0.2)


def seconds_until_cancelled(client: Client, card: Locator, limit: float) -> float:
    """From now until the server has the cancellation; the limit if it never comes."""
    task_id = card.get_attribute("data-task-id") or ""
    began = time.monotonic()
    while (took := time.monotonic() - began) < limit and client.task(task_id).status != "cancelled":
        time.sleep(0.05)
    return took


def test_the_card_keeps_moving_while_a_cell_sleeps(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(RUN, "time.sleep(10)")
    bar = shown(opened).get_by_role("progressbar")
    busy(opened, 1)
    values = []
    for _ in range(8):
        values.append(float(bar.get_attribute("aria-valuenow") or 0))
        time.sleep(1)
    assert not opened.finished(1)
    assert len(set(values)) >= 3
    assert values == sorted(values)


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_cancel_reaches_the_server_within_a_second_while_a_cell_runs(
    notebook: Callable[..., Notebook], client: Client, app: str
) -> None:
    opened = notebook(RUN, "time.sleep(8)", app=app)
    card = shown(opened)
    busy(opened, 1)
    cancel(card)
    assert seconds_until_cancelled(client, card, limit=6) < 1
    expect(card).to_have_attribute("data-status", "cancelled")
    assert not opened.finished(1)


def test_cancel_works_in_a_busy_kernel_also_after_the_page_was_reloaded(
    notebook: Callable[..., Notebook], client: Client
) -> None:
    # The page's subshell is a new one then.
    opened = notebook(RUN, "time.sleep(8)")
    shown(opened)
    opened.reload()
    card = opened.page.locator(".cyberun-task")
    expect(card).to_have_attribute("data-status", "running")
    busy(opened, 1)
    cancel(card)
    assert seconds_until_cancelled(client, card, limit=6) < 1
    expect(card).to_have_attribute("data-status", "cancelled")
    assert not opened.finished(1)


def test_with_ipykernel_6_cancel_waits_for_the_cell_and_the_card_says_so(
    notebook: Callable[..., Notebook], client: Client, ipykernel6: str
) -> None:
    opened = notebook(RUN, "time.sleep(5)", kernel=ipykernel6)
    card = shown(opened)
    busy(opened, 1)
    cancel(card)
    expect(card).to_contain_text(re.compile("when the kernel is free"), timeout=3_000)
    assert not opened.finished(1)
    assert client.task(card.get_attribute("data-task-id") or "").status == "running"
    opened.wait(1)
    assert seconds_until_cancelled(client, card, limit=6) < 1
    expect(card).to_have_attribute("data-status", "cancelled")


def test_with_ipykernel_6_cancel_works_at_once_in_a_cell_that_waits_for_the_task(
    notebook: Callable[..., Notebook], client: Client, ipykernel6: str
) -> None:
    opened = notebook(
        RUN, "try:\n    card.wait()\nexcept Exception as e:\n    print(type(e).__name__)", kernel=ipykernel6
    )
    card = shown(opened)
    busy(opened, 1)
    cancel(card)
    assert seconds_until_cancelled(client, card, limit=6) < 1
    opened.wait(1)
    assert opened.output(1).inner_text().strip() == "TaskCancelled"


def test_stopping_a_cell_that_waits_ends_the_waiting_and_not_the_task(
    notebook: Callable[..., Notebook], client: Client
) -> None:
    opened = notebook(RUN, "card.wait()", "print('free')")
    card = shown(opened)
    busy(opened, 1)
    opened.interrupt()
    opened.wait(1, timeout=5)
    assert "KeyboardInterrupt" in opened.output(1).inner_text()
    assert opened.run(2).inner_text().strip() == "free"
    assert client.task(card.get_attribute("data-task-id") or "").status == "running"
    expect(card).to_have_attribute("data-connection", "live")


def test_deleting_the_cards_cell_disturbs_neither_page_nor_kernel(
    notebook: Callable[..., Notebook], client: Client
) -> None:
    opened = notebook(RUN, "card.cancel()", "print(card.status)")
    card = shown(opened)
    task_id = card.get_attribute("data-task-id") or ""
    opened.delete_cell(0)
    expect(card).to_have_count(0)
    opened.run(0)
    time.sleep(1)
    assert client.task(task_id).status == "cancelled"
    assert opened.run(1).inner_text().strip() == "cancelled"


def test_after_a_kernel_restart_the_task_is_found_again_and_shown(
    notebook: Callable[..., Notebook], client: Client
) -> None:
    attach = 'from cyberun_widget import Client, TaskWidget\nTaskWidget(Client().tasks(status="running")[0].id)'
    opened = notebook(RUN, attach)
    task_id = shown(opened).get_attribute("data-task-id")
    opened.restart_kernel()
    opened.run(1)
    card = opened.output(1).locator(".cyberun-task")
    expect(card).to_have_attribute("data-status", "running")
    expect(card).to_have_attribute("data-connection", "live")
    assert card.get_attribute("data-task-id") == task_id
