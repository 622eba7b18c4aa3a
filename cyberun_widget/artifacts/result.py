"""The outcome of a task: its result, and the errors that carry it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cyberun_widget.artifacts.model import Artifacts
from cyberun_widget.errors import CyberunError
from cyberun_widget.protocol.fields import cause
from cyberun_widget.support.units import many, span


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The result of a task that has ended.

    `status`: the final status. `output`: as the API gave it, with signatures removed from links. `error`: of a failed
    task.
    `elapsed`: seconds from its creation to its end.
    """

    status: str
    output: Any = None
    artifacts: Artifacts = field(default_factory=Artifacts)
    error: str | None = None
    elapsed: float = 0.0
    task_id: str = ""

    def __repr__(self) -> str:
        told = f", error={self.error!r}" if self.error else ""
        return (
            f"<TaskResult {self.task_id} {self.status} after {span(self.elapsed)}, "
            f"{many(len(self.artifacts), 'artifact')}{told}>"
        )


class _VerdictError(CyberunError):
    def __init__(self, message: str, result: TaskResult | None = None) -> None:
        super().__init__(message)
        self.result = result


class TaskFailed(_VerdictError):  # noqa: N818 - public name
    """The task failed. `result`: everything known about it, including the error and any partial artifacts."""


class TaskCancelled(_VerdictError):  # noqa: N818 - public name
    """The task was cancelled. `result`: everything known about it."""


def verdict_error(result: TaskResult) -> TaskFailed | TaskCancelled | None:
    """Return the error that waiting for this task raises, None if the task completed."""
    if result.status == "failed":
        return TaskFailed(f"Task {result.task_id} failed: {cause(result.error or '')}", result)
    if result.status == "cancelled":
        return TaskCancelled(f"Task {result.task_id} was cancelled.", result)
    return None
