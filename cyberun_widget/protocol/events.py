"""Parses a message of the stream into a typed event. Pure. Source: the API page's table of events.

Anything invalid raises `EventError`, whose text names the field and never quotes its value. The reader of the stream
counts the error, logs it for `diagnostics()`, and continues.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from cyberun_widget.protocol.fields import ERROR_MAX, FieldError, count, fraction, label, load_object, moment, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from cyberun_widget.protocol.sse import SSEMessage

TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})
"""The final statuses of a task."""


class EventError(ValueError):
    """A message that isn't a valid event of this task. `kind`: "malformed", "unknown" or "foreign"."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """The task's status changed, to one of the API's statuses or an unknown one."""

    type: ClassVar[str] = "status"
    task_id: str
    status: str
    timestamp: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """The task made progress. `progress`: of the whole task, in [0, 1]. Steps are None if the runtime reports none.

    `stage` and `message` are Nerfstudio's; `current_node` is the runtime's active node (a ComfyUI node id).
    """

    type: ClassVar[str] = "progress"
    task_id: str
    progress: float
    current_node: str = ""
    step_current: int | None = None
    step_total: int | None = None
    stage: str = ""
    message: str = ""
    timestamp: datetime | None = None


@dataclass(frozen=True, slots=True)
class CompletedEvent:
    """The task completed. `output`: the runtime's JSON object; not in the repr, since it may contain links."""

    type: ClassVar[str] = "completed"
    task_id: str
    output: Mapping[str, Any] | None = field(default=None, repr=False)
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """The task failed. `error`: the cause, as reported by the runtime."""

    type: ClassVar[str] = "failed"
    task_id: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class CancelledEvent:
    """The task was cancelled."""

    type: ClassVar[str] = "cancelled"
    task_id: str


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """The server couldn't read the task's state this time. The task may still be running."""

    type: ClassVar[str] = "error"
    task_id: str
    message: str = ""


Event: TypeAlias = StatusEvent | ProgressEvent | CompletedEvent | FailedEvent | CancelledEvent | ErrorEvent


def parse(message: SSEMessage, task_id: str) -> Event:
    """Return the event in a message of this task's stream.

    Raises EventError if the type is unknown, the event belongs to another task, or a field doesn't match the API page.
    A missing `task_id` means this task, whose stream it is. An unreadable timestamp counts as missing.
    """
    build = _BUILD.get(message.event)
    if build is None:
        raise EventError("unknown", "an event of a type that the API page doesn't name")
    try:
        data = load_object(message.data)
        named = "" if data.get("task_id") == task_id else text(data, "task_id")
    except FieldError as exc:
        raise EventError("malformed", f"{message.event}: {exc}") from None
    if named and named.lower() != task_id.lower():
        raise EventError("foreign", f"{message.event}: an event of another task")
    try:
        return build(task_id, data)
    except FieldError as exc:
        raise EventError("malformed", f"{message.event}: {exc}") from None


def _status(task_id: str, data: dict[str, Any]) -> StatusEvent:
    status = label(data, "status")
    if not status:
        raise FieldError("status is missing")
    return StatusEvent(task_id, status, moment(data, "timestamp"))


def _progress(task_id: str, data: dict[str, Any]) -> ProgressEvent:
    current, total = count(data, "step_current"), count(data, "step_total")
    if current is not None and total is not None and (total == 0 or current > total):
        current = total = None  # "step 30 of 20" makes no sense on the card; the rest of the event is valid
    return ProgressEvent(
        task_id=task_id,
        progress=fraction(data, "progress"),
        current_node=label(data, "current_node"),
        step_current=current,
        step_total=total,
        stage=label(data, "stage"),
        message=text(data, "message"),
        timestamp=moment(data, "timestamp"),
    )


def _completed(task_id: str, data: dict[str, Any]) -> CompletedEvent:
    output = data.get("output")
    if output is not None and not isinstance(output, dict):
        output = {"value": output}  # a verdict must not be lost because its output has an unexpected shape
    return CompletedEvent(task_id, output, moment(data, "completed_at"))


def _failed(task_id: str, data: dict[str, Any]) -> FailedEvent:
    error = data.get("error")
    if isinstance(error, dict):  # likewise
        error = error.get("message")
    return FailedEvent(task_id, text({"error": error if isinstance(error, str) else ""}, "error", ERROR_MAX))


def _cancelled(task_id: str, _data: dict[str, Any]) -> CancelledEvent:
    return CancelledEvent(task_id)


def _error(task_id: str, data: dict[str, Any]) -> ErrorEvent:
    return ErrorEvent(task_id, text(data, "message"))


_BUILD: Final[dict[str, Callable[[str, dict[str, Any]], Event]]] = {
    "status": _status,
    "progress": _progress,
    "completed": _completed,
    "failed": _failed,
    "cancelled": _cancelled,
    "error": _error,
}
