"""A workflow's parameters: their definitions as the API gives them, and the check of what a caller sends. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `type`: string, number, boolean, select or file; `whole`: a number without a fraction.

    `target`: where it goes, `"5.steps"` (node and field) for a graph, a dotted path for other tools.
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
        """Return the definition as the API writes it."""
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
        data |= {"node_id": self.node_id, "field": self.target} if self.node_id else {"target_path": self.target}
        return data


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value, in words."""

    key: str
    message: str


def check(
    definitions: Iterable[Parameter], given: Mapping[str, Any], has_file: Callable[[str], bool]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return the values with defaults filled in, and the problems found (none when all is well)."""
    known = {item.key: item for item in definitions}
    values: dict[str, Any] = {}
    problems = [
        Problem(str(key)[:80], f"unknown parameter; this workflow has {', '.join(known) or 'none'}")
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
        values[key] = int(value) if item.whole and not words else value
    return values, tuple(problems)


def _wrong(item: Parameter, value: Any, has_file: Callable[[str], bool]) -> str:
    match item.type:
        case "number":
            return _wrong_number(item, value)
        case "boolean":
            return "" if isinstance(value, bool) else "must be true or false"
        case "select":
            return "" if value in item.options else f"must be one of {', '.join(item.options)}"
        case "file":
            if isinstance(value, str) and has_file(value):
                return ""
            return "must be the file_key of an uploaded file (input files are removed after a day)"
        case _:
            return "" if isinstance(value, str) else "must be a text"


def _wrong_number(item: Parameter, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return "must be a number"
    if item.whole and value != int(value):
        return "must be a whole number"
    if item.min is not None and value < item.min:
        return f"{value:g} is below the minimum {item.min:g}"
    if item.max is not None and value > item.max:
        return f"{value:g} is above the maximum {item.max:g}"
    return ""
