"""One column of a comparison: a task's card, a result or a single file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cyberun_widget.artifacts.model import Artifact, Artifacts
from cyberun_widget.artifacts.result import TaskResult
from cyberun_widget.artifacts.result_parts import STORAGE_KEYS
from cyberun_widget.card.widget import TaskWidget
from cyberun_widget.errors import ParameterError
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LABEL: int = 60  # characters
_DEPTH_MAX: int = 24  # levels of an output searched for storage keys


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `label`: the user's own label, or "". `name`: the name used without a label. `facts`: facts about the run itself.
    `ready`: whether all its files and values are available.
    """

    label: str
    name: str
    artifacts: Artifacts = field(default_factory=Artifacts)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    output: Any = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    ready: bool = True


def column(item: TaskWidget | TaskResult | Artifact) -> Column:
    """Return the current state of an item. Raises ParameterError for anything that can't be compared."""
    match item:
        case TaskWidget():
            return _of_card(item)
        case TaskResult():
            facts = {"status": item.status, "duration": span(item.elapsed), "error": item.error}
            return Column("", _id(item.task_id), item.artifacts, output=_values(item.output), facts=_known(facts))
        case Artifact():
            return Column("", clean(item.name, limit=_LABEL), Artifacts([item]))
    raise ParameterError(f"compare() takes tasks, results and artifacts, not {type(item).__name__}.")


def _of_card(card: TaskWidget) -> Column:
    session, shown = card._session, card._facts  # noqa: SLF001 - same package
    watch, run = session.watch, session.rerun.run
    given = run.parameters if run is not None else watch.state.parameters if watch is not None else {}
    facts = {
        "workflow": shown.get("title"),
        "status": card.status,
        "duration": span(card.elapsed),
        "gpu": shown.get("gpu"),
        "error": card.error,
    }
    return Column(
        label=clean(card.label, limit=_LABEL),
        name=_id(card.task_id),
        artifacts=card.artifacts,
        parameters={name: value if _is_json(value) else str(value) for name, value in given.items()},
        output=_values(card.output),
        facts=_known(facts),
        ready=session.outcome.done(),
    )


def labels(columns: Sequence[Column]) -> list[str]:
    """Return a unique name for each column: the user's own label, else the parameters in which the runs differ."""
    keys = dict.fromkeys(key for each in columns for key in each.parameters)
    differing = [key for key in keys if len({repr(each.parameters.get(key)) for each in columns}) > 1]
    names = [each.label or _told(each, differing) or each.name for each in columns]
    return [name if names.count(name) == 1 else f"{number + 1}: {name}" for number, name in enumerate(names)]


def _told(each: Column, keys: Sequence[str]) -> str:
    told = " · ".join(f"{key} {each.parameters[key]}" for key in keys if key in each.parameters)
    return clean(told, limit=_LABEL)


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _id(task_id: str) -> str:
    """Return the end of a task's id, which distinguishes it from others: a UUIDv7 starts with the time."""
    return f"…{task_id[-8:]}" if len(task_id) > 8 else task_id or "result"  # noqa: PLR2004 - shown and hidden alike


def _values(output: Any, depth: int = 0) -> Any:
    """Return an output without its files' storage keys: they differ in every run and say nothing about it."""
    if depth < _DEPTH_MAX and isinstance(output, dict):
        return {key: _values(item, depth + 1) for key, item in output.items() if key not in STORAGE_KEYS}
    if depth < _DEPTH_MAX and isinstance(output, list):
        return [_values(item, depth + 1) for item in output]
    return output


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, list, dict))
