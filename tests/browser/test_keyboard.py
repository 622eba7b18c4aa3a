"""With only the keyboard, in a real JupyterLab: start, cancel, view a picture, save."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lab, Notebook
    from playwright.sync_api import Page

TABS = 80  # the most presses of Tab


def go_to(page: Page, name: str) -> None:
    """Press Tab until the button of this name has the focus."""
    wanted = page.locator(".cyberun-task :focus-visible").and_(page.get_by_role("button", name=name))
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if wanted.count():
            return
    raise AssertionError(f"no {name!r} within {TABS} presses of Tab")


def test_a_task_is_started_cancelled_looked_at_and_saved_without_a_mouse(
    notebook: Callable[..., Notebook], lab: Lab, page: Page
) -> None:
    opened = notebook(
        "from cyberun_widget import Client; client = Client()",
        "client.run('echo-files', seconds=60)",
        "client.run('echo-files', kinds='png', seconds=0)",
    )
    page.evaluate("() => { window.cyPanel().content.activeCellIndex = 0; window.cyPanel().content.activate(); }")
    for _ in range(2):
        page.keyboard.press("Shift+Enter")
    opened.output(1).locator('.cyberun-task[data-status="running"]').wait_for(timeout=30_000)
    go_to(page, "Cancel")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")  # from "Keep it running"
    page.keyboard.press("Enter")
    opened.output(1).locator('.cyberun-task[data-status="cancelled"]').wait_for()

    page.evaluate("() => { window.cyPanel().content.activeCellIndex = 2; window.cyPanel().content.activate(); }")
    page.keyboard.press("Control+Enter")
    card = opened.output(2).locator('.cyberun-task[data-status="completed"]')
    card.locator('[data-kind="image"] img[src]').wait_for()
    go_to(page, "Save all")
    page.keyboard.press("Enter")
    card.get_by_text("saved to").wait_for()
    saved = list(lab.root.glob("cyberun-*/*.png"))
    assert saved
    assert all(path.stat().st_size for path in saved)

    go_to(page, "echo.png")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.locator("img").first.wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    back = page.evaluate("() => document.activeElement.closest('[data-artifact]')?.dataset.artifact")
    assert back, "the focus is back on the picture"
