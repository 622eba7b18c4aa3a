"""The card stays live while the kernel is busy: it shows progress, and its Cancel works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from conftest import cancel
from playwright.sync_api import expect

from cyberun_widget import Client
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Notebook
    from playwright.sync_api import Locator

    from cyberun_widget.local import LocalServer

RUN = """
import time
from cyberun_widget import Client
card = Client().run("echo-files", kinds="png", seconds=40)
card
"""
BEGUN = 'print("begun", flush=True)\n'


@pytest.fixture
def client(service: LocalServer) -> Client:
    return Client(service.api_key, base_url=service.base_url)


def shown(notebook: Notebook) -> Locator:
    """The card of the notebook's first cell, once its task runs."""
    notebook.run(0)
    card = notebook.page.locator(".cyberun-task")
    expect(card).to_have_attribute("data-status", "running", timeout=20_000)
    return card


@pytest.fixture
def latch(tmp_path: Path) -> Iterator[Path]:
    """A file path: a cell from `held` ends as soon as the file exists."""
    path = tmp_path / "open"
    yield path
    path.touch()


def held(latch: Path) -> str:
    """Code that keeps the kernel busy."""
    return f"import os\nwhile not os.path.exists({str(latch)!r}): time.sleep(0.05)"


def busy(notebook: Notebook, index: int) -> None:
    """Start a cell that begins with `BEGUN`, and wait until it has the kernel."""
    notebook.start(index)
    expect(notebook.output(index)).to_contain_text("begun", timeout=20_000)


def is_cancelled(client: Client, card: Locator) -> None:
    """Assert that the server receives the cancellation."""
    task_id = card.get_attribute("data-task-id") or ""
    until(lambda: client.task(task_id).status == "cancelled", pause=0.1)
    expect(card).to_have_attribute("data-status", "cancelled", timeout=20_000)


def test_the_card_keeps_moving_while_a_cell_sleeps(notebook: Callable[..., Notebook], latch: Path) -> None:
    opened = notebook(RUN, BEGUN + held(latch))
    bar = shown(opened).get_by_role("progressbar")
    busy(opened, 1)
    values: list[float] = []

    def moved() -> bool:
        values.append(float(bar.get_attribute("aria-valuenow") or 0))
        return len(set(values)) >= 4

    until(moved, 30, pause=0.2, state=lambda: values)
    assert not opened.finished(1)
    assert values == sorted(values)


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_cancel_reaches_the_server_while_a_cell_runs(
    notebook: Callable[..., Notebook], client: Client, latch: Path, app: str
) -> None:
    opened = notebook(RUN, BEGUN + held(latch), app=app)
    card = shown(opened)
    busy(opened, 1)
    cancel(card)
    is_cancelled(client, card)
    assert not opened.finished(1)


def test_cancel_works_in_a_busy_kernel_also_after_the_page_was_reloaded(
    notebook: Callable[..., Notebook], client: Client, latch: Path
) -> None:
    # The page then has a new subshell.
    opened = notebook(RUN, BEGUN + held(latch))
    shown(opened)
    opened.reload()
    card = opened.page.locator(".cyberun-task")
    expect(card).to_have_attribute("data-status", "running")
    busy(opened, 1)
    cancel(card)
    is_cancelled(client, card)
    assert not opened.finished(1)


def test_with_ipykernel_6_cancel_waits_for_the_cell_and_the_card_says_so(
    notebook: Callable[..., Notebook], client: Client, ipykernel6: str, latch: Path
) -> None:
    opened = notebook(RUN, BEGUN + held(latch), kernel=ipykernel6)
    card = shown(opened)
    busy(opened, 1)
    cancel(card)
    expect(card).to_contain_text(re.compile("when the kernel is free"))
    assert not opened.finished(1)
    assert client.task(card.get_attribute("data-task-id") or "").status == "running"
    latch.touch()
    opened.wait(1)
    is_cancelled(client, card)


def test_with_ipykernel_6_cancel_works_at_once_in_a_cell_that_waits_for_the_task(
    notebook: Callable[..., Notebook], client: Client, ipykernel6: str
) -> None:
    opened = notebook(
        RUN, BEGUN + "try:\n    card.wait()\nexcept Exception as e:\n    print(type(e).__name__)", kernel=ipykernel6
    )
    card = shown(opened)
    busy(opened, 1)
    cancel(card)
    is_cancelled(client, card)
    opened.wait(1)
    assert opened.output(1).inner_text().split() == ["begun", "TaskCancelled"]


def test_stopping_a_cell_that_waits_ends_the_waiting_and_not_the_task(
    notebook: Callable[..., Notebook], client: Client
) -> None:
    opened = notebook(RUN, BEGUN + "card.wait()", "print('free')")
    card = shown(opened)
    busy(opened, 1)
    opened.interrupt()
    opened.wait(1, timeout=20)
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
    until(lambda: client.task(task_id).status == "cancelled", pause=0.1)
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
