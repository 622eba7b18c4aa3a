"""The layout of a sheet: which axes form the rows and which the columns. Pure."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.errors import ParameterError
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberun_widget.group.plan.axes import Axis, Space

_TEXT: Final = 28  # characters of a value in a header


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A sheet's headers and cell positions. `cells`: point index -> (row, column).

    `captions`: whether each cell needs a caption, because a single wrapped axis has no headers.
    """

    row_title: str
    column_title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[int, tuple[int, int]]
    captions: bool = False


def arrange(
    space: Space, places: Sequence[tuple[int, ...]], rows: str | None = None, columns: str | None = None
) -> Arrangement:
    """Return the layout for points at these places, in the same order.

    `rows`, `columns`: the title of an axis, or one of its parameters; by default the first axis forms the rows and the
    second the columns. The remaining axes are added to the rows. A single axis is wrapped to roughly a square. Raises
    ParameterError for an unknown axis.
    """
    axes = space.axes
    if len(axes) < 2 and rows is None and columns is None:  # noqa: PLR2004 - rows and columns
        return _wrapped(len(places))
    across = _find(axes, columns)
    down = _find(axes, rows)
    if down is None:
        down = next((index for index in range(len(axes)) if index != across), None)
    if across is None:
        across = next((index for index in range(len(axes)) if index != down), None)
    if down is not None and down == across:
        raise ParameterError(f"{axes[down].title} can't make both the rows and the columns.")
    rest = [index for index in range(len(axes)) if index not in (across, down)]
    groups = [index for index in (*rest, down) if index is not None]
    order = list(itertools.product(*(range(len(axes[index])) for index in groups)))
    row_of = {place: row for row, place in enumerate(order)}
    return Arrangement(
        row_title=" · ".join(axes[index].title for index in groups),
        column_title=axes[across].title if across is not None else "",
        rows=tuple(
            " · ".join(step_text(axes[index], position) for index, position in zip(groups, place, strict=True))
            for place in order
        ),
        columns=tuple(step_text(axes[across], position) for position in range(len(axes[across])))
        if across is not None
        else ("",),
        cells={
            number: (row_of[tuple(place[index] for index in groups)], place[across] if across is not None else 0)
            for number, place in enumerate(places)
        },
    )


def step_text(axis: Axis, position: int) -> str:
    """Return the header of a position: "20", or "cat · 0.5" for a zip."""
    return " · ".join(value_text(value) for value in axis.steps[position])


def parameters_text(parameters: Mapping[str, Any], names: Sequence[str] = ()) -> str:
    """Return parameters as one line: "seed 7 · steps 20". `names`: only these, in this order."""
    chosen = names or list(parameters)
    return " · ".join(f"{name} {value_text(parameters[name])}" for name in chosen if name in parameters)


def value_text(value: Any) -> str:
    """Return a value as text short enough for a header."""
    match value:
        case None:
            return "default"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case PurePath():
            return clean(value.name, limit=_TEXT)
        case _:
            return clean(value, limit=_TEXT)


def _wrapped(count: int) -> Arrangement:
    across = max(1, math.ceil(math.sqrt(count * 1.3)))
    down = math.ceil(count / across)
    cells = {number: divmod(number, across) for number in range(count)}
    return Arrangement("", "", ("",) * down, ("",) * min(across, max(count, 1)), cells, captions=True)


def _find(axes: Sequence[Axis], name: str | None) -> int | None:
    if name is None:
        return None
    for index, axis in enumerate(axes):
        if name in (axis.title, *axis.names):
            return index
    known = ", ".join(axis.title for axis in axes) or "none"
    raise ParameterError(f"There is no axis {name!r}; the axes are {known}.")
