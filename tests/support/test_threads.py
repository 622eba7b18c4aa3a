"""The threads: started when needed, and stopped when idle."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from cyberun_widget.support.threads import BackgroundLoop, Pump, Serial, close_with_loop
from tests.waiting import until


def alive(name: str) -> bool:
    return any(thread.name == name for thread in threading.enumerate())


async def give(value):
    await asyncio.sleep(0)
    return value


def test_a_coroutine_runs_on_the_loops_thread_and_gives_its_value():
    async def where():
        return threading.current_thread().name

    assert BackgroundLoop(0.01).run(where()) == "cyberun-loop"


def test_what_a_coroutine_raises_is_raised_here():
    async def fail():
        raise KeyError("x")

    with pytest.raises(KeyError):
        BackgroundLoop(0.01).run(fail())


def test_the_loop_stops_when_idle_and_restarts():
    loop = BackgroundLoop(0.02)
    assert loop.run(give(1)) == 1
    until(lambda: not alive("cyberun-loop"))
    assert loop.run(give(2)) == 2
    until(lambda: not alive("cyberun-loop"))


def test_a_long_piece_of_work_keeps_the_loop():
    loop = BackgroundLoop(0.01)
    future = loop.submit(asyncio.sleep(0.3))
    time.sleep(0.1)
    assert alive("cyberun-loop")
    future.result()
    until(lambda: not alive("cyberun-loop"))


def test_cancelling_the_future_cancels_the_work():
    seen = threading.Event()

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            seen.set()

    loop = BackgroundLoop(0.01)
    future = loop.submit(work())
    time.sleep(0.05)
    future.cancel()
    assert seen.wait(2)
    until(lambda: not alive("cyberun-loop"))


def test_a_blocking_call_from_the_loop_itself_is_refused_instead_of_hanging():
    loop = BackgroundLoop(0.01)

    async def nested():
        return loop.run(give(1))

    with pytest.raises(RuntimeError, match="AsyncClient"):
        loop.run(nested())


def test_many_threads_may_submit_at_once():
    loop = BackgroundLoop(0.01)
    got: list[int] = []

    def work(number):
        got.extend([loop.run(give(number)) for _ in range(50)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(got) == sorted(number for number in range(8) for _ in range(50))


def test_a_pump_steps_when_woken_and_stops_when_idle():
    steps: list[float] = []
    pump = Pump("test", lambda: steps.append(time.monotonic()), linger=0.05)
    for count in (1, 2):  # it comes back
        pump.wake()
        until(lambda count=count: len(steps) == count)
        until(lambda: not alive("cyberun-test"))


def test_a_pump_survives_a_step_that_raises(caplog):
    steps: list[int] = []

    def step():
        steps.append(1)
        if len(steps) == 1:
            raise ValueError("once")

    pump = Pump("test", step, linger=0.05)
    pump.wake()
    until(lambda: len(steps) >= 2)
    assert "once" in caplog.text
    until(lambda: not alive("cyberun-test"))


def test_serial_calls_keep_their_order_and_survive_each_other():
    got: list[int] = []
    serial = Serial("order")

    def call(number):
        got.append(number)
        if number % 7 == 0:
            raise ValueError(number)

    for number in range(50):
        serial.call(call, number)
    until(lambda: len(got) == 50)
    assert got == list(range(50))


def test_what_registers_with_the_loop_is_closed_with_it_once():
    closed: list[str] = []

    async def close():
        closed.append(threading.current_thread().name)

    async def register():
        close_with_loop(close)
        close_with_loop(close)

    BackgroundLoop(0.01).run(register())
    until(lambda: not alive("cyberun-loop"))
    assert closed == ["cyberun-loop"]
