"""Validates a workflow's parameters, before a run costs anything. Pure."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberun_widget.protocol.models import Parameter, Workflow


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def check(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as JSON values. Files remain paths.

    Raises ParameterError, which lists all problems: unknown and missing names, wrong types, values out of range,
    options that a select doesn't have.
    """
    found = problems(workflow, given)
    if found:
        listed = "; ".join(f"{name} {words}" if name in _keys(workflow) else words for name, words in found.items())
        raise ParameterError(f"{workflow.slug or workflow.id} can't be run like this: {listed}.")
    return {key: plain(given[key]) for key in _keys(workflow) if given.get(key) is not None}


def problems(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, str]:
    """Return parameter -> problem with its value, in the workflow's order. Empty if all values are valid.

    A problem is worded to follow the parameter's name ("must be at least 1, not 0"). For a name that the workflow
    doesn't have, it is a complete clause.
    """
    known = {item.key: item for item in workflow.parameters}
    found = {name: _unknown(name, known) for name in given if name not in known}
    for key, definition in known.items():
        if given.get(key) is None:
            if definition.required and definition.default is None:
                found[key] = f"is required{_about(definition)}"
        elif (words := problem(definition, plain(given[key]))) is not None:
            found[key] = words
    return found


def _keys(workflow: Workflow) -> dict[str, None]:
    return dict.fromkeys(item.key for item in workflow.parameters)


def plain(value: Any) -> Any:
    """Return a NumPy scalar, or anything else with `item()`, as the equivalent Python value."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)) and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def _unknown(name: str, known: Mapping[str, Parameter]) -> str:
    import difflib  # noqa: PLC0415 - needed only for unknown names

    close = difflib.get_close_matches(name, known, n=1)
    guess = f" (did you mean {close[0]}?)" if close else ""
    return f"it has no parameter {name!r}{guess}; it takes {', '.join(known) or 'none'}"


def _about(definition: Parameter) -> str:
    words = definition.label or definition.description
    return f" ({words})" if words else ""


def problem(definition: Parameter, value: Any) -> str | None:  # noqa: PLR0911 - one return per type
    """Return the problem with a value, None if it is valid. It is worded to follow the parameter's name."""
    match definition.type:
        case "integer":
            words = _number_problem(definition, value)
            return words or (None if float(value).is_integer() else f"must be a whole number, not {value:g}")
        case "number":
            return _number_problem(definition, value)
        case "boolean":
            return None if isinstance(value, bool) else f"must be True or False, not {_kind(value)}"
        case "select":
            options = definition.option_values()
            shown = ", ".join(repr(item) for item in options)
            return None if value in options else f"must be one of {shown}, not {_shown(value)}"
        case "file":
            if isinstance(value, Path) and not value.is_file():
                return f"is not a file: {value}"
            return None if isinstance(value, (str, Path)) else f"must be a path or a file key, not {_kind(value)}"
        case "string":
            if not isinstance(value, str):
                return f"must be a string, not {_kind(value)}"
            return (
                None if _SURROGATE.search(value) is None else "contains an unpaired surrogate, which isn't valid text"
            )
        case _:
            return None  # an unknown type: left to the service


def _number_problem(definition: Parameter, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"must be a number, not {_kind(value)}"
    try:
        finite = math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return "must be a number between -1e308 and 1e308"
    if not finite:
        return "must be a finite number"
    if definition.min is not None and value < definition.min:
        return f"must be at least {definition.min:g}, not {value:g}"
    if definition.max is not None and value > definition.max:
        return f"must be at most {definition.max:g}, not {value:g}"
    return None


def _kind(value: Any) -> str:
    return f"{type(value).__name__} {_shown(value)}"


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer with more digits than Python converts
        text = "a very large number"
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - enough to recognize it
