"""A widget whose traits are written from a background thread, several at once and as one message."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets as t

from cyberun_widget.support.threads import Serial

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_log = logging.getLogger(__name__)


_here = threading.local()
_closing: Final = Serial("close")


class _Handler:
    """A user's observe handler. What it raises is logged where our write calls it, so that the others are called too.

    Equal to the function itself, by which `unobserve` finds it.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, change: Any) -> None:
        if not getattr(_here, "guarding", False):  # the user's own assignment: the error is theirs to see
            self._function(change)
            return
        try:
            self._function(change)
        except BaseException:  # noqa: BLE001 - SystemExit and the like too: it must not end the publisher's thread
            _log.exception("an observe handler for %s raised: %r", change["name"], self._function)

    def __eq__(self, other: object) -> bool:
        return bool(self._function == (other._function if isinstance(other, _Handler) else other))

    def __hash__(self) -> int:
        return hash(self._function)


class BatchedWidget(anywidget.AnyWidget):
    """Its one writer calls `_write`; anybody else sets traits as in any widget.

    Beside its traits it has *extras*: state of names that aren't known beforehand, such as one poster a file. Each
    travels alone when it changes, and all of them with the whole state, after a page reload or in a saved notebook.
    In the page they are read like traits: `model.get("_poster:9.images.0")`.
    """

    _beat = t.Int(0).tag(sync=True)

    _batch: list[Any] | None = None  # the changes of the write under way
    _writer: int | None = None  # the thread that makes them

    def __init__(self, **traits: Any) -> None:
        self._writing = threading.RLock()
        self._extras: dict[str, Any] = {}
        self._untold: set[str] = set()  # written while quiet
        super().__init__(**traits)

    def _write(
        self, values: Mapping[str, Any], *, extras: Mapping[str, Any] | None = None, quiet: bool = False
    ) -> None:
        """Set the traits, send them as one message, and only then let the observers see them.

        `extras`: all of them; one that is left out ends. `quiet`: send nothing now, but with the next write that isn't.

        Not with `hold_sync`: it keeps one set for all threads, and a trait that the user sets meanwhile would break it.
        """
        with self._writing:
            changes: list[Any] = []
            self._batch, self._writer = changes, threading.get_ident()
            try:
                for name, value in {**values, "_beat": self._beat + 1}.items():
                    before = getattr(self, name)
                    if before is not value and before != value:  # most are as they were, and a trait checks and copies
                        setattr(self, name, value)
            finally:
                self._batch, self._writer = None, None
            self._untold.update(change["name"] for change in changes)
            if extras is not None:
                self._exchange(extras)
            if self.comm is not None and not quiet:
                names, self._untold = self._untold, set()
                self.send_state(names)
        _here.guarding = True
        try:
            for change in changes:
                t.HasTraits.notify_change(self, change)
        finally:
            _here.guarding = False

    def _exchange(self, extras: Mapping[str, Any]) -> None:
        gone = [name for name, value in self._extras.items() if value is not None and name not in extras]
        new = {name: value for name, value in extras.items() if self._extras.get(name) is not value}
        self._extras = {**self._extras, **dict.fromkeys(gone), **new}  # a page must hear that one has ended
        self._untold.update(gone, new)

    def get_state(self, key: str | Iterable[str] | None = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the synced state, or that of some names, with the extras."""
        names = [key] if isinstance(key, str) else None if key is None else list(key)
        extras = self._extras
        traits = None if names is None else [name for name in names if name not in extras]
        state: dict[str, Any] = super().get_state(traits, drop_defaults=drop_defaults)
        state.update(extras if names is None else {name: extras[name] for name in names if name in extras})
        return state

    def observe(self, handler: Any, names: Any = t.All, type: Any = "change") -> None:  # noqa: A002 - traitlets' name
        """Call `handler(change)` when a trait changes, on the publisher's thread. See `traitlets.HasTraits.observe`."""
        own = isinstance(handler, t.EventHandler)  # a method of ipywidgets' that is decorated with @observe
        super().observe(handler if own else _Handler(handler), names, type)

    def notify_change(self, change: Any) -> None:
        """Keep together what `_write` sets; any other change goes out at once."""
        if self._batch is not None and threading.get_ident() == self._writer:
            self._batch.append(change)
        else:
            super().notify_change(change)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"A {type(self).__name__} can't be copied or pickled: it holds a connection. Create another.")

    def __del__(self) -> None:
        # The garbage collector comes on any line, also where a lock is held that closing needs.
        if not sys.is_finalizing():
            _closing.call(self.close)

    def close(self) -> None:
        """Close the widget, after the write under way."""
        with getattr(self, "_writing", contextlib.nullcontext()):  # a constructor that raised made no lock
            super().close()
