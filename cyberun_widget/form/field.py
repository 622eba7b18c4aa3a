"""Maps a workflow parameter to a form field. Pure. Source: the API page, "Workflows"."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from cyberun_widget.protocol.models import Parameter

Control: TypeAlias = Literal["text", "number", "integer", "seed", "boolean", "select", "file", "other"]

SEED_MAX: Final = 2**32 - 1
"""The largest seed drawn when a workflow sets no bound; every runtime accepts it."""
_LONG_TEXT: Final = ("prompt", "text", "caption", "description")
_SLIDER_STEPS: Final = 100  # minimum number of positions on a slider over a real interval
_SLIDER_SPAN: Final = 100_000  # most whole numbers a slider can select precisely


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    `control`: "other" is a type this version doesn't know, entered as text. `minimum`, `maximum`, `step`: for numbers;
    None means no bound (for `step`: any value). `slider`: whether a slider can reach every step. `options`: the values
    of a select, each with its label. `multiline`: whether the text may have more than one line.
    """

    key: str
    control: Control
    type: str
    label: str
    help: str = ""
    required: bool = False
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    slider: bool = False
    options: tuple[tuple[Any, str], ...] = ()
    accept: str = ""
    multiline: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the field as JSON for the page."""
        return asdict(self)


def field(parameter: Parameter) -> Field:
    """Return the form field for a parameter."""
    control = _control(parameter)
    step = _step(parameter, control)
    bounded = parameter.min is not None and parameter.max is not None and parameter.max > parameter.min
    span = (parameter.max or 0.0) - (parameter.min or 0.0)
    whole = control == "integer" and span > _SLIDER_SPAN
    return Field(
        key=parameter.key,
        control=control,
        type=parameter.type,
        label=parameter.label or parameter.key.replace("_", " ").strip().capitalize() or parameter.key,
        help=parameter.description,
        required=parameter.required,
        default=parameter.default,
        minimum=parameter.min,
        maximum=parameter.max,
        step=step,
        slider=bounded and control in ("number", "integer") and not whole,
        options=tuple(_option(item) for item in parameter.options),
        accept=parameter.accept,
        multiline=control == "text" and any(word in parameter.key.lower() for word in _LONG_TEXT),
    )


def seed_bounds(parameter: Field) -> tuple[int, int]:
    """Return the smallest and largest seed to draw for a field, both inclusive."""
    low = 0 if parameter.minimum is None else math.ceil(parameter.minimum)
    high = max(low, SEED_MAX) if parameter.maximum is None else math.floor(parameter.maximum)
    return low, max(low, high)


def _control(parameter: Parameter) -> Control:  # noqa: PLR0911 - one per type
    match parameter.type:
        case "string":
            return "text"
        case "boolean":
            return "boolean"
        case "select":
            return "select"
        case "file":
            return "file"
        case "integer":
            return "seed" if _is_seed(parameter) else "integer"
        case "number":
            if _is_seed(parameter):
                return "seed"
            return "integer" if _is_whole(parameter) else "number"
        case _:
            return "other"


def _is_seed(parameter: Parameter) -> bool:
    words = parameter.key.lower().replace("-", "_").split("_")
    return "seed" in words or parameter.label.strip().lower() == "seed"


def _is_whole(parameter: Parameter) -> bool:
    """Whether bounds and default are integers. A default of 1.0 isn't: it is a weight, not a count."""
    default = parameter.default
    if isinstance(default, bool) or not (default is None or isinstance(default, int)):
        return False
    bounds = [bound for bound in (parameter.min, parameter.max) if bound is not None]
    return (default is not None or bool(bounds)) and all(bound.is_integer() for bound in bounds)


def _step(parameter: Parameter, control: Control) -> float | None:
    """Return the distance between neighbouring values: 1 for integers, else a power of ten; None without bounds."""
    if control in ("integer", "seed"):
        return 1
    if control != "number" or parameter.min is None or parameter.max is None or parameter.max <= parameter.min:
        return None
    step = 10.0 ** math.floor(math.log10((parameter.max - parameter.min) / _SLIDER_STEPS))
    default = parameter.default
    if isinstance(default, float) and math.isfinite(default):  # the slider must be able to reach the default
        for _ in range(6):
            places = (default - parameter.min) / step
            if abs(places - round(places)) < 1e-6:  # noqa: PLR2004 - the rounding of binary fractions
                break
            step /= 10
    return float(f"{step:.0e}")


def _option(option: Any) -> tuple[Any, str]:
    if isinstance(option, dict):
        value = option.get("value")
        return value, str(option.get("label") or value)
    return option, str(option)
