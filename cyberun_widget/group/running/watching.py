"""Following the tasks of a sweep: one small listener per task, followed closely only where a page shows it."""

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
"""Tasks that are followed closely while no page says which of them it shows."""


class _PointListener:
    """Notifies the group of a change of one task."""

    __slots__ = ("_cell", "_notify")

    def __init__(self, cell: Cell, notify: Callable[[Cell], None]) -> None:
        self._cell, self._notify = cell, notify

    def changed(self) -> None:
        self._notify(self._cell)

    def happened(self, event: Event) -> None:
        """Ignore it: a sweep needs no single events."""


class Watching:
    """The watches of one group. `tell` is called on the network loop with the cell whose task has news."""

    def __init__(self, http: Http, policy: FollowPolicy, mode: Mode, tell: Callable[[Cell], None]) -> None:
        self._http, self._policy, self._mode, self._tell = http, policy, mode, tell
        self._listeners: dict[int, tuple[_PointListener, TaskWatch]] = {}
        self._seen: Collection[int] | None = None

    def begin(self, cell: Cell) -> None:
        """Follow the task of a cell, from wherever it stands."""
        self.end(cell)
        if cell.task_id is None:
            return
        listener = _PointListener(cell, self._tell)
        folder = cache_folder(cell.task_id)
        found = watch(self._http, cell.task_id, self._policy, folder, self._mode, listener, self._interest(cell.index))
        self._listeners[cell.index] = (listener, found)
        cell.watch = found

    def end(self, cell: Cell) -> None:
        """Follow it no more; the task goes on."""
        cell.watch = None
        if (had := self._listeners.pop(cell.index, None)) is not None:
            listener, found = had
            found.leave(listener)

    def look_at(self, indices: Collection[int]) -> None:
        """Follow these closely, since somebody sees them, and of the others only the verdict."""
        self._seen = frozenset(indices)
        for index, (listener, found) in self._listeners.items():
            found.attend(listener, self._interest(index))

    def close(self) -> None:
        """Follow nothing any more."""
        listeners, self._listeners = self._listeners, {}
        for listener, found in listeners.values():
            found.leave(listener)

    def _interest(self, index: int) -> Interest:
        close = len(self._listeners) < CLOSE if self._seen is None else index in self._seen
        return Interest.LIVE if close else Interest.VERDICT
