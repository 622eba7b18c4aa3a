"""What goes between a card on the page of all states and its kernel, which the page plays itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


def send(page: Page, state: str, changes: dict[str, Any]) -> None:
    """Change traits as the kernel would."""
    page.evaluate("([state, changes]) => cards[state].model.update(changes)", [state, changes])


def asked(page: Page, state: str, kind: str) -> list[dict[str, Any]]:
    """What the page sent to the kernel, of one kind."""
    sent: list[dict[str, Any]] = page.evaluate("(state) => cards[state].model.sent", state)
    return [message for message in sent if message["type"] == kind]
