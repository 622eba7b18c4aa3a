"""Waiting inside a running cell while the kernel's event loop runs and the page's clicks are handled.

Written against ipykernel 6.31 and 7.4 and nest-asyncio2 1.7; see ``_kernel.py`` for the rules on private names.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Literal

from cyberun_widget.jupyter.kernel import has_subshells, running_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

Outcome = Literal["done", "late", "stopped"]

_TICK = 0.05
"""Seconds between checks of the future, the stop button and the page's clicks while a cell waits."""
_COMM_MESSAGES = frozenset({"comm_open", "comm_msg", "comm_close"})


def pump(until: concurrent.futures.Future[Any], timeout: float | None = None) -> bool:
    """Wait in a cell until a future is done; False after ``timeout`` seconds. Doesn't change the future.

    On a thread with a running event loop (a cell's), that loop keeps running, and with it the user's tasks:
    nest_asyncio2 is applied to it, only here. In a kernel without subshells, the page's messages are handled
    during the wait, and no others: queued cells stay in order, and an error still affects them as usual.
    The stop button (SIGINT) raises KeyboardInterrupt here within a tick, never inside a task of the loop.

    Without a running loop, or with one that can't be re-entered (uvloop), the thread just blocks. Never call
    this on the thread that completes the future.

    Raises:
        KeyboardInterrupt: the user stopped the cell, or the kernel is shutting down.

    """
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _block(until, deadline)
    if not _make_reentrant(loop):
        return _block(until, deadline)
    with _stop_button() as stopped:
        waiter = loop.create_task(_attend(until, deadline, stopped))
        try:
            outcome = loop.run_until_complete(waiter)
        except RuntimeError:
            if waiter.done():
                raise
            outcome = "stopped"  # the loop was stopped from outside: the kernel is shutting down or restarting
        finally:
            waiter.cancel()
    if outcome == "stopped":
        raise KeyboardInterrupt
    return outcome == "done"


def _block(until: concurrent.futures.Future[Any], deadline: float | None) -> bool:
    while not until.done():
        left = 5 * _TICK if deadline is None else min(5 * _TICK, deadline - time.monotonic())
        if left <= 0:
            return False
        concurrent.futures.wait([until], left)  # in slices: on Windows, Ctrl-C isn't delivered while waiting for a lock
    return True


async def _attend(until: concurrent.futures.Future[Any], deadline: float | None, stopped: threading.Event) -> Outcome:
    # Polls instead of adding a callback: a concurrent future keeps every callback until it is done, and
    # `while not w.wait(1)` would accumulate them.
    kernel = running_kernel()
    while not until.done():
        if stopped.is_set():
            return "stopped"
        if deadline is not None and time.monotonic() >= deadline:
            return "late"
        if kernel is not None and threading.current_thread() is threading.main_thread():
            await _handle_page_messages(kernel)
        await asyncio.sleep(_TICK)
    return "done"


def _make_reentrant(loop: asyncio.AbstractEventLoop) -> bool:
    """Patch a loop so that it can run inside itself; False, with nothing patched, if that is impossible."""
    if not type(loop).__module__.startswith("asyncio."):  # uvloop, Qt's: nest_asyncio2 fails on them or breaks them
        return False
    if hasattr(asyncio, "_nest_patched") and not hasattr(asyncio, "_nest_asyncio2"):
        # The loop is already patched by the archived nest_asyncio, and a loop is patched only once. That version
        # loses a queued cell in ipykernel 7, which runs all cells in one context ("cannot enter context: already
        # entered").
        return not has_subshells()
    import nest_asyncio2  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415  never on import of the package

    nest_asyncio2.apply(loop)
    return True


@contextlib.contextmanager
def _stop_button() -> Iterator[threading.Event]:
    """Yield an event that SIGINT sets, instead of raising an exception in the task that happens to be running."""
    stopped = threading.Event()

    def on_sigint(_signum: int, _frame: object) -> None:
        if stopped.is_set():  # pressed again: a task is blocking the loop
            raise KeyboardInterrupt
        stopped.set()

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stopped  # not the main thread, or another handler is installed
        return
    signal.signal(signal.SIGINT, on_sigint)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


async def _handle_page_messages(kernel: Any) -> None:
    """Handle the comm messages in ipykernel 6's ``msg_queue``; all others stay there, in order.

    ipykernel 7 has no such queue: its subshells handle the messages, see :func:`route_clicks`.
    """
    queue = getattr(kernel, "msg_queue", None)
    if queue is None or not queue.qsize():
        return
    waiting = [queue.get_nowait() for _ in range(queue.qsize())]
    clicks = [item for item in waiting if _is_comm_message(kernel, item[2])]
    for item in waiting:
        if item not in clicks:
            queue.put_nowait(item)
    for _, dispatch, frames in clicks:
        # dispatch_shell makes the message the parent of all output and saves the SIGINT handler to restore
        # (``saved_sigint_handler``): both are reset to the waiting cell's afterwards.
        parent, ident = kernel.get_parent("shell"), kernel._parent_ident["shell"]  # noqa: SLF001
        on_sigint = getattr(kernel, "saved_sigint_handler", None)
        try:
            await dispatch(*frames)
        finally:
            kernel.saved_sigint_handler = on_sigint
            kernel.set_parent(ident, parent, channel="shell")
            # The handled message reported "idle", so the page must be told that the cell is still running.
            kernel.send_response(kernel.iopub_socket, "status", {"execution_state": "busy"})


def _is_comm_message(kernel: Any, frames: tuple[Any, ...]) -> bool:
    if not frames:  # an internal message of the kernel, such as the end of an abort
        return False
    try:
        _, signed = kernel.session.feed_identities(frames[0], copy=False)
        header = kernel.session.deserialize(signed, content=False, copy=False)["header"]  # doesn't consume it
    except (ValueError, TypeError):
        return False  # malformed: let the kernel report it
    return header.get("msg_type") in _COMM_MESSAGES
