"""`Client`: a blocking facade over the asynchronous client."""

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
    """Return a `Client` method that blocks until the given `AsyncClient` method returns."""

    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return background.run(method(AsyncClient._of(self._calls), *args, **kwargs))  # noqa: SLF001 - same package

    update_wrapper(call, method)
    call.__qualname__ = f"Client.{method.__name__}"
    return call


class Client(Account):
    """The API of one account, for blocking code: a notebook cell, a script. Has the same calls as `AsyncClient`.

    Also works inside a running event loop, such as a notebook kernel's: the network runs on its own thread.
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

        `label`: your own name for the run, shown on the card. If the workflow has a parameter named `label`, the value
        goes to that parameter.
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

        `grid`: parameter -> values; the points are their product. `zip`: parameters whose values vary together.
        `fixed`: parameters that are the same for all points. An open seed (None or -1) is drawn once and recorded.

        Everything is checked before anything is submitted: ParameterError names every invalid value. Then the points
        run in order, `in_flight` tasks at a time. A sweep of more than 50 points waits for a click on its card, or for
        `group.start()`, unless `start` is given: "all", "first" (one point) or "none".

        Nothing is paid for twice: submissions are recorded on this machine, and the same call (the same `name`, or the
        same workflow and axes) continues the recorded sweep. `fresh` starts a new one. The workflow's version is pinned
        for the whole sweep, if the service reports it.
        """
        from cyberun_widget.group.mapping import map_points  # noqa: PLC0415 - a sweep's parts come with the first sweep

        return map_points(self, slug, grid, zip, fixed, name=name, in_flight=in_flight, start=start, fresh=fresh)
