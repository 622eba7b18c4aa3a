"""`Client`: the asynchronous client behind one facade that waits."""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from cyberun_widget.api.calls import noting_interrupts
from cyberun_widget.card.widget import TaskWidget
from cyberun_widget.client.account import Account
from cyberun_widget.client.asynchronous import AsyncClient
from cyberun_widget.group.plan.start import ALL
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from cyberun_widget.group.plan.axes import Values
    from cyberun_widget.group.widget import TaskGroup

P = ParamSpec("P")
T = TypeVar("T")


def _waiting(
    method: Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Client, P], T]:
    """Return the method of `Client` that waits for what the method of `AsyncClient` gives."""

    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return background.run(method(AsyncClient._of(self._calls), *args, **kwargs))  # noqa: SLF001 - one package

    update_wrapper(call, method)
    call.__qualname__ = f"Client.{method.__name__}"
    return call


class Client(Account):
    """The API of one account, for code that waits: a notebook cell, a script. Its calls are those of `AsyncClient`.

    Works inside a running event loop too (a notebook's kernel has one): the network is on a thread of its own.
    """

    workflows = _waiting(AsyncClient.workflows)
    workflow = _waiting(AsyncClient.workflow)
    upload = _waiting(AsyncClient.upload)
    tasks = _waiting(AsyncClient.tasks)
    task = _waiting(AsyncClient.task)
    result = _waiting(AsyncClient.result)
    cancel = _waiting(AsyncClient.cancel)

    def submit(self, slug: str, /, **parameters: Any) -> str:
        """Run a workflow and return the task's id. See `AsyncClient.submit`."""
        with noting_interrupts():
            return background.run(self._calls.submit(slug, parameters))

    def run(self, slug: str, /, *, label: str | None = None, **parameters: Any) -> TaskWidget:
        """Run a workflow and return the card that watches the task.

        `label`: your own name for the run, shown on the card. Where the workflow has a parameter of that name, it is
        that parameter's value.
        """
        with noting_interrupts():
            return TaskWidget.submitted(self, slug, parameters, label)

    def map(
        self,
        slug: str,
        /,
        grid: Values | None = None,
        zip: Values | None = None,  # noqa: A002 - the word for it
        *,
        name: str | None = None,
        in_flight: int = 4,
        start: str = ALL,
        fresh: bool = False,
        **fixed: Any,
    ) -> TaskGroup:
        """Run a workflow over all points of a grid, and return the sheet that shows them.

        `grid`: parameter -> values; the points are their product. `zip`: parameters whose values go together. `fixed`:
        parameters that are the same for all points. A seed that is left open, None or -1, is drawn once and recorded.

        Everything is checked before anything is submitted: ParameterError names every bad value. Then the points run
        in order, `in_flight` tasks at once. A sweep of more than 50 points waits for a click on its card, or for
        `group.start()`, unless `start` is given: "all", "first" (one point) or "none".

        Nothing is paid for twice: what was submitted is on record on this machine, and the same call (the same `name`,
        or the same workflow and axes) goes on where the last one was. `fresh` begins anew. The workflow's version is
        pinned for the whole sweep, where the service tells it.
        """
        from cyberun_widget.group.mapping import map_points  # noqa: PLC0415 - a sweep's parts come with the first sweep

        return map_points(self, slug, grid, zip, fixed, name=name, in_flight=in_flight, start=start, fresh=fresh)
