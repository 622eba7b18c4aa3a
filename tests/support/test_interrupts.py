"""The stop button at any moment: an interrupt on any line of a call hangs nothing, and the next call works."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from cyberun_widget.support.threads import BackgroundLoop, Pump, Serial
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def interrupted_at(line: int, call: Callable[[], object]) -> bool:
    """Make a call in which the n-th executed line, including the standard library's, raises KeyboardInterrupt.

    Returns whether the call has that many lines.
    """
    left = line

    def trace(frame: FrameType, what: str, _arg: object) -> object:
        nonlocal left
        if "hypothesis" in frame.f_code.co_filename:
            return None  # it hooks into the garbage collector, which may run on any line
        if what == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return left <= 0


async def give(value):
    return value


@pytest.mark.parametrize("idle", [True, False], ids=["its thread not there yet", "its thread running"])
def test_a_pump_interrupted_on_any_line_of_wake_steps_at_the_next_wake(idle):
    line = 0
    while True:
        line += 1
        steps: list[int] = []
        pump = Pump("interrupted", lambda steps=steps: steps.append(1), linger=0.2)
        if not idle:
            pump.wake()
            until(lambda steps=steps: len(steps) == 1)
        before = len(steps)
        long_enough = interrupted_at(line, pump.wake)
        pump.wake()
        assert until(lambda steps=steps, before=before: len(steps) > before), f"frozen after line {line}"
        if not long_enough:
            break
    assert line > 3


def test_a_serial_interrupted_on_any_line_calls_what_comes_next():
    line, serial = 0, Serial("interrupted-calls")
    while True:
        line += 1
        called: list[int] = []
        long_enough = interrupted_at(line, lambda called=called: serial.call(called.append, 1))
        serial.call(called.append, 2)
        assert until(lambda called=called: called[-1:] == [2]), f"frozen after line {line}"
        if not long_enough:
            break
    assert line > 3


@pytest.mark.parametrize("idle", [True, False], ids=["its thread not there yet", "its thread running"])
def test_a_loop_interrupted_on_any_line_of_submit_runs_the_next_call_and_never_the_interrupted_one(idle):
    line = 0
    while True:
        line += 1
        ran: list[int] = []
        loop = BackgroundLoop(0.2)
        if not idle:
            loop.run(give(0))

        async def costly(ran=ran):
            ran.append(1)

        made = costly()
        long_enough = interrupted_at(line, lambda loop=loop, made=made: loop.submit(made))
        seen: list[int] = []
        worker = threading.Thread(target=lambda loop=loop, seen=seen: seen.append(loop.run(give(7))), daemon=True)
        worker.start()
        worker.join(5)
        assert seen == [7], f"every later call hangs after line {line}"
        made.close()  # an interrupt before it is submitted leaves it unawaited
        if not long_enough:
            break
        # It may have run before the interrupt, but must not run after it.
        before = len(ran)
        loop.run(give(0))
        assert len(ran) == before
    assert line > 10


def test_a_call_interrupted_before_it_was_submitted_is_never_made(monkeypatch):
    loop, ran = BackgroundLoop(0.2), []

    async def costly():
        ran.append(1)

    def torn(_item):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._worker, "put", torn)
        made = costly()
        with pytest.raises(KeyboardInterrupt):
            loop.submit(made)
    assert loop.run(give(1)) == 1
    made.close()
    assert ran == []


def test_an_interrupt_while_waiting_cancels_the_call():
    loop, ended = BackgroundLoop(0.2), threading.Event()

    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        loop.run(slow())
    assert ended.wait(5)
    assert loop.run(give(2)) == 2


@pytest.mark.parametrize("what", [SystemExit, KeyboardInterrupt, GeneratorExit], ids=lambda what: what.__name__)
def test_other_handlers_are_called_whatever_one_raises(what, caplog):
    serial, called = Serial("hostile"), []

    def handler():
        raise what("from a handler")

    serial.call(handler)
    serial.call(called.append, 1)
    until(lambda: called == [1])
    assert "from a handler" in caplog.text


@pytest.mark.parametrize("what", [SystemExit, KeyboardInterrupt], ids=lambda what: what.__name__)
def test_a_task_that_tries_to_end_the_loop_ends_only_itself(what, caplog):
    loop = BackgroundLoop(0.2)

    async def hostile():
        raise what("from a task")

    with pytest.raises(what):
        loop.submit(hostile()).result(5)
    assert loop.run(give(3)) == 3
    assert "tried to end the thread" in caplog.text


def test_a_forked_childs_calls_are_its_own():

    loop = BackgroundLoop(1.0)
    loop.run(give(1))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(loop.run(give(42))).encode())
        os._exit(0)
    os.close(writing)
    assert os.read(reading, 16) == b"42"
    os.close(reading)
    os.waitpid(child, 0)
