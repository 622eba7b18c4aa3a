"""Follows the tasks of a sweep: one small listener per task, in full detail only while a page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyberun_widget.downloads.cache import cache_folder
from cyberun_widget.following.listener import Interest
from cyberun_widget.following.task_watch import watch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cyberun_widget.api.transport import Http
    from cyberun_widget.following.task_watch import TaskWatch
    from cyberun_widget.group.points import Cell
    from cyberun_widget.policy import FollowPolicy, Mode
    from cyberun_widget.protocol.events import Event

CLOSE: Final = 24
"""Number of tasks followed in full detail while no page reports which tasks it shows."""


class _PointListener:
    """Notifies the group when one task changes."""

    __slots__ = ("_cell", "_notify")

    def __init__(self, cell: Cell, notify: Callable[[Cell], None]) -> None:
        self._cell, self._notify = cell, notify

    def changed(self) -> None:
        self._notify(self._cell)

    def happened(self, event: Event) -> None:
        """Ignore the event: a sweep doesn't use single events."""


class Watching:
    """The watches of one group. `tell` is called on the network loop with each cell whose task has changed."""

    def __init__(self, http: Http, policy: FollowPolicy, mode: Mode, tell: Callable[[Cell], None]) -> None:
        self._http, self._policy, self._mode, self._tell = http, policy, mode, tell
        self._listeners: dict[int, tuple[_PointListener, TaskWatch]] = {}
        self._seen: Collection[int] | None = None

    def begin(self, cell: Cell) -> None:
        """Follow the task of a cell, from its current state."""
        self.end(cell)
        if cell.task_id is None:
            return
        listener = _PointListener(cell, self._tell)
        folder = cache_folder(cell.task_id)
        found = watch(self._http, cell.task_id, self._policy, folder, self._mode, listener, self._interest(cell.index))
        self._listeners[cell.index] = (listener, found)
        cell.watch = found

    def end(self, cell: Cell) -> None:
        """Stop following it; the task keeps running."""
        cell.watch = None
        if (had := self._listeners.pop(cell.index, None)) is not None:
            listener, found = had
            found.leave(listener)

    def look_at(self, indices: Collection[int]) -> None:
        """Follow these visible points in full detail, and the others only for their outcome."""
        self._seen = frozenset(indices)
        for index, (listener, found) in self._listeners.items():
            found.attend(listener, self._interest(index))

    def close(self) -> None:
        """Stop following all tasks."""
        listeners, self._listeners = self._listeners, {}
        for listener, found in listeners.values():
            found.leave(listener)

    def _interest(self, index: int) -> Interest:
        close = len(self._listeners) < CLOSE if self._seen is None else index in self._seen
        return Interest.LIVE if close else Interest.VERDICT
