"""Takes screenshots of the card: ``python tests/browser/screenshots.py [folder]``.

Without a folder, regenerates the README's pictures in ``notebooks/images/``, some of them in a JupyterLab that runs the
local server's workflows. With a folder, writes pictures of all states to it for review, light and dark, 320 and
1,000 px wide.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conftest import Lab, Notebook, launch
from PIL import Image
from playwright.sync_api import sync_playwright
from settled import settle
from states.serve import served

from cyberun_widget.local import LocalServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

IMAGES = Path(__file__).resolve().parents[2] / "notebooks" / "images"
README = {
    "running": "running,stage-train",
    "states": "waiting,reconnecting,failed,compact-running",
}
"""Picture -> the states in it, from top to bottom."""


def picture(
    browser: Browser, address: str, target: Path, *, theme: str, width: int, states: str = "", neat: bool = False
) -> None:
    """Take a picture of these states (all by default), `width` CSS px wide.

    `neat`: for readers, in one column without headings, at twice the resolution.
    """
    context = browser.new_context(
        viewport={"width": width + 32 if neat else max(width + 32, 1040), "height": 900},
        device_scale_factor=2 if neat else 1,
    )
    page = context.new_page()
    query = [f"theme={theme}", f"width={width}", "still=1"]
    query += [f"state={states}"] if states else []
    query += ["bare", "fine"] if neat else []
    page.goto(f"{address}?{'&'.join(query)}", timeout=120_000)
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    if not neat:  # everything in view, so that everything is drawn
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": max(width + 32, 1040), "height": height})
    page.wait_for_timeout(2_000)
    page.evaluate("stop(), Object.values(cards).forEach(({ model }) => model.alive && model.update({}))")
    page.wait_for_timeout(100)
    taken = page.locator("main").screenshot()
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(taken)).convert("RGB").save(target, quality=88, method=6)
    context.close()


CELLS = (
    "from cyberun_widget import Client\n\nclient = Client()\nclient.run('gray-scott', batch=4, seed=7)",
    "splat = client.run('tiny-splat')\nsplat",
)


def notebook(browser: Browser, folder: Path) -> None:
    """Take pictures of the quickstart's two completed workflows in a real JupyterLab, light and dark."""
    with LocalServer.start(state_dir=folder / "server") as server:
        account = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": server.api_key}
        lab = Lab(folder, variables=account)
        lab.start()
        try:
            page = browser.new_page(viewport={"width": 1040, "height": 2400}, device_scale_factor=1.5)
            opened = Notebook(lab, page, lab.write_notebook("gallery.ipynb", *CELLS)).open()
            page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
            for index in range(len(CELLS)):
                opened.run(index)
                opened.output(index).locator('.cyberun-task[data-status="completed"]').wait_for(timeout=180_000)
            page.set_viewport_size({"width": 900, "height": 700})  # rendered on the CPU: fewer pixels are faster
            for model in opened.output(1).locator('[data-kind="model"]').all():  # opening a model creates its poster
                model.get_by_role("button").first.click()
                model.locator("img[src]").wait_for(state="attached", timeout=90_000)
                page.keyboard.press("Escape")
            page.set_viewport_size({"width": 1040, "height": 2400})
            for theme in ("light", "dark"):
                opened.theme(theme)
                page.mouse.move(0, 0)
                page.evaluate("() => document.activeElement?.blur()")
                page.wait_for_timeout(4_000)  # time for pictures, players and the table to render
                for index, name in enumerate(("pictures", "splat")):
                    taken = opened.cell(index).screenshot()
                    target = IMAGES / f"{name}-{theme}.webp"
                    Image.open(io.BytesIO(taken)).convert("RGB").save(target, quality=88, method=6)
            page.close()
        finally:
            lab.stop()


MAP = """from cyberun_widget import Client

axes = {
    "feed": [0.026, 0.031, 0.036, 0.041, 0.046, 0.051],
    "kill": [0.057, 0.0585, 0.06, 0.0615, 0.063, 0.0645],
}
sweep = Client().map("gray-scott", grid=axes, steps=4000, size=160, video=False, seed=7)
sweep"""


def sheet(browser: Browser, folder: Path) -> None:
    """Take pictures of the completed map of sweep.ipynb in a real JupyterLab, light and dark."""
    with LocalServer.start(state_dir=folder / "sweep-server") as server:
        account = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": server.api_key}
        lab = Lab(folder / "sweep", variables=account)
        lab.start()
        try:
            page = browser.new_page(viewport={"width": 960, "height": 1400}, device_scale_factor=1.5)
            opened = Notebook(lab, page, lab.write_notebook("map.ipynb", MAP)).open()
            page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
            opened.run(0)
            shown = opened.output(0).locator(".cyberun-group")
            opened.output(0).locator('.cyberun-group[data-done="36"]').wait_for(timeout=600_000)
            for theme in ("light", "dark"):
                opened.theme(theme)
                page.mouse.move(0, 0)
                page.evaluate("() => document.activeElement?.blur()")
                settle(page)
                taken = shown.screenshot()
                target = IMAGES / f"sweep-{theme}.webp"
                Image.open(io.BytesIO(taken)).convert("RGB").save(target, quality=88, method=6)
            page.close()
        finally:
            lab.stop()


def main(folder: Path | None) -> None:
    """Take the pictures."""
    with served() as address, sync_playwright() as playwright:
        browser = launch(playwright)
        for theme in ("light", "dark"):
            if folder is None:
                for name, states in README.items():
                    picture(
                        browser,
                        address,
                        IMAGES / f"{name}-{theme}.webp",
                        theme=theme,
                        width=640,
                        states=states,
                        neat=True,
                    )
                continue
            for width in (320, 1000):
                picture(browser, address, folder / f"states-{theme}-{width}.webp", theme=theme, width=width)
        if folder is None:
            with tempfile.TemporaryDirectory() as scratch:
                notebook(browser, Path(scratch))
                sheet(browser, Path(scratch))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
