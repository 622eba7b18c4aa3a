"""A thread with an inbox. It starts when the first item is put in, and ends when its `serve` function returns.

All such threads are daemons that end when they have no work: a notebook that watches nothing has no extra threads, and
a kernel that shuts down doesn't wait for any.

The thread that puts an item in may be interrupted on any line (KeyboardInterrupt). So it neither takes a lock nor
starts a `threading.Thread`, since an interrupt could leave either in an inconsistent state. A `SimpleQueue` is safe,
and a thread whose start was interrupted is started by the next call.
"""

from __future__ import annotations

import _thread
import logging
import os
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class Worker:
    """A thread that exists while its inbox has items. It runs `serve`; calls never overlap."""

    def __init__(self, name: str, serve: Callable[[], None]) -> None:
        self._name, self._serve = name, serve
        self._reset()

    def _reset(self) -> None:
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self.loop: asyncio.AbstractEventLoop | None = None  # the loop that the thread runs, while it accepts calls
        self._turn = threading.Lock()  # held by the thread that serves
        self._starting = False
        self._ident: int | None = None
        self._pid = os.getpid()

    @property
    def running(self) -> bool:
        """Whether the thread is running. A forked child copies this object but not the thread."""
        return self._turn.locked() and self._pid == os.getpid()

    def put(self, item: object) -> None:
        """Add an item to the inbox, and start the thread if it isn't running."""
        if self._pid != os.getpid():
            self._reset()
        self.inbox.put(item)
        if not (self._starting or self._turn.locked()):
            try:
                self._starting = True
                # Not `Thread.start` in this thread: an interrupt inside it leaves the interpreter's own lock held.
                _thread.start_new_thread(self._start, ())
            except BaseException:
                self._starting = False
                raise

    def is_current(self) -> bool:
        """Whether the caller runs on the thread."""
        return threading.get_ident() == self._ident

    def _start(self) -> None:
        try:
            threading.Thread(target=self._main, name=self._name, daemon=True).start()
        except RuntimeError:  # the system is out of threads, or the interpreter is shutting down
            self._starting = False
            _log.exception("%s could not be started", self._name)

    def _main(self) -> None:
        self._starting = False
        # Items added while the lock is held are seen by its holder, at the latest after releasing it.
        while not self.inbox.empty() and self._turn.acquire(blocking=False):
            self._ident = threading.get_ident()
            try:
                self._serve()
            except BaseException:  # noqa: BLE001 - logged with its traceback
                # After any error, later items still find a working thread.
                _log.exception("%s failed and starts over", self._name)
            finally:
                self._ident = None
                self._turn.release()
