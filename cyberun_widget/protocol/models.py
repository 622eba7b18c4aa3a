"""The responses of the REST API, as values. Pure. Source: the API page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.errors import ProtocolError
from cyberun_widget.protocol.events import TERMINAL
from cyberun_widget.protocol.fields import ERROR_MAX, FieldError, count, label, moment, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_NUMBER_MAX: Final = 1e300  # JSON integers have any size in Python and may overflow a float


@dataclass(frozen=True, slots=True)
class Task:
    """A task as returned by `GET /r/tasks/{id}`. Times are aware, in UTC; None if the server sent none."""

    id: str
    status: str
    error: str | None = None
    workflow_id: str = ""
    workflow_name: str = ""
    tool_type: str = ""
    gpu_type: str = ""
    agent_labels: tuple[str, ...] = ()
    retry_count: int = 0
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether the task has a verdict: completed, failed or cancelled."""
        return self.status in TERMINAL

    @classmethod
    def from_json(cls, data: Any, task_id: str | None = None) -> Task:
        """Parse a task. Raises ProtocolError if it has no id or status, or is a different task."""
        if not isinstance(data, dict):
            raise ProtocolError("Unexpected response: the task is not a JSON object.")
        named, status = _soft(label, data, "id"), _soft(label, data, "task_status")
        if not status:
            raise ProtocolError("Unexpected response: the task has no task_status.")
        if task_id is not None and named and named.lower() != task_id.lower():
            raise ProtocolError("Unexpected response: it is about another task.")
        if not named and task_id is None:
            raise ProtocolError("Unexpected response: a listed task has no id.")
        return cls(
            id=task_id or named,
            status=status,
            error=_soft(text, data, "task_error", ERROR_MAX) or None,
            workflow_id=_soft(label, data, "workflow_id"),
            workflow_name=_soft(label, data, "workflow_name") or _soft(label, data, "workflow_slug"),
            tool_type=_soft(label, data, "tool_type"),
            gpu_type=_soft(label, data, "gpu_type"),
            agent_labels=_labels(data.get("agent_labels")),
            retry_count=_count(data, "retry_count") or 0,
            created_at=moment(data, "created_at"),
            started_at=moment(data, "started_at"),
            completed_at=moment(data, "completed_at"),
            parameters=data["parameters"] if isinstance(data.get("parameters"), dict) else {},
            raw=data,
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a workflow. `type`: string, number, boolean, select or file."""

    key: str
    type: str = "string"
    label: str = ""
    description: str = ""
    required: bool = False
    default: Any = None
    min: float | None = None
    max: float | None = None
    options: tuple[Any, ...] = ()
    accept: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Parameter:
        """Parse a parameter's definition."""
        return cls(
            key=_soft(label, data, "key"),
            type=_soft(label, data, "type") or "string",
            label=_soft(label, data, "label"),
            description=_soft(text, data, "description"),
            required=data.get("required") is True,
            default=data.get("default"),
            min=_number(data.get("min")),
            max=_number(data.get("max")),
            options=tuple(data["options"]) if isinstance(data.get("options"), list) else (),
            accept=_soft(label, data, "accept"),
        )

    def option_values(self) -> tuple[Any, ...]:
        """Return the values of a select. An option may be a plain value or an object with a `value`."""
        return tuple(item.get("value") if isinstance(item, dict) else item for item in self.options)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow and its parameters. `task_timeout`: seconds, None if unknown. `version`: "" if unknown.

    `nodes`: for ComfyUI, node id -> displayed name of the graph's nodes.
    """

    id: str
    slug: str
    name: str
    description: str = ""
    tool_type: str = ""
    required_labels: tuple[str, ...] = ()
    task_timeout: float | None = None
    parameters: tuple[Parameter, ...] = ()
    nodes: Mapping[str, str] = field(default_factory=dict, repr=False)
    version: str = ""

    @classmethod
    def from_json(cls, data: Any) -> Workflow:
        """Parse a workflow. Raises ProtocolError if it has neither id nor slug."""
        if not isinstance(data, dict):
            raise ProtocolError("Unexpected response: the workflow is not a JSON object.")
        slug, name = _soft(label, data, "workflow_slug"), _soft(label, data, "display_name")
        number = _soft(label, data, "id") or _soft(label, data, "workflow_id")
        if not (slug or number):
            raise ProtocolError("Unexpected response: a workflow has neither id nor slug.")
        parameters = data.get("parameters")
        return cls(
            id=number,
            slug=slug,
            name=name or slug,
            description=_soft(text, data, "description"),
            tool_type=_soft(label, data, "tool_type"),
            required_labels=_labels(data.get("required_labels")),
            task_timeout=_number(data.get("task_timeout")),
            parameters=tuple(
                Parameter.from_json(item)
                for item in (parameters if isinstance(parameters, list) else ())
                if isinstance(item, dict)
            ),
            nodes=_nodes(data.get("workflow_json")),
            version=_soft(label, data, "version") or _soft(label, data, "workflow_version"),
        )


def _nodes(graph: Any) -> dict[str, str]:
    """Return node id -> name: the author's title, or else the class."""
    if not isinstance(graph, dict):
        return {}
    names = {}
    for node_id, node in graph.items():
        if isinstance(node, dict):
            meta = node.get("_meta")
            title = _soft(label, meta, "title") if isinstance(meta, dict) else ""
            names[str(node_id)] = title or _soft(label, node, "class_type")
    return {node_id: name for node_id, name in names.items() if name}


def _labels(value: Any) -> tuple[str, ...]:
    """Return labels from a list of strings, a comma-separated string, or an object of names and values."""
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, dict):
        value = [key if item in (True, "", None) else f"{key}={item}" for key, item in value.items()]
    if not isinstance(value, list):
        return ()
    names = (label({"name": item}, "name")[:80] for item in value if isinstance(item, str))
    return tuple(name for name in names if name)[:20]


def _soft(read: Any, data: Mapping[str, Any], name: str, *args: int) -> str:
    """Read an optional field: an invalid value counts as missing."""
    try:
        value: str = read(data, name, *args)
    except FieldError:
        return ""
    return value


def _count(data: Mapping[str, Any], name: str) -> int | None:
    try:
        return count(data, name)
    except FieldError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _NUMBER_MAX:
        return None
    return float(value)
