"""Executors for blocking work: a few threads shared by all cards; each card's jobs run one at a time, in order."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Final

from cyberun_widget.support.threads import Pump

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class JobQueue:
    """The jobs of one card."""

    jobs: deque[Callable[[], object]] = field(default_factory=deque)
    queued: bool = False  # queued or running


class FairExecutor:
    """Runs at most `threads` jobs at once. The queues take turns, so no card waits for all of another card's jobs."""

    def __init__(self, name: str, threads: int) -> None:
        self._lock = Lock()
        self._ready: deque[JobQueue] = deque()
        self._pumps = [Pump(f"{name}-{index}", partial(self._step, index)) for index in range(threads)]
        self._idle = set(range(threads))

    def call(self, queue: JobQueue, function: Callable[..., object], *args: object) -> None:
        """Queue a call of `function` and return at once. Exceptions are logged."""
        with self._lock:
            queue.jobs.append(partial(function, *args))
            if queue.queued:
                return
            queue.queued = True
            self._ready.append(queue)
            index = self._idle.pop() if self._idle else None
        if index is not None:
            self._pumps[index].wake()

    def _step(self, index: int) -> float | None:
        with self._lock:
            if not self._ready:
                self._idle.add(index)
                return None
            queue = self._ready.popleft()
            job = queue.jobs.popleft()
        try:
            job()
        except Exception:  # noqa: BLE001 - logged with its traceback; the queue continues
            _log.exception("a page's request failed")
        with self._lock:
            queue.queued = bool(queue.jobs)
            if queue.queued:
                self._ready.append(queue)
        return 0.0


READS: Final = FairExecutor("read", 3)
"""Files, previews and modules for the page."""
SAVES: Final = FairExecutor("save", 2)
"""Copying results to disk, which may take minutes."""
