"""A workflow's parameters, checked before anything is paid for. Pure."""

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
    """Return the parameters as JSON values; files stay paths.

    Raises ParameterError that names every problem at once: unknown names, missing ones, wrong types, values out of
    bounds, options that a select doesn't have.
    """
    found = problems(workflow, given)
    if found:
        listed = "; ".join(f"{name} {words}" if name in _keys(workflow) else words for name, words in found.items())
        raise ParameterError(f"{workflow.slug or workflow.id} can't be run like this: {listed}.")
    return {key: plain(given[key]) for key in _keys(workflow) if given.get(key) is not None}


def problems(workflow: Workflow, given: Mapping[str, Any]) -> dict[str, str]:
    """Return parameter -> what is wrong with its value, in the order of the workflow; empty where all is sound.

    The words go on from the parameter's name ("must be at least 1, not 0"). A name that the workflow doesn't have is a
    key too, its words a whole sentence.
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
    """Return a NumPy scalar, or anything else with `item()`, as the Python number it stands for."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)) and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def _unknown(name: str, known: Mapping[str, Parameter]) -> str:
    import difflib  # noqa: PLC0415 - only for a name that is wrong

    close = difflib.get_close_matches(name, known, n=1)
    guess = f" (did you mean {close[0]}?)" if close else ""
    return f"it has no parameter {name!r}{guess}; it takes {', '.join(known) or 'none'}"


def _about(definition: Parameter) -> str:
    words = definition.label or definition.description
    return f" ({words})" if words else ""


def problem(definition: Parameter, value: Any) -> str | None:  # noqa: PLR0911 - one a type
    """Return what is wrong with a value, None where it is sound. The words go on from the parameter's name."""
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
                None if _SURROGATE.search(value) is None else "holds half of a surrogate pair, which no text can carry"
            )
        case _:
            return None  # a type that is new to us: the service knows


def _number_problem(definition: Parameter, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"must be a number, not {_kind(value)}"
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return "must be a number below 1e308 in size"
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
    except ValueError:  # a whole number of more digits than Python writes
        text = "a very large number"
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - enough to know it again
