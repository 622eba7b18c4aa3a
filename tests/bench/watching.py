"""What watching costs, in a real kernel with a real comm: the way from the wire to the trait, a busy cell, memory.

`latency`: from the moment an event was written to the socket until the trait has its value, events so far apart that
the publisher's pace (0.2 s between two messages of one card) holds none of them back. `cell`: the CPU time that all
other threads of the kernel take while a cell computes, as a share of the time it takes, less what they take with
nothing watched. `memory`: what each of 100 more watched tasks adds to the process, everything of it included.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
from jupyter_client.manager import start_new_kernel

from cyberun_widget import FollowPolicy, TaskWidget
from tests.bench.report import Row
from tests.bench.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY = "sk-bench-0000000000"


def watch(base_url: str, task_id: str) -> TaskWidget:
    """Return a card of a task on the benchmark's server."""
    return TaskWidget(task_id, api_key=KEY, base_url=base_url, policy=FollowPolicy(), download="none")


def latency(base_url: str, count: int = 60) -> dict[str, float]:
    """Return p50 and p95 in milliseconds. Runs in the kernel."""
    taken: list[float] = []

    def note(change: dict[str, Any]) -> None:
        taken.append((time.monotonic() - float(change["new"])) * 1000)

    card = watch(base_url, "latency")
    card.observe(note, "message")
    while len(taken) < count + 5:
        time.sleep(0.05)
    card.close()
    cuts = statistics.quantiles(taken[5 : count + 5], n=20)
    return {"p50": statistics.median(taken[5 : count + 5]), "p95": cuts[18]}


def cell(base_url: str, seconds: float = 8.0) -> dict[str, float]:
    """Return the share of a core that the other threads take beside a busy cell. Runs in the kernel."""
    idle = others(seconds / 2)
    card = watch(base_url, "cell")
    others(1.0)
    share = others(seconds)
    card.close()
    return {"share": share - idle}


def others(seconds: float) -> float:
    """Compute for a while, and return the CPU time of all other threads as a share of it."""
    begin, whole, mine = time.perf_counter(), time.process_time(), time.thread_time()
    total = 0
    while time.perf_counter() - begin < seconds:
        total += sum(range(2000))
    taken = (time.process_time() - whole) - (time.thread_time() - mine)
    return taken / (time.perf_counter() - begin)


def memory(base_url: str, count: int = 100) -> dict[str, float]:
    """Return the bytes that one more watched task takes. Runs in the kernel."""
    process = psutil.Process()

    def settled(cards: list[TaskWidget]) -> int:
        while not all(card.step_current for card in cards):
            time.sleep(0.1)
        time.sleep(2.0)
        gc.collect()
        return process.memory_info().rss

    cards = [watch(base_url, f"first-{index}") for index in range(10)]
    before = settled(cards)
    cards += [watch(base_url, f"more-{index}") for index in range(count)]
    after = settled(cards)
    for card in cards:
        card.close()
    return {"bytes": (after - before) / count}


def in_kernel(name: str, base_url: str) -> dict[str, float]:
    """Run one of the above in a fresh kernel and return what it gives."""
    manager, client = start_new_kernel(kernel_name="python3")
    told: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            told.append(message["content"]["text"])
        elif message["msg_type"] == "error":
            sys.stderr.write("\n".join(message["content"]["traceback"]) + "\n")

    try:
        code = f"import json\nfrom tests.bench import watching\nprint(json.dumps(watching.{name}({base_url!r})))"
        client.execute_interactive(code, timeout=120, output_hook=hear)
        return dict(json.loads("".join(told)))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def measure() -> Iterable[Row]:
    """Yield the rows."""
    with serving(rate=3) as base_url:
        found = in_kernel("latency", base_url)
    for name, value in found.items():
        good = value < 20
        yield Row("wire to trait", f"{name} of 60 events", "cyberun-widget", f"{value:.1f} ms", aim="20 ms", good=good)
    with serving(rate=10) as base_url:
        share = in_kernel("cell", base_url)["share"]
    yield Row(
        "busy cell", "a task at 10 events/s", "cyberun-widget", f"{share:.2%} of a core", aim="1 %", good=share < 0.01
    )
    with serving(rate=1) as base_url:
        size = in_kernel("memory", base_url)["bytes"]
    yield Row(
        "memory",
        "100 more watched tasks",
        "cyberun-widget",
        f"{size / 1000:.0f} KB each",
        aim="300 KB",
        good=size < 3e5,
    )
