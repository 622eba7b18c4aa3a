"""The time that `import cyberun_widget` adds to a kernel with ipywidgets and httpx, and the time of those two.

Measured with compiled bytecode, as for users from the second import on. An extra run compiles it into a temporary
folder, regardless of the environment's settings for bytecode.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from tests.bench.report import OURS, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUNDS = 7
AIM = 60  # ms
_CODE = """
import time
t = [time.perf_counter()]
import ipywidgets, httpx
t.append(time.perf_counter())
import cyberun_widget
t.append(time.perf_counter())
cyberun_widget.TaskWidget, cyberun_widget.Client
t.append(time.perf_counter())
print(t[1] - t[0], t[2] - t[1], t[3] - t[1])
"""


def measure() -> Iterable[Row]:
    """Yield the rows: the best of several fresh processes."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        runs = [_once(environment) for _ in range(ROUNDS + 1)][1:]
    peers, bare, used = (min(column) for column in zip(*runs, strict=True))
    for case, taken in (("import cyberun_widget", bare), ("import cyberun_widget, with Client and TaskWidget", used)):
        yield Row("import", case, OURS, f"{taken:.0f} ms", f"{taken / peers:.2f} x theirs", f"{AIM} ms", taken < AIM)
    yield Row("import", "import ipywidgets, httpx", "ipywidgets + httpx", f"{peers:.0f} ms")


def _once(environment: dict[str, str]) -> list[float]:
    done = subprocess.run([sys.executable, "-c", _CODE], check=True, capture_output=True, text=True, env=environment)
    return [float(part) * 1000 for part in done.stdout.split()]
