"""`client.map`: opens a sweep and returns its sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberun_widget.errors import ConfigurationError
from cyberun_widget.group.opening import open_sweep
from cyberun_widget.group.plan.start import ALL, STARTS, Unasked
from cyberun_widget.group.widget import TaskGroup
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberun_widget.api.calls import HasCalls
    from cyberun_widget.group.plan.axes import Values


def map_points(  # noqa: PLR0913 - what `client.map` takes, each by name
    client: HasCalls,
    slug: str,
    grid: Values | None,
    zipped: Values | None,
    fixed: Mapping[str, Any],
    *,
    name: str | None = None,
    in_flight: int = 4,
    start: str = ALL,
    fresh: bool = False,
) -> TaskGroup:
    """Open a sweep, submit the points that may be submitted, and return its sheet. Documented in `Client.map`."""
    if start not in STARTS:
        raise ConfigurationError(f'start must be "all", "first" or "none", not {start!r}.')
    if isinstance(in_flight, bool) or not isinstance(in_flight, int) or in_flight < 1:
        raise ConfigurationError(f"in_flight must be a whole number from 1 on, not {in_flight!r}.")
    calls = client._calls  # noqa: SLF001 - package-internal
    opened = background.run(open_sweep(calls, slug, grid, zipped, fixed, name=name, fresh=fresh))
    group = TaskGroup((), client, in_flight=in_flight, _opened=opened)
    group._go_on(start, unasked=isinstance(start, Unasked))  # noqa: SLF001 - same package
    return group
