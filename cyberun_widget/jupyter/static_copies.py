"""A widget's static outputs, kept in a saved notebook below each live output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cyberun_widget.jupyter import kernel as _kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class StaticCopies:
    """The static outputs of one widget. `bundle` returns the MIME bundle of the current state."""

    def __init__(self, bundle: Callable[[], Mapping[str, object]]) -> None:
        self._bundle = bundle
        self._display_ids: list[str] = []

    def show(self, widget: object, mimebundle: Callable[[], Any], text: str | None = None) -> None:
        """Show the widget in the current cell; in a terminal, its repr.

        `mimebundle`: returns the live bundle. `text`: shown where there is no live widget, such as on
        GitHub, and never rewritten; by default the repr.
        """
        if _kernel.host() in ("terminal", "script"):
            sys.stdout.write(f"{widget!r}\n")  # the widget is the value of an expression: a terminal shows its repr
            return
        made = mimebundle()
        live, metadata = made if isinstance(made, tuple) else (made, {})
        live = {**(live or {}), "text/plain": repr(widget) if text is None else text}
        self._display_ids.append(_kernel.display_pair(live, self._bundle(), metadata))

    @property
    def shown(self) -> bool:
        """Whether there is any."""
        return bool(self._display_ids)

    def rewrite(self) -> None:
        """Update all static outputs to the current state."""
        bundle = self._bundle() if self._display_ids else {}
        for display_id in self._display_ids:
            _kernel.update(display_id, bundle)
