"""Waits until a page has settled, for tests that check pixels or everything on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

FRAMES = 12

SETTLED = """async ({ frames, seconds }) => {
  let changes = 0;
  const isElement = ({ nodeType }) => nodeType === Node.ELEMENT_NODE; // a clock's text goes on
  const observer = new MutationObserver((records) => {
    for (const { addedNodes, removedNodes } of records) {
      changes += [...addedNodes, ...removedNodes].filter(isElement).length;
    }
  });
  observer.observe(document, { subtree: true, childList: true });
  const passing = (animation) => {
    const { endTime } = animation.effect.getComputedTiming();
    return animation.playState === "running" && Number.isFinite(endTime);
  };
  const moving = () => [
    ...document.querySelectorAll(".cy-v-loading, [aria-busy=true]"),
    ...[...document.images].filter((image) => !image.complete),
    ...document.getAnimations().filter(passing),
  ];
  const end = performance.now() + seconds * 1000;
  for (let still = 0; still < frames; still += 1) {
    await new Promise(requestAnimationFrame);
    if (changes > 0 || moving().length > 0) still = 0;
    changes = 0;
    if (performance.now() > end) throw new Error(`the page doesn't settle: ${moving().map(String).join(", ")}`);
  }
  observer.disconnect();
}"""


def settle(page: Page, seconds: float = 30) -> None:
    """Wait until nothing loads, no transition runs, and no element was added or removed for a few frames."""
    page.evaluate(SETTLED, {"frames": FRAMES, "seconds": seconds})
