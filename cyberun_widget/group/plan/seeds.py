"""Open seeds: drawn once for a whole sweep, recorded, and reused from then on. Pure except for `dice`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.group.plan.axes import Axis, Space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cyberun_widget.protocol.models import Parameter, Workflow

_OPEN: Final = (None, -1)  # -1 means "any" in ComfyUI and its front ends
_HIGHEST: Final = 2**32 - 1


def is_seed(parameter: Parameter) -> bool:
    """Whether a parameter is a seed: a number named seed, or ending in _seed."""
    return parameter.type in ("number", "integer") and (parameter.key == "seed" or parameter.key.endswith("_seed"))


def draw_seeds(
    workflow: Workflow, space: Space, drawn: Mapping[str, int], dice: Callable[[int, int], int]
) -> tuple[Space, dict[str, int]]:
    """Return the space with every open seed drawn, and all draws by name.

    A seed is open if it is None or -1, or if it isn't given and the workflow has no default for it. A fixed seed gets
    one draw for all points, so that they can be compared; a seed on an axis gets one draw per position.
    `drawn`: earlier draws, which are kept. `dice(low, high)`: returns an integer in [low, high].
    """
    draws = dict(drawn)
    fixed, axes = dict(space.fixed), list(space.axes)
    moving = {name for axis in axes for name in axis.names}
    for parameter in filter(is_seed, workflow.parameters):
        name = parameter.key
        if name in moving:
            axes = [_settled(axis, parameter, draws, dice) for axis in axes]
        elif fixed.get(name) in _OPEN and (name in fixed or parameter.default in _OPEN):
            fixed[name] = _draw(name, parameter, draws, dice, set())
    return Space(tuple(axes), fixed), draws


def _settled(axis: Axis, parameter: Parameter, draws: dict[str, int], dice: Callable[[int, int], int]) -> Axis:
    if parameter.key not in axis.names:
        return axis
    column = axis.names.index(parameter.key)
    given = {step[column] for step in axis.steps if step[column] not in _OPEN}
    steps = []
    for position, step in enumerate(axis.steps):
        value: Any = step[column]
        if value in _OPEN:
            value = _draw(f"{parameter.key}[{position}]", parameter, draws, dice, given)
            given.add(value)
        steps.append((*step[:column], value, *step[column + 1 :]))
    return Axis(axis.names, tuple(steps))


def _draw(
    name: str, parameter: Parameter, draws: dict[str, int], dice: Callable[[int, int], int], others: set[Any]
) -> int:
    if name not in draws:
        low = max(0, round(parameter.min or 0))
        high = _HIGHEST if parameter.max is None else max(low, min(_HIGHEST, int(parameter.max)))
        draws[name] = dice(low, high)
        while draws[name] in others and len(others) <= high - low:
            draws[name] = low if draws[name] >= high else draws[name] + 1
    return draws[name]
