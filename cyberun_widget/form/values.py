"""A form's values: where they begin, what is wrong with them, and what is submitted. Pure."""

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
    """Return a value for each field, in their order: the given one, else the default, None for an empty field.

    A given value may be wrong: the form says so at its field. Raises ParameterError for a name that has no field.
    """
    known = {field.key: field for field in fields}
    unknown = [name for name in given if name not in known]
    if unknown:
        names = ", ".join(known) or "none"
        raise ParameterError(f"The form has no field {', '.join(map(repr, unknown))}; it has {names}.")
    return {key: plain(given.get(key, field.default)) for key, field in known.items()}


def errors(workflow: Workflow, values: Mapping[str, Any]) -> dict[str, str]:
    """Return field -> a sentence that says what is wrong with its value; empty where the form can be run."""
    return {key: f"{words[0].upper()}{words[1:]}." for key, words in problems(workflow, values).items()}


def submitted(
    fields: Sequence[Field], values: Mapping[str, Any], draw: Callable[[int, int], int], *, new_seeds: bool = False
) -> dict[str, Any]:
    """Return the parameters of a run: every value that the form shows, so that the run is what was seen.

    Empty fields are left to the service, but an empty seed is drawn here: a run can be repeated only if its seed is
    known. `draw(low, high)`: a whole number, both bounds inclusive. `new_seeds`: draw the other seeds too.
    """
    parameters = {key: value for key, value in values.items() if value is not None}
    for field in fields:
        if field.control == "seed" and (new_seeds or field.key not in parameters):
            parameters[field.key] = draw(*seed_bounds(field))
    return parameters


def changed(fields: Sequence[Field], values: Mapping[str, Any]) -> list[str]:
    """Return the fields whose value isn't the default."""
    return [field.key for field in fields if values.get(field.key) != field.default]


def to_page(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as JSON for the page and the saved notebook: of a file its name, never its path."""
    return {key: {"file": value.name} if isinstance(value, Path) else value for key, value in values.items()}
