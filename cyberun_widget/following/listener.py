"""The contract between a followed task and its listeners: a card, a group of a thousand tasks, a test."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cyberun_widget.protocol.events import Event


class Interest(IntEnum):
    """How closely a listener follows a task. The closest one decides how the task is followed.

    `VERDICT`: only its status and its end matter, as for a card that is scrolled out of view or a cell of a sheet.
    `LIVE`: somebody sees its progress: a card in view, a caller in `wait()`.
    `EVENTS`: somebody takes every event: `on_event`, `on_progress`, `events()`.
    """

    VERDICT = 0
    LIVE = 1
    EVENTS = 2


class Listener(Protocol):
    """Called on the network loop's thread: take note and return at once; never raise, never wait, never call back.

    One small object a task: neither method says which task it is about.
    """

    def changed(self) -> None:
        """Note that the watch shows something new: its state, connection, problem, files or verdict.

        Called once for a whole burst of changes, and again when `finished` is done.
        """

    def happened(self, event: Event) -> None:
        """Take one sound event, in order. Comes only to listeners whose interest is `EVENTS`, with none left out."""
