"""The cost of watching, in a real kernel with a real comm: time to the trait, a busy cell, messages, memory, a card.

`latency`: from writing an event to the socket until the trait has its value, with events far enough apart that the
publisher's pace (0.2 s between two messages of one card) delays none of them. `busy`: the slowdown of a computing cell
by tasks with events at 10 Hz, and the other threads' CPU time relative to its own (a busy machine distorts the first
figure, not the second); the CPU time of the kernel while nothing else runs, and its messages to the page. `memory`: the
memory per additional watched task. `creation`: the time to create a card, compared with a box of three core ipywidgets.

Naive: one thread per task, as in `reading`, that sets a FloatProgress and an HTML on each event.
"""

from __future__ import annotations

import ast
import gc
import json
import statistics
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import httpx_sse
import ipywidgets
import psutil
from jupyter_client.manager import start_new_kernel

from cyberun_widget import FollowPolicy, TaskWidget
from tests.bench.reading import KEY, NAIVE
from tests.bench.report import OURS, Row
from tests.bench.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COUNTS = (1, 10, 100, 1000)
NAIVE_MOST = 100  # tasks; more threads could not be run
ROUNDS = 4
EVENTS = 40  # events whose latency is measured
WORK = 1.0  # seconds of computing in one round
WARM_UP = 40.0  # the most seconds until the tasks make progress
_LIMIT = 180.0  # seconds for one kernel


def watch(base_url: str, task_id: str) -> TaskWidget:
    """Return a card of a task on the benchmark's server."""
    return TaskWidget(task_id, api_key=KEY, base_url=base_url, policy=FollowPolicy(), download="none")


class Naive:
    """A task as shown by handwritten code: a bar and a text, set by a thread on each event."""

    def __init__(self, base_url: str, task_id: str) -> None:
        self.bar, self.text = ipywidgets.FloatProgress(max=1.0), ipywidgets.HTML()
        self.step_current = 0
        self._address = f"{base_url}/r/tasks/{task_id}/events"
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        with (
            httpx.Client(timeout=None) as client,
            client.stream("GET", self._address, headers=headers) as response,
        ):
            for item in httpx_sse.EventSource(response).iter_sse():
                data = json.loads(item.data)
                self.bar.value = data["progress"]
                self.text.value = data["message"]
                self.step_current = data["step_current"]


MAKERS: dict[str, Callable[[str, str], Any]] = {"ours": watch, "naive": Naive}


def latency(base_url: str, way: str, count: int = EVENTS) -> dict[str, float]:
    """Return p50 and p95 of the time from socket to trait in milliseconds. Runs in the kernel."""
    taken: list[float] = []

    def note(change: dict[str, Any]) -> None:
        taken.append((time.time() - float(change["new"])) * 1000)

    made = MAKERS[way](base_url, "latency")
    if way == "ours":
        made.observe(note, "message")
    else:
        made.text.observe(note, "value")
    while len(taken) < count + 5:
        time.sleep(0.05)
    cuts = statistics.quantiles(taken[5 : count + 5], n=20)
    return {"p50": statistics.median(taken[5 : count + 5]), "p95": cuts[18]}


def busy(base_url: str, way: str, count: int) -> dict[str, float]:
    """Return the cost of `count` tasks for a computing cell and for an idle kernel. Runs in the kernel."""
    from IPython import get_ipython  # noqa: PLC0415 - available only in the kernel

    messages = 0
    session = get_ipython().kernel.session
    send = session.send

    def counting(stream: Any, kind: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal messages
        messages += kind == "comm_msg"
        return send(stream, kind, *arguments, **options)

    loops = _loops()
    alone = min(_compute(loops) for _ in range(ROUNDS))
    made = [MAKERS[way](base_url, f"task-{number}") for number in range(count)]
    _settle(made)
    whole, mine = time.process_time(), time.thread_time()
    loaded = statistics.median(_compute(loops) for _ in range(ROUNDS))
    mine = time.thread_time() - mine
    others = time.process_time() - whole - mine
    session.send = counting
    started, used = time.perf_counter(), time.process_time()
    time.sleep(ROUNDS * WORK)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    session.send = send
    return {
        "slower": loaded / alone - 1,
        "others": others / mine,
        "core": used / seconds,
        "messages": messages / seconds,
    }


def _loops() -> int:
    """Return the number of iterations that take about `WORK` seconds."""
    turns = 20_000
    while (seconds := _compute(turns)) < WORK / 4:
        turns *= 2
    return round(turns * WORK / seconds)


def _compute(turns: int) -> float:
    """Compute, and return the duration in seconds."""
    begin, total = time.perf_counter(), 0
    for _ in range(turns):
        total += sum(range(40))
    return time.perf_counter() - begin


def _settle(made: list[Any]) -> None:
    """Wait until the tasks make progress: all of them, or as many as may be streamed."""
    deadline, before = time.monotonic() + WARM_UP, -1
    while time.monotonic() < deadline:
        moving = sum(bool(item.step_current) for item in made)
        if moving == len(made) or (moving == before and moving >= 10):
            break
        before = moving
        time.sleep(1.0)
    time.sleep(2.0)


def memory(base_url: str, way: str, count: int = 100) -> dict[str, float]:
    """Return the memory per additional watched task in bytes. Runs in the kernel."""
    process = psutil.Process()

    def settled(made: list[Any]) -> int:
        _settle(made)
        gc.collect()
        return process.memory_info().rss

    made = [MAKERS[way](base_url, f"first-{index}") for index in range(10)]
    before = settled(made)
    made += [MAKERS[way](base_url, f"more-{index}") for index in range(count)]
    return {"bytes": (settled(made) - before) / count}


def creation(base_url: str, way: str, count: int = 200) -> dict[str, float]:
    """Return the time to create a card in milliseconds. Runs in the kernel."""

    def box() -> Any:
        return ipywidgets.VBox([ipywidgets.Label(), ipywidgets.FloatProgress(), ipywidgets.HTML()])

    make = box if way == "box" else lambda: watch(base_url, f"task-{len(made)}")
    made: list[Any] = []
    taken = []
    for _ in range(count):
        begin = time.thread_time()
        made.append(make())
        taken.append(time.thread_time() - begin)
    return {"ms": statistics.median(taken) * 1000}


def in_kernel(name: str, *arguments: object) -> dict[str, float]:
    """Run one of the above in a fresh kernel and return its result.

    The result is sent in the reply, where a flood of messages on the other channel can't affect it.
    """
    manager, client = start_new_kernel(kernel_name="python3", stderr=subprocess.DEVNULL)
    try:
        code = f"import json\nfrom tests.bench import watching\nfound = json.dumps(watching.{name}(*{arguments!r}))"
        content = client.execute(code, user_expressions={"found": "found"}, reply=True, timeout=_LIMIT)["content"]
        assert content["status"] == "ok", "\n".join(content["traceback"])
        return dict(json.loads(ast.literal_eval(content["user_expressions"]["found"]["data"]["text/plain"])))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def measure() -> Iterable[Row]:
    """Yield the rows."""
    yield from _latency()
    for count in COUNTS:
        yield from _busy(count)
    yield from _memory()
    yield from _creation()


def _latency() -> Iterable[Row]:
    found = {}
    for way in MAKERS:
        with serving(rate=3) as base_url:
            found[way] = in_kernel("latency", base_url, way)
    for name in ("p50", "p95"):
        ours, naive = found["ours"][name], found["naive"][name]
        case = f"{name} of {EVENTS} events"
        yield Row("socket to trait", case, OURS, f"{ours:.1f} ms", aim="20 ms", good=ours < 20)
        yield Row("socket to trait", case, NAIVE, f"{naive:.1f} ms")


def _busy(count: int) -> Iterable[Row]:
    found = {}
    for way in MAKERS:
        if way == "ours" or count <= NAIVE_MOST:
            with serving(rate=10) as base_url:
                found[way] = in_kernel("busy", base_url, way, count)
    case = f"{count:,} task{'s' if count > 1 else ''} at 10 Hz"
    slowest = {100: 0.05, 1000: 0.10}.get(count)
    for way, who in (("ours", OURS), ("naive", NAIVE)):
        figures = found.get(way)
        if figures is None:
            yield Row("busy cell", case, who, "could not be run")
            continue
        mine = way == "ours"
        aim = slowest if mine else None
        yield Row(
            "busy cell",
            case,
            who,
            f"{max(0.0, figures['slower']):.1%} slower, {figures['others']:.1%} CPU beside it",
            "",
            f"{aim:.0%}" if aim else "",
            figures["slower"] <= aim if aim else None,
        )
        peer = found.get("naive")
        share = f"{figures['core'] / peer['core']:.2f} x naive" if mine and peer else ""
        third = mine and peer is not None and count == 100
        one = mine and count == 1
        yield Row(
            "kernel process",
            case,
            who,
            f"{figures['core']:.1%} of a core",
            share,
            "0.5 %" if one else "a third of naive" if third else "",
            figures["core"] <= 0.005 if one else figures["core"] <= peer["core"] / 3 if third and peer else None,
        )
        yield Row(
            "messages to the page",
            case,
            who,
            f"{figures['messages']:.0f} /s",
            "",
            "210 /s" if mine else "",
            figures["messages"] <= 210 if mine else None,
        )


def _memory() -> Iterable[Row]:
    found = {}
    for way in MAKERS:
        with serving(rate=1) as base_url:
            found[way] = in_kernel("memory", base_url, way)["bytes"]
    yield Row(
        "memory",
        "100 more tasks",
        OURS,
        f"{found['ours'] / 1000:.0f} KB each",
        f"{found['ours'] / found['naive']:.2f} x naive",
        "300 KB",
        found["ours"] < 3e5,
    )
    yield Row("memory", "100 more tasks", NAIVE, f"{found['naive'] / 1000:.0f} KB each")


def _creation() -> Iterable[Row]:
    with serving(rate=1) as base_url:
        found = {way: in_kernel("creation", base_url, way)["ms"] for way in ("ours", "box")}
    ours, box = found["ours"], found["box"]
    yield Row(
        "creating a card",
        "median of 200",
        OURS,
        f"{ours:.2f} ms",
        f"{ours / box:.2f} x the box",
        "the box",
        ours <= box,
    )
    yield Row("creating a card", "median of 200", "VBox of three ipywidgets", f"{box:.2f} ms")
