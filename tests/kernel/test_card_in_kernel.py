"""What a card leaves behind in a real kernel: no thread, no word, no patch."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from cyberun_widget import Client
from cyberun_widget.local import LocalServer

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


def test_a_kernel_shuts_down_at_once_and_without_a_word_while_it_watches(
    any_kernel: RealKernel, service: LocalServer
) -> None:
    watch(any_kernel, service, 60)
    seconds, stderr = any_kernel.stop()
    assert seconds < 4
    assert "Traceback" not in stderr


def test_a_closed_card_leaves_no_thread(any_kernel: RealKernel, service: LocalServer) -> None:
    watch(any_kernel, service, 60)
    assert "cyberun-loop" in any_kernel.run(THREADS)
    any_kernel.run("task.close(); time.sleep(2.5)")
    assert any_kernel.run(THREADS).strip() == "[]"


def test_a_finished_card_leaves_no_thread(any_kernel: RealKernel, service: LocalServer) -> None:
    watch(any_kernel, service, 1)
    assert any_kernel.run("print(task.wait(20).status)").strip() == "completed"
    any_kernel.run("time.sleep(2.5)")
    assert any_kernel.run(THREADS).strip() == "[]"


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
