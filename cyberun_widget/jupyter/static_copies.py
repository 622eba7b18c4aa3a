"""A widget's static outputs: what a saved notebook keeps of it, below each place where it was shown live."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cyberun_widget.jupyter import kernel as _kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class StaticCopies:
    """The static outputs of one widget. `bundle` returns the MIME bundle of what is known now."""

    def __init__(self, bundle: Callable[[], Mapping[str, object]]) -> None:
        self._bundle = bundle
        self._display_ids: list[str] = []

    def show(self, widget: object, mimebundle: Callable[[], Any]) -> None:
        """Show the widget in the cell that runs; in a terminal, its repr. `mimebundle`: the live widget's."""
        if _kernel.host() in ("terminal", "script"):
            sys.stdout.write(f"{widget!r}\n")  # the widget is this expression's value: what a terminal shows of it
            return
        made = mimebundle()
        live, metadata = made if isinstance(made, tuple) else (made, {})
        live = {**(live or {}), "text/plain": repr(widget)}
        self._display_ids.append(_kernel.display_pair(live, self._bundle(), metadata))

    def rewrite(self) -> None:
        """Put in what is known now."""
        bundle = self._bundle() if self._display_ids else {}
        for display_id in self._display_ids:
            _kernel.update(display_id, bundle)
