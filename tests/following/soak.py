"""An hour of a busy task with a break every five seconds, sped up: `python soak.py FOLDER` prints the result.

It runs in a separate process, because caches and modules of other tests would distort the memory figures.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from cyberun_widget import FollowPolicy, TaskWidget
from cyberun_widget.protocol.events import ProgressEvent
from tests.servers.faulty import KEY, TASK, FaultyServer, Script, finished, progress, sse
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from faulty import Answer

    from cyberun_widget.protocol.events import Event

HOUR, PERIOD, RATE = 3600, 5, 10  # seconds of the task; seconds between two breaks; events per second
POLICY = FollowPolicy(
    poll_interval=0.05, idle_timeout=5, backoff_initial=0.005, backoff_max=0.02, sse_retry_interval=0.05
)


def an_hour(tick: Callable[[int], None]) -> Iterator[Answer]:
    """Yield a stream for every five seconds. Each breaks in one of four ways; the last one delivers the end."""
    steps = HOUR * RATE
    for begin in range(0, steps, PERIOD * RATE):
        tick(begin // RATE)
        events = [
            progress(step / steps, step_current=step, step_total=steps, message=f"step {step} of {steps}")
            for step in range(begin, begin + PERIOD * RATE)
        ]
        match begin // (PERIOD * RATE) % 4:
            case 0:
                yield sse(b"".join(events), end="reset")
            case 1:
                yield sse(b"".join(events))
            case 2:
                yield sse(b"".join(events), progress(1.0)[:50], end="reset")
            case _:
                yield sse(*events, b": alive\n\n")
    yield sse(*finished())


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("cyberun")}


def soak(folder: Path) -> dict[str, Any]:
    """Watch the whole hour, and return the outcome and the memory used over time."""
    process = psutil.Process()
    memory: list[tuple[int, int, int]] = []  # second of the task, bytes allocated, bytes of the process
    steps = {"seen": 0, "last": -1}  # counted, not stored: this test measures memory

    def tick(second: int) -> None:
        if second % (HOUR // 20) == 0:
            gc.collect()
            memory.append((second, tracemalloc.get_traced_memory()[0], process.memory_info().rss))

    def remember(event: Event) -> None:
        if isinstance(event, ProgressEvent):
            assert event.step_current > steps["last"], "events came out of order"
            steps.update(seen=steps["seen"] + 1, last=event.step_current)

    until(lambda: not threads())
    tracemalloc.start()
    try:
        with FaultyServer(Script(events=an_hour(tick))) as server:
            files = process.num_fds()
            card = TaskWidget(TASK, api_key=KEY, base_url=server.base_url, policy=POLICY, download_dir=folder)
            card.on_event(remember)
            result = card.wait(240)
            assert until(lambda: steps["seen"] > 0.99 * HOUR * RATE), f"events were lost: {steps}"
            card.close()
            assert server.quiet(10), "a socket was left open"
            assert until(lambda: not threads()), f"threads were left: {threads()}"
            assert until(lambda: process.num_fds() <= files), "a file or socket was left open"
            counters = server.counters
    finally:
        tracemalloc.stop()

    return {
        "status": result.status,
        "progress": card.progress,
        "connection": card.connection,
        "artifacts": [item.state for item in result.artifacts],
        "leaks": counters.leaks,
        "most_streams": counters.most_streams,
        "requests": dict(counters.requests),
        "memory": memory,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(soak(Path(sys.argv[1]))))
