"""Lists of tasks and workflows, shown as tables in a notebook and in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeVar, overload

from cyberun_widget.card.widget import TaskWidget
from cyberun_widget.errors import NotFoundError
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.static_copies import StaticCopies
from cyberun_widget.protocol.models import Task, Workflow
from cyberun_widget.render import static_list
from cyberun_widget.render.html_nodes import PLAIN, Node, html, node
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import clock
from cyberun_widget.support.words import say, status_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cyberun_widget.api.calls import HasCalls
    from cyberun_widget.form.widget import WorkflowForm

T = TypeVar("T")

_CELL_MAX: Final = 200  # maximum characters in a cell


class _Table(Sequence[T]):
    """An immutable list that shows itself as a table."""

    _columns: tuple[str, ...] = ()  # those of the plain table, by their keys in words.json
    _empty = ""
    _title = ""
    _verb = ""  # the label of a row's button
    _kinds: tuple[tuple[str, str], ...] = ()  # likewise of the live table; the kind sets sorting and format

    def __init__(self, items: Iterable[T]) -> None:
        self._items = tuple(items)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self._items[index]

    def _row(self, item: T) -> tuple[str, ...]:
        raise NotImplementedError

    def _heads(self) -> tuple[str, ...]:
        return tuple(say(f"list.{name}") for name in self._columns)

    def _cells(self, item: T) -> tuple[str, ...]:
        return tuple(clean(cell, limit=_CELL_MAX) for cell in self._row(item))

    def __repr__(self) -> str:
        if not self._items:
            return self._empty
        rows = [self._heads(), *map(self._cells, self._items)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self._columns))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )

    def _opened(self, place: int) -> TaskWidget | WorkflowForm:
        """Return the widget that a row's button opens below it."""
        raise NotImplementedError

    def _facts(self, item: T) -> tuple[str | float | None, ...]:
        """Return a row as raw values for the page to sort and format, see `frontend/src/listing/types.ts`."""
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        """Show a live table if a page may be listening, with a plain one that is kept in the saved notebook."""
        if _kernel.host() != "kernel" or not self._items:
            _kernel.show({"text/plain": repr(self), "text/html": self._repr_html_()})
            return
        from cyberun_widget.client.list_widget import ListWidget  # noqa: PLC0415 - imported on first use

        rows = [
            tuple(clean(cell, limit=_CELL_MAX) if isinstance(cell, str) else cell for cell in self._facts(item))
            for item in self._items
        ]
        live = ListWidget(
            self._title, [(say(f"list.{name}"), kind) for name, kind in self._kinds], rows, self._verb, self._opened
        )
        plain = static_list.table(self._title, self._heads(), [self._cells(item) for item in self._items])
        kept = {"text/html": plain, "text/plain": repr(self)}
        StaticCopies(lambda: kept).show(self, live._repr_mimebundle_)

    def _repr_html_(self) -> str:
        if not self._items:
            return html(node("p", {}, self._empty))
        head = _row_of("th", ("", *self._heads()))
        rows = (_row_of("td", (str(index), *self._cells(item))) for index, item in enumerate(self._items))
        return html(node("table", {"class": PLAIN}, node("thead", {}, head), node("tbody", {}, *rows)))


def _row_of(tag: str, cells: Iterable[str]) -> Node:
    return node("tr", {}, *(node(tag, {"style": "text-align:left", "dir": "auto"}, text) for text in cells))


class TaskList(_Table[Task]):
    """Tasks, newest first. `tasks.open(0)` shows the first task's card."""

    _columns = ("task", "status", "workflow", "gpu", "created", "took")
    _empty = say("list.no_tasks")
    _title = say("list.tasks")
    _verb = say("list.open_task")
    _kinds = (
        ("workflow", "text"),
        ("status", "status"),
        ("created", "time"),
        ("took", "seconds"),
        ("gpu", "text"),
        ("task", "id"),
    )

    def __init__(self, items: Iterable[Task], client: HasCalls) -> None:
        super().__init__(items)
        self._client = client

    def open(self, which: int | str) -> TaskWidget:
        """Return the card of a task. `which`: its index in the list, or its id, or the start of its id."""
        if isinstance(which, int):
            return TaskWidget(self._items[which].id, self._client)
        found = [task for task in self._items if task.id.startswith(which)]
        if len(found) != 1:
            raise NotFoundError(
                f"{'No task' if not found else 'More than one task'} in this list starts with {which!r}."
            )
        return TaskWidget(found[0].id, self._client)

    def _opened(self, place: int) -> TaskWidget:
        return self.open(place)

    def _facts(self, item: Task) -> tuple[str | float | None, ...]:
        took = None
        if item.completed_at and item.created_at:
            took = (item.completed_at - item.created_at).total_seconds()
        created = item.created_at.isoformat() if item.created_at else None
        return (item.workflow_name or item.tool_type, item.status, created, took, item.gpu_type, item.id)

    def _row(self, item: Task) -> tuple[str, ...]:
        took = ""
        if item.completed_at and item.created_at:
            took = clock((item.completed_at - item.created_at).total_seconds())
        workflow = item.workflow_name or item.tool_type
        return (item.id, status_name(item.status), workflow, item.gpu_type, _when(item.created_at), took)


class WorkflowList(_Table[Workflow]):
    """Workflows and their descriptions. For the parameters of one, see `client.workflow(slug).parameters`."""

    _columns = ("slug", "name", "tool", "description")
    _empty = say("list.no_workflows")
    _title = say("list.workflows")
    _verb = say("list.open_workflow")
    _kinds = (("name", "text"), ("slug", "text"), ("tool", "text"), ("description", "text"))

    def __init__(self, items: Iterable[Workflow], client: HasCalls | None = None) -> None:
        super().__init__(items)
        self._client = client

    def _opened(self, place: int) -> WorkflowForm:
        from cyberun_widget.form.widget import WorkflowForm  # noqa: PLC0415 - imported on first use

        return WorkflowForm(self._items[place].slug, self._client)

    def _facts(self, item: Workflow) -> tuple[str | float | None, ...]:
        return (item.name, item.slug, item.tool_type, item.description)

    def _row(self, item: Workflow) -> tuple[str, ...]:
        return (item.slug, item.name, item.tool_type, item.description)


def _when(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else ""
