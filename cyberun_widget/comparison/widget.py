"""The comparison: an anywidget that shows several results side by side."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import traitlets as t

from cyberun_widget.artifacts.model import Artifact
from cyberun_widget.artifacts.result import TaskResult
from cyberun_widget.card.page_channel import PageChannel
from cyberun_widget.card.traits import shown
from cyberun_widget.card.widget import TaskWidget
from cyberun_widget.comparison.column import column, labels
from cyberun_widget.comparison.differences import differences
from cyberun_widget.comparison.display import bundle
from cyberun_widget.comparison.pairing import pair
from cyberun_widget.comparison.requests import COMPARE_REQUESTS, routes
from cyberun_widget.errors import CyberunError, ParameterError
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.batching import BatchedWidget
from cyberun_widget.jupyter.static_copies import StaticCopies
from cyberun_widget.support import assets
from cyberun_widget.support.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberun_widget.artifacts.model import Artifacts
    from cyberun_widget.comparison.column import Column
    from cyberun_widget.comparison.pairing import Pair

Comparable = TaskWidget | TaskResult | Artifact
_TABLES = (
    ("comparison.parameters", "parameters", "comparison.default"),
    ("comparison.output", "output", "comparison.missing"),
    ("comparison.run", "facts", "comparison.missing"),
)
"""Title, field of the column, and what a cell without a value says."""
_DOCUMENTS_MAX = 2 * 1000 * 1000  # maximum bytes of a JSON file compared value by value


class Comparison(BatchedWidget):
    """Tasks, results or artifacts side by side: see `compare`."""

    _esm = assets.for_anywidget("compare.js")
    _css = assets.for_anywidget("compare.css")

    _labels = t.List(t.Unicode()).tag(sync=True)
    _pairs = t.List(t.Dict()).tag(sync=True)
    _tables = t.List(t.Dict()).tag(sync=True)
    _waiting = t.Int(0).tag(sync=True)

    def __init__(self, items: Sequence[Comparable]) -> None:
        self._items = tuple(items)
        self._files: list[Artifacts] = []
        self._found: Sequence[Pair] = ()
        self._copies = StaticCopies(self._bundle)
        super().__init__()
        self._refresh()
        if self.comm is not None:
            _kernel.route_clicks(self.comm)
        self._channel = PageChannel(self, COMPARE_REQUESTS, routes(self._find))
        self.on_msg(self._channel.take)
        for item in self._items:
            if isinstance(item, TaskWidget) and self._waiting:
                item.on_done(lambda _result: self._refresh())

    def _refresh(self) -> None:
        """Show the current state of the items."""
        columns = [column(item) for item in self._items]
        self._files = [each.artifacts for each in columns]
        self._found = pairs = pair(self._files)
        self._write(
            {
                "_labels": labels(columns),
                "_pairs": [_shown(each) for each in pairs],
                "_tables": [table for table in _tables(columns, pairs) if table["differences"]["rows"]],
                "_waiting": sum(not each.ready for each in columns),
            }
        )
        self._copies.rewrite()

    def _ipython_display_(self) -> None:
        self._copies.show(self, self._repr_mimebundle_)

    def _bundle(self) -> dict[str, str]:
        ids = [item.task_id for item in self._items if not isinstance(item, Artifact)]
        again = ids if len(ids) == len(self._items) and all(ids) else ()
        return bundle(self._labels, self._found, self._tables, again)

    def _find(self, key: str) -> Artifact:
        """Return a file by the page's key, which combines the item's number and the artifact's key."""
        number, _, name = key.partition("/")
        if not number.isdecimal() or int(number) >= len(self._files):
            raise CyberunError("That result is not part of the comparison.")
        return self._files[int(number)][name]

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self._labels)}>"


def compare(*items: Comparable) -> Comparison:
    """Show two or more tasks, results or artifacts side by side.

    Corresponding files (same output, else same name, else same kind and position) are shown together: pictures with a
    slider, alternating, as a difference image, or side by side with a shared zoom; videos with a shared clock; models
    with a shared camera. A table shows differences in parameters, outputs and JSON files. A running task is added when
    it completes.

    Raises ParameterError for fewer than two items, or for anything that can't be compared.
    """
    if len(items) < 2:  # noqa: PLR2004 - a pair
        raise ParameterError("compare() takes two or more tasks, results or artifacts.")
    for item in items:
        column(item)
    return Comparison(items)


def _shown(each: Pair) -> dict[str, Any]:
    artifacts = [
        None if item is None else {**shown([item])[0], "key": f"{number}/{item.key}", "poster": None}
        for number, item in enumerate(each.artifacts)
    ]
    return {"kind": each.kind, "name": each.name, "artifacts": artifacts}


def _tables(columns: Sequence[Column], pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    tables = [(say(title), [getattr(each, name) for each in columns], say(absent)) for title, name, absent in _TABLES]
    tables += [
        (each.name, [item.json() for item in each.artifacts if item is not None], say("comparison.missing"))
        for each in pairs
        if each.kind == "json" and all(_readable(item) for item in each.artifacts)
    ]
    return [
        {"title": title, "absent": absent, "differences": asdict(differences(documents))}
        for title, documents, absent in tables
    ]


def _readable(item: Artifact | None) -> bool:
    return item is not None and item.path is not None and (item.size or 0) <= _DOCUMENTS_MAX and item.error is None
