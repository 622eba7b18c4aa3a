"""One sheet of 1,000 tasks with events at 10 Hz: a real kernel, a real JupyterLab in Chromium, real HTTP.

`messages`: from the kernel to the page for the whole group, per second. `click`: from a click on a cell to the second
frame after it, by when its details are next to the sheet. `scroll`: frames per second while the sheet scrolls by half a
row per frame. A busy machine distorts the last two, but not the CPU time of the page's main thread given with them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

from tests.bench.reading import KEY
from tests.bench.report import OURS, Row
from tests.servers.many_tasks import ManyTasks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.sync_api import CDPSession, Page

COUNT: Final = 1_000  # tasks
RATE: Final = 10.0  # events per second and task
SECONDS: Final = 10.0  # during which messages are counted
CLICKS: Final = 21
SCROLLING: Final = 4  # seconds
_CELL: Final = """from cyberun_widget import Client, TaskGroup
group = TaskGroup([f"task-{{number:04x}}" for number in range({count})], Client({key!r}, base_url={base_url!r}))
group"""
_CLICK: Final = """async (point) => {
    const cell = document.querySelector(`.cy-g-cell[data-point="${point}"]`);
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    const begun = performance.now();
    cell.click();
    await frame();
    await frame();
    const taken = performance.now() - begun;
    if (!cell.hasAttribute("data-open")) throw new Error("the click opened nothing");
    return taken;
}"""
_SCROLL: Final = """(ms) => new Promise((done) => {
    const sheet = document.querySelector(".cy-g-sheet");
    let frames = 0;
    let step = 60;
    const begun = performance.now();
    const next = () => {
        const passed = performance.now() - begun;
        if (passed >= ms) return done((1000 * frames) / passed);
        frames += 1;
        const before = sheet.scrollTop;
        sheet.scrollBy(0, step);
        if (sheet.scrollTop === before) step = -step;
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
})"""


def measure() -> Iterable[Row]:
    """Yield the rows."""
    found = figures()
    case = f"{COUNT:,} tasks at {RATE:g} Hz"
    for name, value, unit, aim, good in (
        ("messages", found["messages"], "a second", "at most 20", found["messages"] <= 20),
        ("click", found["click"], "ms, median", "200 ms", found["click"] <= 200),
        ("CPU of a click", found["click CPU"], "ms", "", None),
        ("scroll", found["scroll"], "frames/s", "30 frames/s", found["scroll"] >= 30),
        ("CPU of a second's scrolling", found["scroll CPU"], "ms", "", None),
    ):
        yield Row(f"sheet: {name}", case, OURS, f"{value:.1f} {unit}", "", aim, good)


def figures() -> dict[str, float]:
    """Return messages per second, milliseconds per click, frames per second, and the CPU times of the last two."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))  # as pytest does for modules in the folder
    from tests.browser.conftest import Lab, Notebook, launch  # noqa: PLC0415 - the browser tests need pytest

    ids = [f"task-{number:04x}" for number in range(COUNT)]
    with tempfile.TemporaryDirectory() as folder, ManyTasks(ids, rate=RATE) as server, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        chromium = launch(playwright)
        try:
            lab.start()
            page = chromium.new_page(viewport={"width": 1200, "height": 900})
            heard = _listening(page)
            code = _CELL.format(count=COUNT, key=KEY, base_url=server.base_url)
            Notebook(lab, page, lab.write_notebook("sheet.ipynb", code)).open().run(0)
            page.locator(".cyberun-group .cy-g-axes, .cyberun-group .cy-g-tools").first.wait_for(state="attached")
            page.locator('.cy-g-cell[data-status="running"]').first.wait_for(timeout=60_000)
            page.wait_for_timeout(5_000)  # each task has been polled once
            heard.clear()
            begun = time.monotonic()
            page.wait_for_timeout(SECONDS * 1000)
            messages = len(heard) / (time.monotonic() - begun)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            spent = _cpu(session)
            clicks = [page.evaluate(_CLICK, point) for point in range(CLICKS)]
            between = _cpu(session)
            scroll = page.evaluate(_SCROLL, SCROLLING * 1000)
            return {
                "messages": messages,
                "click": statistics.median(clicks),
                "click CPU": (between - spent) / CLICKS,
                "scroll": scroll,
                "scroll CPU": (_cpu(session) - between) / SCROLLING,
            }
        finally:
            chromium.close()
            lab.stop()


def _cpu(session: CDPSession) -> float:
    """Return the CPU milliseconds that the page's main thread has used so far."""
    found = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    return 1000.0 * float(found["TaskDuration"])


def _listening(page: Page) -> list[float]:
    """Return a list to which the time of each widget message that the page receives is added."""
    heard: list[float] = []

    def take(frame: Any) -> None:
        content = frame if isinstance(frame, bytes) else frame.encode()
        if b'"msg_type": "comm_msg"' in content and b'"method": "' in content:
            heard.append(time.monotonic())

    page.on("websocket", lambda socket: socket.on("framereceived", take))
    return heard
