"""What `import cyberun_widget` adds to a kernel that has ipywidgets and httpx already, and what those two take."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.bench.report import OURS, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUNDS = 7
_CODE = """
import time
t = [time.perf_counter()]
import ipywidgets, httpx
t.append(time.perf_counter())
import cyberun_widget
cyberun_widget.TaskWidget, cyberun_widget.Client
t.append(time.perf_counter())
print(t[1] - t[0], t[2] - t[1])
"""


def measure() -> Iterable[Row]:
    """Yield the rows: the best of several fresh processes."""
    runs = []
    for _ in range(ROUNDS):
        done = subprocess.run([sys.executable, "-c", _CODE], check=True, capture_output=True, text=True)
        runs.append([float(part) * 1000 for part in done.stdout.split()])
    peers, ours = (min(column) for column in zip(*runs, strict=True))
    yield Row(
        "import",
        "after ipywidgets and httpx",
        OURS,
        f"{ours:.0f} ms",
        f"{ours / peers:.2f} x theirs",
        "60 ms",
        ours < 60,
    )
    yield Row("import", "in a fresh process", "ipywidgets + httpx", f"{peers:.0f} ms")
