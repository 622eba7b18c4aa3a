"""Many running tasks, all watched from one notebook in a real JupyterLab, while the user works in it.

The first hundred cards are in one box, most of them out of view. Meanwhile one cell prints and another computes; a card
is cancelled; then all tasks end at once, one in seven as failed. Measured: the prints that arrive, the slowdown of the
computation, the time from a click to the service and back to the card, the time of each verdict from the server to its
trait, the open streams, the messages to the page, and the growth of the kernel's memory.

If the limit of open files is too low, this process raises it.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

from tests.bench.reading import KEY
from tests.bench.report import OURS, Row
from tests.servers.many_tasks import ManyTasks, ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COUNT: Final = 1000
SHOWN: Final = 100  # cards in the page
LINES: Final = 200
STREAMS: Final = 100
MESSAGES: Final = 210.0  # per second
FILES: Final = 8192  # open files
QUIET: Final = 8.0  # seconds over which messages are counted and memory is compared

CELLS: Final = (
    """
import time, ipywidgets
from cyberun_widget import TaskWidget
verdicts, cards = {{}}, []

def tell(change):
    if change["new"] in ("completed", "failed", "cancelled"):
        verdicts.setdefault(change["owner"].task_id, (change["new"], time.monotonic()))

for task_id in {task_ids!r}:
    card = TaskWidget(task_id, api_key={key!r}, base_url={base_url!r}, download="none")
    card.observe(tell, "status")
    cards.append(card)
box = ipywidgets.VBox(cards[:{shown}], layout=ipywidgets.Layout(max_height="600px", overflow="auto", display="block"))
box
""",
    "for number in range({lines}):\n    print('line', number)\n    time.sleep(0.02)",
    """
from tests.bench.watching import _compute, _loops
loops = _loops()
alone = min(_compute(loops) for _ in range(3))
""",
    "loaded = sorted(_compute(loops) for _ in range(3))[1]\nprint(loaded / alone - 1)",
    "import psutil\nprint(psutil.Process().memory_info().rss)",
    "import json\nprint(json.dumps(verdicts))",
)
_COUNT_MESSAGES: Final = """() => {
    window.cyMessages = 0;
    window.cyPanel().sessionContext.session.kernel.iopubMessage.connect((_, message) => {
        window.cyMessages += message.header.msg_type === "comm_msg";
    });
}"""
_STATUSES: Final = """() => {
    const shown = {};
    for (const card of document.querySelectorAll(".cyberun-task")) shown[card.dataset.taskId] = card.dataset.status;
    return shown;
}"""
_CLICK: Final = """button => new Promise((resolve) => {
    const card = button.closest(".cyberun-task");
    const clock = () => performance.timeOrigin + performance.now(), begin = clock();
    const look = () => {
        if (card.dataset.status !== "cancelled") return requestAnimationFrame(look);
        resolve([begin, clock()]);
    };
    button.click();
    look();
})"""


class Crowd:
    """The notebook and the server. Each method runs one scenario and returns its result."""

    def __init__(self, notebook: Any, server: ManyTasks, shown: int) -> None:
        self.notebook, self.server = notebook, server
        self.in_page = list(server.status)[:shown]
        self.page = notebook.page

    def show(self) -> None:
        """Create the cards, and wait until they are in the page and show progress."""
        self.notebook.run(0, timeout=180)
        self.page.wait_for_function(
            "count => document.querySelectorAll('.cyberun-task[data-status=running]').length === count",
            arg=len(self.in_page),
            timeout=180_000,
        )

    def printed(self) -> list[str]:
        """Return the lines that a cell prints, as they arrive in the page."""
        return str(self.notebook.run(1, timeout=120).inner_text()).split("\n")

    def alone(self) -> None:
        """Record how long a computation takes before there are any cards."""
        self.notebook.run(2, timeout=60)

    def slower(self) -> float:
        """Return the slowdown of the computation with the cards."""
        return float(self.notebook.run(3, timeout=180).inner_text())

    def memory(self) -> int:
        """Return the kernel's memory in bytes."""
        return int(self.notebook.run(4).inner_text())

    def messages(self, seconds: float) -> float:
        """Return the widgets' messages to the page per second while cards are in view."""
        self.page.evaluate("() => document.querySelector('.cyberun-task').scrollIntoView()")
        self.page.evaluate(_COUNT_MESSAGES)
        self.page.wait_for_function("() => window.cyMessages > 0", timeout=60_000)
        self.page.evaluate("() => { window.cyMessages = 0; }")
        begin = time.monotonic()
        self.page.wait_for_timeout(seconds * 1000)
        return float(self.page.evaluate("() => window.cyMessages")) / (time.monotonic() - begin)

    def cancelled(self) -> tuple[float, float]:
        """Cancel the first task on its card. Return the milliseconds from the click to the service and to the card."""
        card = self.page.locator(".cyberun-task").first
        card.get_by_role("button", name="Cancel", exact=True).evaluate("button => button.click()")
        begin, end = card.get_by_role("button", name="Yes, cancel").evaluate(_CLICK, timeout=60_000)
        ended_at = self.server.ended_at[next(iter(self.server.status))] + time.time() - time.monotonic()
        return ended_at * 1000 - begin, end - begin

    def end(self) -> dict[str, str]:
        """End all tasks at once. Return the statuses that the page must show."""
        for number, task_id in enumerate(self.server.status):
            if self.server.status[task_id] == "running":
                self.server.end(task_id, "failed" if number % 7 == 0 else "completed")
        return {task_id: self.server.status[task_id] for task_id in self.in_page}

    def shown(self, expected: dict[str, str], seconds: float) -> dict[str, str]:
        """Return the statuses in the page, once they are as expected or the time is up."""
        deadline = time.monotonic() + seconds
        while (found := self.page.evaluate(_STATUSES)) != expected and time.monotonic() < deadline:
            self.page.wait_for_timeout(100)
        return dict(found)

    def delays(self) -> list[float]:
        """Return the seconds from each task's end to its trait, omitting tasks with a wrong verdict."""
        told = json.loads(self.notebook.run(5).inner_text())
        return [
            told[task_id][1] - self.server.ended_at[task_id] if told.get(task_id, [""])[0] == status else float("inf")
            for task_id, status in self.server.status.items()
        ]


def cells(base_url: str, task_ids: list[str], shown: int) -> list[str]:
    """Return the notebook's cells."""
    return [
        cell.format(task_ids=task_ids, key=KEY, base_url=base_url, lines=LINES, shown=shown) if "{" in cell else cell
        for cell in CELLS
    ]


def measure() -> Iterable[Row]:
    """Yield the rows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if hard < 0 else min(FILES, hard), hard))
    case = f"{COUNT:,} tasks at 10 Hz"
    with _opened() as crowd:
        crowd.alone()
        begin = time.monotonic()
        crowd.show()
        yield Row("crowd", case, OURS, f"{time.monotonic() - begin:.0f} s until all cards run")
        lines = crowd.printed()
        lost = LINES - sum(f"line {number}" in lines for number in range(LINES))
        yield Row("crowd", f"{LINES} prints beside them", OURS, f"{lost} lost", aim="none", good=lost == 0)
        slower = crowd.slower()
        yield Row("crowd", "a computing cell", OURS, f"{slower:.1%} slower", aim="10%", good=slower <= 0.1)
        before = crowd.memory()
        rate = crowd.messages(QUIET)
        grown = crowd.memory() - before
        yield Row("crowd", "messages to the page", OURS, f"{rate:.0f} /s", aim="210 /s", good=rate <= MESSAGES)
        figure = f"{grown / 1e6:+.1f} MB in {QUIET:.0f} s, of {before / 1e6:.0f} MB"
        yield Row("crowd", "the kernel's memory", OURS, figure, aim="flat", good=grown < 0.02 * before)
        sent, shown = crowd.cancelled()
        figure = f"{sent:.0f} ms to the service, {shown:.0f} ms to the card"
        yield Row("crowd", "a click on Cancel", OURS, figure, aim="200 ms to the service", good=sent <= 200)
        expected = crowd.end()
        wrong = sum(status != expected[task_id] for task_id, status in crowd.shown(expected, 60).items())
        yield Row("crowd", "verdicts in the page", OURS, f"{wrong} wrong of {SHOWN}", aim="none", good=wrong == 0)
        deadline = time.monotonic() + 30
        while max(delays := crowd.delays()) == float("inf") and time.monotonic() < deadline:
            time.sleep(1)  # tasks without a card in the page arrive through the task list
        figure = f"p50 {statistics.median(delays):.1f} s, the last {max(delays):.1f} s"
        yield Row("crowd", "from an end to its trait", OURS, figure, aim="5 s", good=max(delays) <= 5)
        most = crowd.server.most["events"]
        yield Row("crowd", "streams at once", OURS, f"{most}", aim="100", good=most <= STREAMS)


@contextmanager
def _opened() -> Iterator[Crowd]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))  # as pytest does for modules in the folder
    from tests.browser.conftest import Lab, Notebook, launch  # noqa: PLC0415 - the browser tests need pytest

    task_ids = ids(COUNT)
    with tempfile.TemporaryDirectory() as folder, ManyTasks(task_ids) as server, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        chromium = launch(playwright)
        try:
            lab.start()
            page = chromium.new_page(viewport={"width": 1200, "height": 900})
            path = lab.write_notebook("crowd.ipynb", *cells(server.base_url, task_ids, SHOWN))
            yield Crowd(Notebook(lab, page, path).open(), server, SHOWN)
        finally:
            chromium.close()
            lab.stop()
