"""Real kernels, current and ipykernel 6, driven over their protocol like a page."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]

WIDGET = """
import asyncio, concurrent.futures, sys, threading, time
import anywidget, traitlets
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.waiting import pump

class Card(anywidget.AnyWidget):
    _esm = "export default { render() {} }"
    n = traitlets.Int(0).tag(sync=True)

card = Card()
_kernel.route_clicks(card.comm)
clicks = []  # (seconds since `began`, thread)
began = time.monotonic()
card.on_msg(lambda _, content, buffers: clicks.append((time.monotonic() - began, threading.current_thread())))
never = concurrent.futures.Future()

def later(seconds):
    future = concurrent.futures.Future()
    threading.Timer(seconds, future.set_result, [None]).start()
    return future

print(card.model_id)
"""


class RealKernel:
    """A kernel process and a client; cells are run by their source."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.stderr = TemporaryFile()  # noqa: SIM115  closed by stop()
        self.manager = KernelManager()
        self.manager.kernel_spec.argv[0] = sys.executable
        self.manager.start_kernel(env=environment, stderr=self.stderr)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=30)
        self.seen: list[dict[str, Any]] = []
        self.card = self.run(WIDGET).strip()

    def start(self, source: str) -> str:
        """Queue a cell; its message id."""
        return str(self.client.execute(source))

    def begin(self, source: str) -> str:
        """Start a cell and wait until it runs; its message id."""
        cell = self.start(f"print('begun', flush=True)\n{source}")
        self.wait_for("stream", cell, timeout=20)
        return cell

    def wait_for(self, kind: str, cell: str | None = None, timeout: float = 10) -> dict[str, Any]:
        """The next message of a kind, of one cell or of any."""
        while True:
            message = self.next(timeout)
            if message["msg_type"] == kind and cell in (None, message["parent_header"].get("msg_id")):
                return message

    def finish(self, cell: str, timeout: float = 20) -> str:
        """Wait for a cell's end: what it printed, and the name of its error."""
        text = ""
        while True:
            message = self.next(timeout)
            if message["parent_header"].get("msg_id") != cell:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    text += content["text"]
                case "error":
                    text += content["ename"]
                case "status" if content["execution_state"] == "idle":
                    return text

    def next(self, timeout: float = 5) -> dict[str, Any]:
        """The next message that any page would get."""
        message: dict[str, Any] = self.client.get_iopub_msg(timeout=timeout)
        self.seen.append(message)
        return message

    def drain(self, seconds: float = 0.3) -> list[dict[str, Any]]:
        """Return all messages until the kernel is idle."""
        came = []
        with suppress(Empty):
            while True:
                came.append(self.next(seconds))
        return came

    def run(self, source: str) -> str:
        return self.finish(self.start(source))

    def reply(self, cell: str) -> str:
        """The status of a cell's reply: ok, error or aborted."""
        while True:
            message = self.client.get_shell_msg(timeout=10)
            if message["parent_header"].get("msg_id") == cell:
                return str(message["content"]["status"])

    def click(self, comm: str | None = None) -> None:
        """What ``model.send`` in a page without subshells sends."""
        data = {"method": "custom", "content": {"type": "cancel"}}
        message = self.client.session.msg("comm_msg", {"comm_id": comm or self.card, "data": data})
        self.client.shell_channel.send(message)

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def stop(self) -> tuple[float, str]:
        """Shut down. Return the seconds it took, and the process's output on stderr."""
        if self.stderr.closed:
            return 0, ""
        began = time.monotonic()
        self.client.stop_channels()
        self.manager.shutdown_kernel()
        seconds = time.monotonic() - began
        with self.stderr as file:
            file.seek(0)
            return seconds, file.read().decode(errors="replace")


def environment(*folders: Path) -> dict[str, str]:
    paths = os.pathsep.join(str(folder) for folder in (*folders, PROJECT))
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CYBERUN_")}
    return {**kept, "PYTHONPATH": paths}


@pytest.fixture
def kernel() -> Iterator[RealKernel]:
    """A kernel of the installed ipykernel."""
    running = RealKernel(environment())
    yield running
    running.stop()


@pytest.fixture
def kernel6(ipykernel6_folder: Path) -> Iterator[RealKernel]:
    """A kernel of ipykernel 6."""
    running = RealKernel(environment(ipykernel6_folder))
    yield running
    running.stop()


@pytest.fixture(params=["current", "ipykernel 6"])
def any_kernel(request: pytest.FixtureRequest) -> RealKernel:
    """Both kernels, one after the other."""
    running: RealKernel = request.getfixturevalue("kernel" if request.param == "current" else "kernel6")
    return running
