"""A thread with an inbox. It starts with the first thing that is put in, and leaves when its work says so.

All are daemons, and none lives without work: a notebook which watches nothing has no thread of ours, and a kernel
that shuts down waits for none.

The thread that puts something in may be interrupted on any line (KeyboardInterrupt). So it takes no lock and starts
no `threading.Thread` itself; both could be left half done. A `SimpleQueue` can't, and a thread whose start was
interrupted is started by the next call.
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
    """A thread that is there while its inbox has something. It runs `serve`, never twice at the same time."""

    def __init__(self, name: str, serve: Callable[[], None]) -> None:
        self._name, self._serve = name, serve
        self._reset()

    def _reset(self) -> None:
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self.loop: asyncio.AbstractEventLoop | None = None  # what the thread runs, if it is one, and takes calls
        self._turn = threading.Lock()  # held by the thread that serves
        self._starting = False
        self._ident: int | None = None
        self._pid = os.getpid()

    @property
    def running(self) -> bool:
        """Whether the thread is there. A forked child has a copy of everything here but the thread."""
        return self._turn.locked() and self._pid == os.getpid()

    def put(self, item: object) -> None:
        """Give the thread something to do, and start it unless it is running."""
        if self._pid != os.getpid():
            self._reset()
        self.inbox.put(item)
        if not (self._starting or self._turn.locked()):
            try:
                self._starting = True
                # Not `Thread.start` in this thread: an interrupt in there leaves the interpreter's own lock held.
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
        except RuntimeError:  # the system has no thread left, or the interpreter is ending
            self._starting = False
            _log.exception("%s could not be started", self._name)

    def _main(self) -> None:
        self._starting = False
        # What is put in while the turn is held is seen by the one who holds it, at the latest after letting go of it.
        while not self.inbox.empty() and self._turn.acquire(blocking=False):
            self._ident = threading.get_ident()
            try:
                self._serve()
            except BaseException:  # noqa: BLE001 - logged with its traceback
                # Whatever happened in there, what comes next finds a thread that works.
                _log.exception("%s failed and starts over", self._name)
            finally:
                self._ident = None
                self._turn.release()
