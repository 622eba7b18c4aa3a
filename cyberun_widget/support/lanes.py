"""Blocking work that pages ask for: a few threads for all cards, each card's jobs one after another and in order."""

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
class Lane:
    """One card's jobs."""

    jobs: deque[Callable[[], object]] = field(default_factory=deque)
    queued: bool = False  # or running


class Lanes:
    """At most `threads` jobs run at once; the lanes take turns, so that no card waits for all of another's jobs."""

    def __init__(self, name: str, threads: int) -> None:
        self._lock = Lock()
        self._ready: deque[Lane] = deque()
        self._pumps = [Pump(f"{name}-{index}", partial(self._step, index)) for index in range(threads)]
        self._idle = set(range(threads))

    def call(self, lane: Lane, function: Callable[..., object], *args: object) -> None:
        """Have a function called after what is in the lane already. Returns at once; what it raises is logged."""
        with self._lock:
            lane.jobs.append(partial(function, *args))
            if lane.queued:
                return
            lane.queued = True
            self._ready.append(lane)
            index = self._idle.pop() if self._idle else None
        if index is not None:
            self._pumps[index].wake()

    def _step(self, index: int) -> float | None:
        with self._lock:
            if not self._ready:
                self._idle.add(index)
                return None
            lane = self._ready.popleft()
            job = lane.jobs.popleft()
        try:
            job()
        except Exception:  # noqa: BLE001 - logged with its traceback; the lane goes on
            _log.exception("a page's request failed")
        with self._lock:
            lane.queued = bool(lane.jobs)
            if lane.queued:
                self._ready.append(lane)
        return 0.0


READS: Final = Lanes("read", 3)
"""Files, previews and modules for the page."""
SAVES: Final = Lanes("save", 2)
"""Copying results to disk, which may take minutes."""
