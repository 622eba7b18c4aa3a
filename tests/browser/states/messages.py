"""Messages between a card on the page of all states and its kernel, which the page simulates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


def send(page: Page, state: str, changes: dict[str, Any]) -> None:
    """Change traits like the kernel."""
    page.evaluate("([state, changes]) => cards[state].model.update(changes)", [state, changes])


def asked(page: Page, state: str, kind: str) -> list[dict[str, Any]]:
    """Return the page's messages of one kind to the kernel."""
    sent: list[dict[str, Any]] = page.evaluate("(state) => cards[state].model.sent", state)
    return [message for message in sent if message["type"] == kind]
