"""A widget whose traits are written from a background thread, several at once and as one message."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets as t

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)


class BatchedWidget(anywidget.AnyWidget):
    """Its one writer calls `_write`; anybody else sets traits as in any widget."""

    _beat = t.Int(0).tag(sync=True)

    _batch: list[Any] | None = None  # the changes of the write under way
    _writer: int | None = None  # the thread that makes them

    def __init__(self, **traits: Any) -> None:
        self._writing = threading.RLock()
        super().__init__(**traits)

    def _write(self, values: Mapping[str, Any]) -> None:
        """Set the traits, send them as one message, and only then let the observers see them.

        Not with `hold_sync`: it keeps one set for all threads, and a trait that the user sets meanwhile would break it.
        """
        with self._writing:
            changes: list[Any] = []
            self._batch, self._writer = changes, threading.get_ident()
            try:
                for name, value in {**values, "_beat": self._beat + 1}.items():
                    if getattr(self, name) != value:  # most are as they were, and a trait checks and copies
                        setattr(self, name, value)
            finally:
                self._batch, self._writer = None, None
            names = [change["name"] for change in changes]
            if self.comm is not None and names:
                self.send_state(names)
        for change in changes:
            try:
                t.HasTraits.notify_change(self, change)
            except BaseException:  # noqa: BLE001 - a user's handler raised, SystemExit included: logged, and we go on
                _log.exception("an observe handler for %s of %r raised", change["name"], type(self).__name__)

    def notify_change(self, change: Any) -> None:
        """Keep together what `_write` sets; any other change goes out at once."""
        if self._batch is not None and threading.get_ident() == self._writer:
            self._batch.append(change)
        else:
            super().notify_change(change)

    def close(self) -> None:
        """Close the widget, after the write under way."""
        with getattr(self, "_writing", contextlib.nullcontext()):  # a constructor that raised made no lock
            super().close()
