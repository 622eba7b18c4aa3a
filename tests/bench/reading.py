"""From socket to typed event: CPU time per event, without a page, compared with a handwritten loop.

Naive: one thread per task, `httpx.stream`, `httpx_sse.EventSource` and `json.loads` of each event's data. Ours: the
watch behind a card, for a listener that needs every event, or only what the page shows (the last event of a burst).
Each case runs in a separate process, whose CPU time is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import httpx_sse

from cyberun_widget import FollowPolicy
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from cyberun_widget.following.listener import Interest
from cyberun_widget.following.task_watch import watch
from tests.bench.report import OURS, Row
from tests.bench.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY = "sk-bench-0000000000"
BURST = 30_000  # events
WINDOW = 4.0  # seconds
NAIVE = "thread per task (httpx, httpx-sse)"
WAYS = {"events": f"{OURS}, each event", "live": f"{OURS}, as a card", "naive": NAIVE}
PATIENCE = 12.0  # seconds until all streams are open
_LIMIT = 60.0  # seconds for one case


class Counter:
    """A listener that only counts."""

    def __init__(self) -> None:
        self.count = 0

    def changed(self) -> None:
        """Note a change."""
        self.count += 1

    def happened(self, event: Any) -> None:
        """Note an event."""
        self.count += bool(event)


def naive(base_url: str, task_id: str) -> threading.Thread:
    """Read one task's stream on a separate thread, event by event, as the API page suggests."""

    def read() -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        with (
            httpx.Client(timeout=None) as client,
            client.stream("GET", f"{base_url}/r/tasks/{task_id}/events", headers=headers) as response,
        ):
            for item in httpx_sse.EventSource(response).iter_sse():
                if json.loads(item.data)["task_id"] != task_id or item.event == "completed":
                    return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def burst(way: str, base_url: str) -> dict[str, float]:
    """Read one task's stream that arrives all at once. Return the CPU time per event in microseconds."""
    task_id = f"burst-{BURST}"
    before = time.process_time()
    if way == "naive":
        naive(base_url, task_id).join()
    else:
        begin(way, base_url, [task_id])[0].finished.result(60)
    return {"us": (time.process_time() - before) / BURST * 1e6}


def begin(way: str, base_url: str, task_ids: Iterable[str]) -> list[Any]:
    """Watch tasks, with one listener each."""
    http = Http(Settings.resolve(KEY, base_url, environ={}))
    interest = Interest.EVENTS if way == "events" else Interest.LIVE
    folder = Path(tempfile.mkdtemp())
    return [watch(http, name, FollowPolicy(), folder, "none", Counter(), interest) for name in task_ids]


def ticking(way: str, base_url: str, count: int) -> dict[str, float]:
    """Read many streams. Return the CPU time per event, the share of a core, and the number of open streams."""
    task_ids = [f"task-{number}" for number in range(count)]
    kept = [naive(base_url, name) for name in task_ids] if way == "naive" else begin(way, base_url, task_ids)
    deadline = time.monotonic() + PATIENCE
    told = sent(base_url)
    while told["streams"] < count and time.monotonic() < deadline:
        time.sleep(0.2)
        before, told = told["streams"], sent(base_url)
        if told["streams"] == before and told["streams"] >= 10 and way != "naive":
            break  # the budget of streams is used up: the others are polled
    if way != "naive":
        while any(each.state.status == "unknown" for each in kept) and time.monotonic() < deadline + PATIENCE:
            time.sleep(0.2)  # the cost of starting isn't part of the cost of following
    time.sleep(1.0)
    started, used, told = time.monotonic(), time.process_time(), sent(base_url)
    time.sleep(WINDOW)
    seconds, used = time.monotonic() - started, time.process_time() - used
    events = sent(base_url)["sent"] - told["sent"]
    assert kept
    return {"us": used / max(1, events) * 1e6, "core": used / seconds, "streams": told["streams"]}


def sent(base_url: str) -> dict[str, int]:
    """Return the number of events written, and of open streams."""
    return dict(httpx.get(f"{base_url}/sent", timeout=30).json())


def child(case: str, way: str, base_url: str, *more: object) -> dict[str, float] | None:
    """Run one of the above in a separate process. Return None if it doesn't finish in time."""
    code = f"import json; from tests.bench import reading; print(json.dumps(reading.{case}{(way, base_url, *more)!r}))"
    try:
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=_LIMIT)
    except subprocess.TimeoutExpired:
        return None
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def measure() -> Iterable[Row]:
    """Yield the rows."""
    with serving(1) as base_url:
        yield from _rows(
            f"one stream, a burst of {BURST:,} events", {way: child("burst", way, base_url) for way in WAYS}
        )
    for count, rate in ((100, 1), (100, 10), (1000, 1), (1000, 10)):
        found: dict[str, dict[str, float] | None] = {}
        for way in WAYS:
            with serving(rate) as base_url:
                found[way] = child("ticking", way, base_url, count)
        yield from _rows(f"{count:,} tasks, {rate} events/s each", found)


def _rows(case: str, found: dict[str, dict[str, float] | None]) -> Iterable[Row]:
    peer = found["naive"]
    for way, figures in found.items():
        if figures is None:
            yield Row("reading", case, WAYS[way], "could not be run")
            continue
        figure = f"{figures['us']:.0f} us of CPU per event"
        if "core" in figures:
            figure += f", {figures['core']:.0%} of a core, {figures['streams']:.0f} streams"
        against, good = "", None
        if way != "naive" and peer is not None:
            measure = "core" if "core" in figures else "us"
            share = figures[measure] / peer[measure]
            against = f"{share:.2f} x naive"
            good = share <= 1 / 3 if way == "live" and case.startswith("100 tasks, 10") else None
        yield Row("reading", case, WAYS[way], figure, against, "" if good is None else "a third of naive", good)
