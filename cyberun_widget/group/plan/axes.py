"""A sweep's axes: turns `grid`, `zip` and fixed parameters into points, and checks them before submission. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cyberun_widget.errors import ParameterError
from cyberun_widget.protocol.validation import plain, problem, problems
from cyberun_widget.support.units import many

if TYPE_CHECKING:
    from cyberun_widget.protocol.models import Workflow

MOST_POINTS: Final = 10_000
"""Maximum number of points in a sweep; a larger number is probably a mistake."""
_LISTED: Final = 20  # maximum number of problems that one error names

Values: TypeAlias = "Mapping[str, Iterable[Any]]"


@dataclass(frozen=True, slots=True)
class Axis:
    """Parameters that vary together: one for an axis of a grid, several for a zip.

    `steps`: the values of `names` at each position, in the order of `names`. None means "not given".
    """

    names: tuple[str, ...]
    steps: tuple[tuple[Any, ...], ...]

    @property
    def title(self) -> str:
        """The parameters' names, as one header."""
        return " · ".join(self.names)

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, slots=True)
class Space:
    """All points of a sweep: the product of its axes, the first varying slowest, with `fixed` added to each point."""

    axes: tuple[Axis, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return prod(len(axis) for axis in self.axes)

    def places(self) -> Iterable[tuple[int, ...]]:
        """Yield each point's position on every axis, in order."""
        return itertools.product(*(range(len(axis)) for axis in self.axes))

    def parameters(self, place: tuple[int, ...]) -> dict[str, Any]:
        """Return the parameters of the point at `place`, without those that aren't given."""
        values = dict(self.fixed)
        for axis, position in zip(self.axes, place, strict=True):
            values |= zip(axis.names, axis.steps[position], strict=True)
        return {name: value for name, value in values.items() if value is not None}

    def size(self) -> str:
        """Return the number of points and its factors: "48 points: 8 seed × 6 steps"."""
        count = many(len(self), "point")
        factors = " × ".join(f"{len(axis)} {axis.title}" for axis in self.axes)
        return f"{count}: {factors}" if len(self.axes) > 1 else count


def lay_out(grid: Values | None, zipped: Values | None, fixed: Mapping[str, Any]) -> Space:
    """Return the space spanned by the arguments of `client.map`.

    Raises ParameterError that names every problem: a plain string for an axis, an empty axis, a repeated value, a
    parameter in two places, zipped lists of different lengths, too many points.
    """
    wrong: list[str] = []
    axes = [_axis(name, values, wrong) for name, values in (grid or {}).items()]
    if zipped:
        axes.append(_zip(zipped, wrong))
    names = [name for axis in axes for name in axis.names]
    wrong += [
        f"{name} is given in two places" for name in dict.fromkeys([*names, *fixed]) if _twice(name, names, fixed)
    ]
    space = Space(tuple(axes), {name: plain(value) for name, value in fixed.items()})
    if not wrong and not axes:
        wrong.append("it has no axis: name one, such as grid={'seed': range(8)}")
    if not wrong and len(space) > MOST_POINTS:
        wrong.append(f"it would have {space.size()}; at most {MOST_POINTS:,} are allowed")
    _refuse("This sweep", wrong)
    return space


def check_points(workflow: Workflow, space: Space) -> None:
    """Check every point against the workflow's own definitions.

    Raises ParameterError that names every invalid value once, however many points have it.
    """
    known = {item.key: item for item in workflow.parameters}
    found: dict[str, None] = {}
    for axis in space.axes:
        for name, values in zip(axis.names, zip(*axis.steps, strict=True), strict=True):
            if name not in known:
                continue
            bad = [problem(known[name], value) for value in values if value is not None]
            found |= dict.fromkeys(f"{name} {words}" for words in bad if words)
    moving = {name for axis in space.axes for name in axis.names}
    first = {**dict.fromkeys(moving, 0), **space.fixed}  # the values on axes were checked one by one
    for name, words in problems(workflow, first).items():
        if name not in known:
            found[words] = None
        elif name not in moving:
            found[f"{name} {words}"] = None
    for axis in space.axes:
        for name, values in zip(axis.names, zip(*axis.steps, strict=True), strict=True):
            required = name in known and known[name].required and known[name].default is None
            if required and None in values:
                found[f"{name} is required"] = None
    _refuse(workflow.slug or workflow.id, list(found), space)


def extended(space: Space, workflow: Workflow, grid: Values) -> Space:
    """Return the space with more values on its axes, or with new axes; existing points keep a place in it.

    A parameter that was fixed or left at its default becomes an axis that starts with that value. Raises
    ParameterError for anything `lay_out` refuses, and for a parameter that is part of a zip.
    """
    more = lay_out(grid, None, {})
    axes, fixed, wrong = list(space.axes), dict(space.fixed), []
    for added in more.axes:
        (name,) = added.names
        at = next((index for index, axis in enumerate(axes) if name in axis.names), None)
        if at is None:
            start = (fixed.pop(name, None),)
            axes.append(Axis((name,), (start, *(step for step in added.steps if step != start))))
        elif axes[at].names != (name,):
            wrong.append(f"{name} moves together with others ({axes[at].title}) and can't be extended alone")
        else:
            axes[at] = Axis((name,), _merged(axes[at].steps, added.steps))
    _refuse("This sweep", wrong)
    wider = Space(tuple(axes), fixed)
    if len(wider) > MOST_POINTS:
        _refuse("This sweep", [f"it would have {wider.size()}; at most {MOST_POINTS:,} are allowed"])
    check_points(workflow, wider)
    return wider


def _merged(steps: tuple[tuple[Any, ...], ...], more: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    """Return an axis's steps with more added: merged in order if the steps are sorted numbers, else appended."""
    merged = (*steps, *(step for step in more if step not in steps))
    values = [value for (value,) in merged]
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in values):
        return merged
    return tuple(sorted(merged)) if list(steps) == sorted(steps) else merged


def _axis(name: str, values: Any, wrong: list[str]) -> Axis:
    listed = _listed(name, values, wrong)
    wrong.extend(f"{name} has {value!r} twice" for value in _repeated(listed))
    return Axis((name,), tuple((value,) for value in listed))


def _zip(zipped: Values, wrong: list[str]) -> Axis:
    columns = {name: _listed(name, values, wrong) for name, values in zipped.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        wrong.append(f"what is zipped must have the same length: {told}")
    rows = list(zip(*columns.values(), strict=False))
    wrong.extend(f"{' · '.join(columns)} has {row!r} twice" for row in _repeated(rows))
    return Axis(tuple(columns), tuple(rows))


def _listed(name: str, values: Any, wrong: list[str]) -> list[Any]:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        wrong.append(f"{name} needs a list of values; pass a single value as {name}={values!r} beside the grid")
        return [values]
    listed = [plain(value) for value in itertools.islice(values, MOST_POINTS + 1)]
    if not listed:
        wrong.append(f"{name} has no values")
    return listed


def _repeated(values: list[Any]) -> list[Any]:
    """Return repeated values, except None: each open seed gets its own draw."""
    seen: list[Any] = []
    hashed: set[Any] = set()
    again: list[Any] = []
    for value in values:
        if value is None:
            continue
        try:
            known = (type(value) is bool, value) in hashed
            hashed.add((type(value) is bool, value))
        except TypeError:  # a list or an object
            known = value in seen
            seen.append(value)
        if known and value not in again:
            again.append(value)
    return again


def _twice(name: str, names: list[str], fixed: Mapping[str, Any]) -> bool:
    return names.count(name) + (name in fixed) > 1


def _refuse(what: str, wrong: list[str], space: Space | None = None) -> None:
    if not wrong:
        return
    told = "; ".join(wrong[:_LISTED])
    more = f"; and {len(wrong) - _LISTED:,} more" if len(wrong) > _LISTED else ""
    nothing = f" None of the {space.size()} was submitted." if space is not None else ""
    raise ParameterError(f"{what} can't be run like this: {told}{more}.{nothing}")
