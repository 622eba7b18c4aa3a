"""The contract between a followed task and its listeners: a card, a group of a thousand tasks, a test."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cyberun_widget.protocol.events import Event


class Interest(IntEnum):
    """How closely a listener follows a task. The highest interest decides how the task is followed.

    `VERDICT`: only status and end matter: a card scrolled out of view, a cell of a sheet.
    `LIVE`: progress is visible: a card in view, a caller in `wait()`.
    `EVENTS`: every event is delivered: `on_event`, `on_progress`, `events()`.
    """

    VERDICT = 0
    LIVE = 1
    EVENTS = 2


class Listener(Protocol):
    """Called on the network loop's thread. Methods must return at once, and must not raise, block or call back.

    Use one listener object per task: the methods don't say which task they concern.
    """

    def changed(self) -> None:
        """Note that the watch has changed: its state, connection, problem, files or verdict.

        Called once per burst of changes, and again when `finished` is done.
        """

    def happened(self, event: Event) -> None:
        """Receive one valid event. Listeners whose interest is `EVENTS` receive all of them in order; others, none."""
