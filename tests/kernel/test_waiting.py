"""Waiting in a cell keeps the kernel usable."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import RealKernel


def test_other_tasks_of_the_kernels_loop_go_on(any_kernel: RealKernel) -> None:
    any_kernel.run(
        "ticks = []\n"
        "async def tick():\n"
        "    while True:\n"
        "        ticks.append(1); await asyncio.sleep(0.1)\n"
        "ticking = asyncio.create_task(tick())\n"
        "await asyncio.sleep(0)"
    )
    done, ticks = any_kernel.run("k = len(ticks); print(pump(later(1.5), 10), len(ticks) - k)").split()
    assert done == "True"
    assert int(ticks) >= 10


def test_queued_cells_run_afterwards_and_in_order(any_kernel: RealKernel) -> None:
    waiting = any_kernel.start("order = ['wait begins']; pump(later(1)); order.append('wait ends')")
    queued = [any_kernel.start(f"order.append({number})") for number in range(3)]
    any_kernel.click()
    for cell in (waiting, *queued):
        any_kernel.finish(cell)
        assert any_kernel.reply(cell) == "ok"
    assert any_kernel.run("print(order)").strip() == "['wait begins', 'wait ends', 0, 1, 2]"


def test_a_click_is_handled_during_the_wait_behind_queued_cells(any_kernel: RealKernel) -> None:
    any_kernel.run("clicked = concurrent.futures.Future(); card.on_msg(lambda *_: clicked.set_result(None))")
    waiting = any_kernel.begin("print(pump(clicked, 15), 'own output')")
    any_kernel.start("pass")
    any_kernel.click()
    assert any_kernel.finish(waiting).strip() == "True own output"  # still in this cell, after the click


def test_the_stop_button_ends_the_wait_and_aborts_the_queue_as_always(any_kernel: RealKernel) -> None:
    any_kernel.run("card.on_msg(lambda *_: card.send({}))")
    waiting = any_kernel.begin("pump(never)")
    queued = any_kernel.start("print('must not run')")
    any_kernel.click()
    any_kernel.wait_for("comm_msg")
    any_kernel.interrupt()
    assert any_kernel.finish(waiting) == "KeyboardInterrupt"
    assert any_kernel.finish(queued) == ""
    assert (any_kernel.reply(waiting), any_kernel.reply(queued)) == ("error", "aborted")


def test_the_stop_button_on_an_idle_kernel_after_a_wait_does_no_harm(any_kernel: RealKernel) -> None:
    waiting = any_kernel.begin("pump(later(1))")
    any_kernel.click()
    any_kernel.finish(waiting)
    any_kernel.interrupt()
    time.sleep(0.3)  # an interrupt has no reply: give it time to take effect
    assert any_kernel.run("print('alive')").strip() == "alive"


def test_a_wait_can_end_by_time_again_and_again(any_kernel: RealKernel) -> None:
    code = "began = time.monotonic(); print([pump(never, 0.2) for _ in range(3)], round(time.monotonic() - began))"
    assert any_kernel.run(code).strip() == "[False, False, False] 1"


def test_a_wait_costs_next_to_nothing(any_kernel: RealKernel) -> None:
    any_kernel.start("cost = time.process_time(); pump(later(2)); cost = time.process_time() - cost")
    any_kernel.start("pass")  # a queued cell is no reason to spin
    assert float(any_kernel.run("print(cost)")) < 0.15


def test_a_loop_that_is_not_asyncios_own_is_left_alone() -> None:
    script = """
        import asyncio, concurrent.futures, threading
        from cyberun_widget.jupyter.waiting import pump

        class ForeignLoop(asyncio.SelectorEventLoop): ...

        async def main():
            future = concurrent.futures.Future()
            threading.Timer(0.2, future.set_result, [1]).start()
            return pump(future, 5), pump(concurrent.futures.Future(), 0.1)

        task, future = asyncio.Task, asyncio.Future
        print(ForeignLoop().run_until_complete(main()), asyncio.Task is task, asyncio.Future is future)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=30, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "(True, False) True True"
