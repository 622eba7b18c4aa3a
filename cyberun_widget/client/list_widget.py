"""The live table of a list: search and sort in the page, and a button in each row that opens it in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

import traitlets as t

from cyberun_widget.card.messages import WIDGET_REQUESTS, Nothing
from cyberun_widget.card.page_channel import PageChannel
from cyberun_widget.errors import NotFoundError
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.batching import BatchedWidget
from cyberun_widget.support import assets
from cyberun_widget.support.executors import READS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cyberun_widget.card.page_channel import Request


class Open(TypedDict):
    """Open or close a row's widget below it."""

    row: int
    open: bool


LIST_REQUESTS: Final[dict[str, tuple[type, type]]] = {**WIDGET_REQUESTS, "open": (Open, Nothing)}
"""`frontend/src/shared/messages.ts` has the same table."""


class ListWidget(BatchedWidget):
    """A table of `rows`, each with a button `verb` that shows `opener(row)`, a widget, below it.

    `columns`: names and kinds, see `frontend/src/listing/types.ts`. A row that is closed and opened again shows the
    same widget.
    """

    _esm = assets.for_anywidget("listing.js")
    _css = assets.for_anywidget("listing.css")

    _title = t.Unicode().tag(sync=True)
    _columns = t.List(t.Dict()).tag(sync=True)
    _rows = t.List(t.List()).tag(sync=True)
    _verb = t.Unicode().tag(sync=True)
    _opened = t.Dict().tag(sync=True)  # row -> reference to its widget

    def __init__(
        self,
        title: str,
        columns: Sequence[tuple[str, str]],
        rows: Sequence[Sequence[str | float | None]],
        verb: str,
        opener: Callable[[int], Any],
    ) -> None:
        self._opener = opener
        self._widgets: dict[int, Any] = {}
        super().__init__(
            _title=title,
            _columns=[{"name": name, "kind": kind} for name, kind in columns],
            _rows=[list(row) for row in rows],
            _verb=verb,
        )
        if self.comm is not None:
            _kernel.route_clicks(self.comm)
        self._channel = PageChannel(self, LIST_REQUESTS, {"open": (READS, self._open)})
        self.on_msg(self._channel.take)

    def _open(self, request: Request) -> None:
        row, wanted = request.fields["row"], request.fields["open"]
        if row >= len(self._rows):
            raise NotFoundError("That row is not in the list.")
        opened = {key: reference for key, reference in self._opened.items() if key != str(row)}
        if wanted:
            if row not in self._widgets:
                self._widgets[row] = self._opener(row)
            opened[str(row)] = f"IPY_MODEL_{self._widgets[row].model_id}"
        self._write({"_opened": opened})
