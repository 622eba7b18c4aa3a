"""A card leaves nothing behind in a real kernel: no thread, no output, no patch."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from cyberun_widget import Client
from cyberun_widget.local import LocalServer
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import RealKernel

THREADS = "print(sorted(t.name for t in threading.enumerate() if t.name.startswith('cyberun')))"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer.start(state_dir=tmp_path_factory.mktemp("service")) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_task_left(service: LocalServer) -> Iterator[None]:
    yield
    client = Client(service.api_key, base_url=service.base_url)
    for task in client.tasks(status="running"):
        client.cancel(task.id)


def watch(kernel: RealKernel, service: LocalServer, seconds: float) -> None:
    said = kernel.run(
        "from cyberun_widget import Client\n"
        f"client = Client({service.api_key!r}, base_url={service.base_url!r})\n"
        f"task = client.run('echo-files', kinds='png', seconds={seconds})\n"
        "while task.status in ('unknown', 'pending', 'waiting', 'provisioning', 'queued'): time.sleep(0.05)\n"
        "if task.status != 'running': print(task.status, task.error)"
    )
    assert said == ""


def test_importing_the_package_patches_nothing_and_starts_nothing() -> None:
    script = """
        import asyncio, sys, threading
        before = asyncio.Task, asyncio.Future, asyncio.run, asyncio.get_event_loop, threading.active_count()
        import cyberun_widget
        after = asyncio.Task, asyncio.Future, asyncio.run, asyncio.get_event_loop, threading.active_count()
        print(before == after, "nest_asyncio2" in sys.modules)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60, capture_output=True, text=True
    )
    assert (ran.stdout.strip(), ran.stderr) == ("True False", "")


def test_a_kernel_shuts_down_at_once_and_silently_while_it_watches(
    any_kernel: RealKernel, service: LocalServer
) -> None:
    watch(any_kernel, service, 60)
    seconds, stderr = any_kernel.stop()
    assert seconds < 4
    assert "Traceback" not in stderr


def test_a_closed_card_leaves_no_thread(any_kernel: RealKernel, service: LocalServer) -> None:
    watch(any_kernel, service, 60)
    assert "cyberun-loop" in any_kernel.run(THREADS)
    any_kernel.run("task.close()")
    until(lambda: any_kernel.run(THREADS).strip() == "[]", pause=0.2)


def test_a_finished_card_leaves_no_thread(any_kernel: RealKernel, service: LocalServer) -> None:
    watch(any_kernel, service, 1)
    assert any_kernel.run("print(task.wait(20).status)").strip() == "completed"
    until(lambda: any_kernel.run(THREADS).strip() == "[]", pause=0.2)


def test_what_the_kernel_says_on_stderr_while_cards_come_and_go_is_nothing(
    any_kernel: RealKernel, service: LocalServer
) -> None:
    for _ in range(3):
        watch(any_kernel, service, 60)
        any_kernel.run("task.cancel(); task.density = 'compact'; task.close(); del task")
    any_kernel.run("import gc; gc.collect(); time.sleep(0.5)")
    said = [
        m["content"]["text"] for m in any_kernel.seen if m["msg_type"] == "stream" and m["content"]["name"] == "stderr"
    ]
    assert said == []
    _, stderr = any_kernel.stop()
    assert "Traceback" not in stderr


COUNTED = """
sent = []
def counted(send):
    def counting(data, *args, **kwargs):
        sent.append(data.get("content", {}).get("type") or data["method"])
        return send(data, *args, **kwargs)
    return counting
task.comm.send = counted(task.comm.send)
"""


def test_a_card_out_of_sight_sends_nothing_and_is_up_to_date_when_it_is_seen_again(
    kernel: RealKernel, service: LocalServer
) -> None:
    watch(kernel, service, 20)
    kernel.run(COUNTED)
    kernel.run(
        "end = time.monotonic() + 10\nwhile sent.count('update') < 3 and time.monotonic() < end: time.sleep(0.05)"
    )
    assert int(kernel.run("print(sent.count('update'))")) >= 3, "in sight it moves"
    kernel.run("task._session.look('view', False); time.sleep(0.5); sent.clear(); before = task.progress")
    kernel.run("time.sleep(4)")  # nothing may be sent during this time
    assert "update" not in kernel.run("print(sent)")
    assert kernel.run("print(task.progress > before)").strip() == "True", "Python goes on knowing"
    kernel.drain()
    kernel.seen.clear()
    kernel.run("task._session.look('view', True)")

    def caught_up() -> bool:
        kernel.drain(0.05)
        states = [m["content"]["data"].get("state", {}) for m in kernel.seen if m["msg_type"] == "comm_msg"]
        return any("progress" in state for state in states)

    until(caught_up)
    kernel.run("task.cancel()")


def test_a_verdict_is_sent_even_out_of_sight(kernel: RealKernel, service: LocalServer) -> None:
    watch(kernel, service, 3)
    kernel.run(COUNTED + "task._session.look('view', False); sent.clear()")
    assert kernel.run("print(task.wait(20).status)").strip() == "completed"
    until(lambda: "update" in kernel.run("print(sent)"))
