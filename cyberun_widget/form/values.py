"""A form's values: initial values, validation errors, and the parameters to submit. Pure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberun_widget.errors import ParameterError
from cyberun_widget.form.field import seed_bounds
from cyberun_widget.protocol.validation import plain, problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cyberun_widget.form.field import Field
    from cyberun_widget.protocol.models import Workflow


def filled(fields: Sequence[Field], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each field, in field order: the given one, else the default; None for an empty field.

    A given value may be invalid: the form shows the error at its field. Raises ParameterError for an unknown name.
    """
    known = {field.key: field for field in fields}
    unknown = [name for name in given if name not in known]
    if unknown:
        names = ", ".join(known) or "none"
        raise ParameterError(f"The form has no field {', '.join(map(repr, unknown))}; it has {names}.")
    return {key: plain(given.get(key, field.default)) for key, field in known.items()}


def errors(workflow: Workflow, values: Mapping[str, Any]) -> dict[str, str]:
    """Return field -> error message for its value; empty if the form can be run."""
    return {key: f"{words[0].upper()}{words[1:]}." for key, words in problems(workflow, values).items()}


def submitted(
    fields: Sequence[Field], values: Mapping[str, Any], draw: Callable[[int, int], int], *, new_seeds: bool = False
) -> dict[str, Any]:
    """Return the parameters of a run: every value the form shows, so that the run matches the form.

    Empty fields are omitted, but an empty seed is drawn here: a run can only be repeated if its seed is known.
    `draw(low, high)`: returns an integer, both bounds inclusive. `new_seeds`: draw the other seeds again too.
    """
    parameters = {key: value for key, value in values.items() if value is not None}
    for field in fields:
        if field.control == "seed" and (new_seeds or field.key not in parameters):
            parameters[field.key] = draw(*seed_bounds(field))
    return parameters


def changed(fields: Sequence[Field], values: Mapping[str, Any]) -> list[str]:
    """Return the names of fields whose value isn't the default."""
    return [field.key for field in fields if values.get(field.key) != field.default]


def to_page(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as JSON for the page and the saved notebook. A file appears by name, never by path."""
    return {key: {"file": value.name} if isinstance(value, Path) else value for key, value in values.items()}
