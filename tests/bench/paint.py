"""From event to screen: a real JupyterLab in Chromium, one task with events at less than the publisher's rate.

Each event contains the time at which it was written to the socket. The page looks for it in the output before each
frame, and takes the time of the frame after the first one that shows it, which is on the screen by then.
Naive: `watching.Naive`, whose text is an ipywidgets HTML.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

from tests.bench.reading import KEY
from tests.bench.report import OURS, Row
from tests.bench.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterable

COUNT: Final = 45  # events
RATE: Final = 3.0  # per second: less than the five messages per second that one card may send
_CELLS: Final = {
    "ours": (
        "from cyberun_widget import TaskWidget\n"
        "TaskWidget('paint', api_key={key!r}, base_url={base_url!r}, download='none')"
    ),
    "naive": (
        "from tests.bench.watching import Naive\n"
        "import ipywidgets\n"
        "naive = Naive({base_url!r}, 'paint')\n"
        "ipywidgets.VBox([naive.bar, naive.text])"
    ),
}
_WHO: Final = {"ours": OURS, "naive": "FloatProgress and HTML, set by a thread"}
_LISTEN: Final = """() => {
    window.taken = [];
    let last = "";
    const look = () => {
        const text = document.querySelector(".jp-Notebook")?.innerText ?? "";
        const stamp = /\\b1\\d{9}\\.\\d{6}\\b/.exec(text)?.[0];
        if (stamp && stamp !== last) {
            last = stamp;
            requestAnimationFrame(() => window.taken.push(Date.now() - Number(stamp) * 1000));
        }
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def measure() -> Iterable[Row]:
    """Yield the rows."""
    found = {way: _taken(way) for way in _CELLS}
    for place, name in ((49, "p50"), (94, "p95")):
        for way, taken in found.items():
            value = statistics.quantiles(taken, n=100)[place]
            aim = way == "ours" and name == "p95"
            yield Row(
                "event to paint",
                f"{name} of {COUNT} events",
                _WHO[way],
                f"{value:.0f} ms",
                "",
                "150 ms" if aim else "",
                value < 150 if aim else None,
            )


def _taken(way: str) -> list[float]:
    """Return the latency of each event in milliseconds."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))  # as pytest does for modules in the folder
    from tests.browser.conftest import Lab, Notebook, launch  # noqa: PLC0415 - the browser tests need pytest

    with tempfile.TemporaryDirectory() as folder, serving(RATE) as base_url, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        chromium = launch(playwright)
        try:
            lab.start()
            page = chromium.new_page(viewport={"width": 1200, "height": 900})
            code = _CELLS[way].format(key=KEY, base_url=base_url)
            notebook = Notebook(lab, page, lab.write_notebook("paint.ipynb", code)).open()
            notebook.run(0)
            page.evaluate(_LISTEN)
            page.wait_for_function(f"() => window.taken.length >= {COUNT + 5}", timeout=90_000)
            taken = json.loads(page.evaluate("() => JSON.stringify(window.taken)"))
            return [float(each) for each in taken[5 : COUNT + 5]]
        finally:
            chromium.close()
            lab.stop()
