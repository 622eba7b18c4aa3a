"""A stand-in for a notebook's kernel in sweep tests: a process that runs one cell, and can be killed.

It is forked from a server that has already imported the package, so that it starts within milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
from typing import TYPE_CHECKING, Any

from cyberun_widget import Client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

    from cyberun_widget import TaskGroup

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["cyberun_widget", "tests.servers.sweep_kernel"])


def start(environment: Mapping[str, str], *arguments: Any, **fixed: Any) -> tuple[ForkServerProcess, Connection]:
    """Run `client.map(*arguments, **fixed)` in a separate process. It sends "begun", then the statuses and the number
    of points that had to be settled by hand."""
    here, there = _context.Pipe(duplex=False)
    process = _context.Process(target=_cell, args=(there, dict(environment), arguments, fixed), daemon=True)
    process.start()
    there.close()
    return process, here


def _cell(pipe: Connection, environment: dict[str, str], arguments: tuple[Any, ...], fixed: dict[str, Any]) -> None:
    os.environ.update(environment)
    group = Client().map(*arguments, **fixed)
    pipe.send("begun")
    by_hand = 0
    for point in group.wait(100):
        if point.status == "unknown":
            by_hand += 1
            settle(group, point.index)
    pipe.send(([point.status for point in group.wait(100)], by_hand))


def settle(group: TaskGroup, index: int) -> None:
    """Settle a point like a careful user: choose the only candidate task, or resubmit if there is none."""
    found = group.candidates(index)
    if found:
        (task,) = found
        group.attach(index, task.task_id)
    else:
        group.send_again(index)
