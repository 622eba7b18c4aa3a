"""A workflow's parameters: their definitions in the API's format, and validation of values. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_NAME_MAX: Final = 80  # maximum characters of an unknown parameter's name in its message


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter.

    `type`: one of the API page's five, `string`, `number`, `boolean`, `select` and `file`; `integer`, which one of its
    pages uses for a seed; or the undocumented `color` (`#rrggbb`), since clients must handle unknown types.
    `whole`: whether a number must be an integer.
    `node_id`, `target`: a node of the graph and its field; without a node, a dotted path in the tool's configuration.
    """

    key: str
    type: str
    label: str
    description: str = ""
    default: Any = None
    required: bool = False
    min: float | None = None
    max: float | None = None
    whole: bool = False
    options: tuple[str, ...] = ()
    accept: str = ""
    node_id: str = ""
    target: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the definition in the API's format."""
        data: dict[str, Any] = {
            "key": self.key,
            "type": self.type,
            "label": self.label,
            "description": self.description,
            "required": self.required,
            "default": self.default,
        }
        if self.min is not None:
            data["min"] = self.min
        if self.max is not None:
            data["max"] = self.max
        if self.type == "select":
            data["options"] = list(self.options)
        if self.type == "file":
            data["accept"] = self.accept
        return data | (
            {"node_id": self.node_id, "field": self.target} if self.node_id else {"target_path": self.target}
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """The error message for one value."""

    key: str
    message: str


def check(
    definitions: Iterable[Parameter], given: Mapping[str, Any], has_file: Callable[[str], bool]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return the values with defaults filled in, and all problems with them.

    `has_file`: whether an uploaded file has this key.
    """
    known = {item.key: item for item in definitions}
    values: dict[str, Any] = {}
    problems = [
        Problem(str(key)[:_NAME_MAX], f"unknown parameter; this workflow has {', '.join(known) or 'none'}")
        for key in given
        if key not in known
    ]
    for key, item in known.items():
        value = given.get(key)
        if value is None:
            if item.required:
                problems.append(Problem(key, "required, but not given"))
            values[key] = item.default
            continue
        words = _wrong(item, value, has_file)
        if words:
            problems.append(Problem(key, words))
        whole = item.whole or item.type == "integer"
        values[key] = int(value) if whole and not words else value
    return values, tuple(problems)


def _wrong(item: Parameter, value: Any, has_file: Callable[[str], bool]) -> str:
    """Return why a value is invalid, "" if it is valid."""
    match item.type:
        case "number" | "integer":
            return _wrong_number(item, value)
        case "boolean":
            return "" if isinstance(value, bool) else "must be true or false"
        case "select":
            return "" if value in item.options else f"must be one of {', '.join(item.options)}"
        case "color":
            return "" if isinstance(value, str) and _COLOR.fullmatch(value) else "must be a colour such as #3fb8a3"
        case "file":
            known = isinstance(value, str) and has_file(value)
            return "" if known else "must be the file_key of an uploaded file (input files are removed after a day)"
        case _:
            return "" if isinstance(value, str) else "must be a text"


def _wrong_number(item: Parameter, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "must be a number"
    try:
        number = float(value)
    except OverflowError:  # an integer too large for a float
        number = math.inf if value > 0 else -math.inf
    if not math.isfinite(number):
        return "must be a finite number"
    if (item.whole or item.type == "integer") and number != int(number):
        return "must be a whole number"
    if item.min is not None and number < item.min:
        return f"{number:g} is below the minimum {item.min:g}"
    if item.max is not None and number > item.max:
        return f"{number:g} is above the maximum {item.max:g}"
    return ""
