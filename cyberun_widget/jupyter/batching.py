"""A widget whose traits are written from a background thread, several at once in one message."""

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
    """A user's observe handler. Errors it raises during `_write` are logged, so that the other handlers still run.

    Compares equal to the function, so that `unobserve` finds it.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, change: Any) -> None:
        if not getattr(_here, "guarding", False):  # the user's own assignment: let the user see the error
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
    """A widget whose background writer calls `_write`; all other code sets traits as usual.

    Besides traits it has *extras*: state whose names aren't known in advance, such as one poster per file. An extra is
    sent on its own when it changes; all extras are sent with the full state, after a page reload or in a saved
    notebook. The page reads them like traits: `model.get("_poster:9.images.0")`.
    """

    _beat = t.Int(0).tag(sync=True)

    _batch: list[Any] | None = None  # the changes of the write in progress
    _writer: int | None = None  # the thread that is writing

    def __init__(self, **traits: Any) -> None:
        self._writing = threading.RLock()
        self._extras: dict[str, Any] = {}
        self._untold: set[str] = set()  # names written with `quiet` and not sent yet
        super().__init__(**traits)

    def _write(
        self, values: Mapping[str, Any], *, extras: Mapping[str, Any] | None = None, quiet: bool = False
    ) -> None:
        """Set the traits, send them in one message, and only then call the observers.

        `extras`: the complete set; a missing one is removed. `quiet`: send these with the next write that isn't quiet.

        Doesn't use `hold_sync`, which shares one set between threads: a trait set by the user meanwhile would break it.
        """
        with self._writing:
            changes: list[Any] = []
            self._batch, self._writer = changes, threading.get_ident()
            try:
                for name, value in {**values, "_beat": self._beat + 1}.items():
                    before = getattr(self, name)
                    if before is not value and before != value:  # most are unchanged, and traits check and copy
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
        self._extras = {**self._extras, **dict.fromkeys(gone), **new}  # the page must be told of removed extras
        self._untold.update(gone, new)

    def get_state(self, key: str | Iterable[str] | None = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the synced state including extras, optionally of some names only."""
        names = [key] if isinstance(key, str) else None if key is None else list(key)
        extras = self._extras
        traits = None if names is None else [name for name in names if name not in extras]
        state: dict[str, Any] = super().get_state(traits, drop_defaults=drop_defaults)
        state.update(extras if names is None else {name: extras[name] for name in names if name in extras})
        return state

    def observe(self, handler: Any, names: Any = t.All, type: Any = "change") -> None:  # noqa: A002 - traitlets' name
        """Call `handler(change)` when a trait changes, on the publisher's thread. See `traitlets.HasTraits.observe`."""
        own = isinstance(handler, t.EventHandler)  # an ipywidgets method decorated with @observe
        super().observe(handler if own else _Handler(handler), names, type)

    def notify_change(self, change: Any) -> None:
        """Collect the changes made by `_write`; send any other change at once."""
        if self._batch is not None and threading.get_ident() == self._writer:
            self._batch.append(change)
        else:
            super().notify_change(change)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"A {type(self).__name__} can't be copied or pickled: it holds a connection. Create another.")

    def __del__(self) -> None:
        # The garbage collector may run on any line, even while a lock that closing needs is held.
        if not sys.is_finalizing():
            _closing.call(self.close)

    def close(self) -> None:
        """Close the widget once a write in progress has finished."""
        with getattr(self, "_writing", contextlib.nullcontext()):  # no lock exists if the constructor raised
            super().close()
