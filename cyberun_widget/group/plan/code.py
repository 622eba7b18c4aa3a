"""Python code that repeats one point's run, or the whole sweep. Pure."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.render.source import call, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cyberun_widget.group.plan.axes import Space

_SERIES: Final = 4  # consecutive integers from which `range` reads better than a list


def point_code(slug: str, parameters: Mapping[str, Any]) -> str:
    """Return the call that runs one point again, as a separate task."""
    return _cell(call("client.run", slug, parameters), parameters.values())


def sweep_code(
    slug: str, space: Space, name: str | None, extensions: Sequence[Mapping[str, Sequence[Any]]] = ()
) -> str:
    """Return the call that made the sweep, and the calls that extended it.

    `slug`, `space`: as the user gave them, so that the ledger finds the sweep and nothing runs twice.
    """
    grid = {axis.names[0]: _series([step[0] for step in axis.steps]) for axis in space.axes if len(axis.names) == 1}
    zipped = {
        key: literal([step[column] for step in axis.steps])
        for axis in space.axes
        if len(axis.names) > 1
        for column, key in enumerate(axis.names)
    }
    lines = [literal(slug)]
    if grid:
        lines.append(f"grid={_mapping(grid)}")
    if zipped:
        lines.append(f"zip={_mapping(zipped)}")
    if name is not None:
        lines.append(f"name={literal(name)}")
    fixed = {key: value for key, value in space.fixed.items() if value is not None}
    lines += [f"{key}={literal(value)}" for key, value in fixed.items() if key.isidentifier()]
    text = "group = client.map(\n" + "".join(f"    {line},\n" for line in lines) + ")\n"
    for more in extensions:
        text += f"group.extend(grid={_mapping({key: _series(list(values)) for key, values in more.items()})})\n"
    text += "group"
    values = [value for axis in space.axes for step in axis.steps for value in step]
    return _cell(text, [*values, *fixed.values()])


def group_code(task_ids: Sequence[str]) -> str:
    """Return the call that attaches to these tasks on any machine."""
    return "\n".join(["from cyberun_widget import TaskGroup", "", f"TaskGroup({literal(list(task_ids))})"])


def _series(values: Sequence[Any]) -> str:
    """Return values as a list, or as a range where they form one."""
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    if whole and len(values) >= _SERIES:
        first, step = values[0], values[1] - values[0]
        if step and list(values) == list(range(first, first + step * len(values), step)):
            stop = first + step * len(values)
            if step != 1:
                return f"range({first}, {stop}, {step})"
            return f"range({first}, {stop})" if first else f"range({stop})"
    return literal(list(values))


def _mapping(items: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{literal(key)}: {text}" for key, text in items.items()) + "}"


def _cell(text: str, values: Iterable[Any]) -> str:
    paths = any(isinstance(value, PurePath) for value in values)
    imports = ["from pathlib import Path", ""] if paths else []
    return "\n".join([*imports, "from cyberun_widget import Client", "", "client = Client()", text])
