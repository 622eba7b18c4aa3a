"""The state of one task, and how events and answers change it. Pure: `now` is an argument.

`now` is a monotonic clock in seconds. `reconcile` compares the server's timestamps with the server's own clock, so
durations are right even if the notebook machine's clock is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypedDict

from cyberun_widget.protocol.eta import Pace
from cyberun_widget.protocol.events import (
    TERMINAL,
    CancelledEvent,
    CompletedEvent,
    ErrorEvent,
    Event,
    FailedEvent,
    ProgressEvent,
    StatusEvent,
)
from cyberun_widget.protocol.stages import Stage, begin_stage, end_stages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Unpack

    from cyberun_widget.protocol.models import Task

BEFORE_RUNNING: Final = ("pending", "waiting", "provisioning", "queued")
"""The API's statuses of a task that hasn't started running."""

NO_REASON: Final = "No error message was returned."
"""The error of a task that failed without one."""

_SETTLED: Final = 10.0  # seconds after the stream's last event from which an answer of `GET task` can't be outdated


@dataclass(frozen=True, slots=True)
class TaskState:
    """The state of one task, as far as known.

    `progress`: [0, 1], the last valid value; decreases only if the task starts over. `attempt`: counts those starts,
    from 1. `elapsed`: seconds from the task's creation to the last update; once it has ended, its duration by the
    server's timestamps. `waited`: seconds before it started running, None if it hasn't or that wasn't observed.
    `stages`: Nerfstudio's, in order; empty for ComfyUI.
    """

    task_id: str
    status: str = "unknown"
    progress: float = 0.0
    stage: str = ""
    message: str = ""
    current_node: str = ""
    step_current: int | None = None
    step_total: int | None = None
    error: str | None = None
    output: Mapping[str, Any] | None = None
    note: str = ""
    tool_type: str = ""
    gpu_type: str = ""
    workflow_id: str = ""
    workflow_name: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    agent_labels: tuple[str, ...] = ()
    retry_count: int = 0
    attempt: int = 1
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    waited: float | None = None
    elapsed: float = 0.0
    stages: tuple[Stage, ...] = ()
    pace: Pace = field(default_factory=Pace)
    epoch: float | None = None  # the value of `now` at which the task was created
    heard_at: float | None = None  # the value of `now` at the stream's last event with a status or progress

    @property
    def ended(self) -> bool:
        """Whether the task has a verdict. Events no longer change the state then."""
        return self.status in TERMINAL

    def elapsed_at(self, now: float) -> float:
        """Return the seconds from the task's creation to `now`, or to its end."""
        if self.ended or self.epoch is None:
            return self.elapsed
        return max(self.elapsed, now - self.epoch)

    def ran_at(self, now: float) -> float | None:
        """Return the seconds that the task has been running, or ran, without waiting. None if unknown."""
        ran = _span(self.started_at, self.completed_at) if self.ended else None
        if ran is None and self.waited is not None:
            ran = max(0.0, self.elapsed_at(now) - self.waited)
        return ran

    def eta_at(self, now: float) -> float | None:
        """Return the estimated seconds left, None if unknown."""
        return None if self.status != "running" else self.pace.eta(self.progress, now)

    def speed_at(self, now: float) -> float | None:
        """Return the steps per second, None if the runtime reports no steps or they have stalled."""
        return None if self.status != "running" else self.pace.speed(now)


def apply(state: TaskState, event: Event, now: float) -> TaskState:  # noqa: PLR0911 - one return per kind of event
    """Return the state after an event of the stream. A state with a verdict is returned unchanged."""
    if state.ended:
        return state
    match event:
        case ProgressEvent():
            return _with_progress(state, event, now)
        case StatusEvent(status=status):
            return _with_status(_tick(replace(state, heard_at=now), now), status, now)
        case CompletedEvent(output=output, completed_at=completed_at):
            return finish(state, "completed", now, output=output, completed_at=completed_at)
        case FailedEvent(error=error):
            return finish(state, "failed", now, error=error)
        case CancelledEvent():
            return finish(state, "cancelled", now)
        case ErrorEvent(message=message):
            words = message or "The server could not read the task's status this time."
            return _tick(replace(state, note=words), now)


def reconcile(
    state: TaskState, task: Task, now: float, server_now: datetime | None, asked_at: float | None = None
) -> TaskState:
    """Return the state after an answer of `GET /r/tasks/{id}`, or the task's row in a list.

    `server_now`: the server's time, None if it sent none. `asked_at`: the value of `now` when the request was sent.
    A task that has ended gets its verdict. An answer that may be older than the stream's latest event doesn't make a
    running task start over, unless it has a higher `retry_count`, a later start, or was requested after the stream had
    been silent for a while.
    """
    if state.ended:
        return state
    epoch, waited = state.epoch, state.waited
    if task.created_at and server_now:
        # Keep the earliest epoch: the server's clock has whole seconds, and elapsed time must not decrease.
        since = now - max(0.0, (server_now - task.created_at).total_seconds())
        epoch = since if epoch is None else min(epoch, since)
    if task.created_at and task.started_at:
        waited = max(0.0, (task.started_at - task.created_at).total_seconds())
    restarted = bool(task.started_at and state.started_at and task.started_at > state.started_at)
    known = replace(
        state,
        epoch=epoch,
        waited=waited,
        tool_type=task.tool_type or state.tool_type,
        gpu_type=task.gpu_type or state.gpu_type,
        workflow_id=task.workflow_id or state.workflow_id,
        workflow_name=task.workflow_name or state.workflow_name,
        parameters=task.parameters or state.parameters,
        agent_labels=task.agent_labels or state.agent_labels,
        created_at=task.created_at or state.created_at,
        started_at=task.started_at or state.started_at,
        completed_at=task.completed_at if task.ended else None,
        note="",
    )
    if task.retry_count > state.retry_count:
        # If the stream has already reported this start, the progress since then belongs to the new attempt.
        again = state.status not in ("unknown", *BEFORE_RUNNING) and state.attempt <= task.retry_count
        known = _restarted(known) if again else known
        attempt, status = max(known.attempt, task.retry_count + 1), known.status if task.ended else task.status
        known = replace(known, retry_count=task.retry_count, attempt=attempt, status=status)
    elif task.status in BEFORE_RUNNING and state.status == "running":
        heard, asked = state.heard_at, now if asked_at is None else asked_at
        if not restarted and heard is not None and asked - heard < _SETTLED:
            return _tick(known, now)
    if task.ended:
        return finish(known, task.status, now, error=task.error, completed_at=task.completed_at)
    return _with_status(_tick(known, now), task.status, now)


class Verdict(TypedDict, total=False):
    """Optional details of a verdict."""

    error: str | None
    output: Mapping[str, Any] | None
    completed_at: datetime | None


def finish(state: TaskState, status: str, now: float, **verdict: Unpack[Verdict]) -> TaskState:
    """Return the state with its verdict. `status`: completed, failed or cancelled. A verdict is final.

    If the task had already ended when first seen, its duration comes from the server's timestamps, not from `now`.
    """
    if state.ended:
        return state
    known = state if state.status == "unknown" else _tick(state, now)
    return settle(known, status, now, **verdict)


def settle(state: TaskState, status: str, now: float, **verdict: Unpack[Verdict]) -> TaskState:
    """Return the state with the result's values, which override an earlier verdict."""
    error, output = verdict.get("error"), verdict.get("output")
    ended_at = verdict.get("completed_at") or state.completed_at
    length = _span(state.created_at, ended_at)
    stages = state.stages
    if status == "completed" and not stages and state.tool_type == "nerfstudio":
        stages = begin_stage((), "", now, None)
    return replace(
        state,
        status=status,
        progress=1.0 if status == "completed" else state.progress,
        error=(error or state.error or NO_REASON) if status == "failed" else None,
        output=output if output is not None else state.output,
        completed_at=ended_at,
        elapsed=state.elapsed if length is None else length,
        stages=end_stages(stages, status, now),
        note="",
    )


def _span(begin: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds between two of the server's timestamps, None if one is missing or they are out of order."""
    seconds = (end - begin).total_seconds() if begin and end else -1.0
    return seconds if seconds >= 0 else None


def _tick(state: TaskState, now: float) -> TaskState:
    if state.epoch is None:
        return replace(state, epoch=now)
    elapsed = now - state.epoch
    return replace(state, elapsed=elapsed) if elapsed > state.elapsed else state


def _with_status(state: TaskState, status: str, now: float) -> TaskState:
    if status in TERMINAL:
        return finish(state, status, now)
    if status == state.status:
        return state
    if status in BEFORE_RUNNING and state.status == "running":
        state = replace(_restarted(state), attempt=state.attempt + 1)
    waited = state.waited
    if status == "running" and waited is None and state.status in BEFORE_RUNNING:
        waited = state.elapsed
    return replace(state, status=status, waited=waited, note="")


def _restarted(state: TaskState) -> TaskState:
    """Return the state of a task that has started over: a new attempt without progress."""
    return replace(
        state,
        progress=0.0,
        stage="",
        message="",
        current_node="",
        step_current=None,
        step_total=None,
        stages=(),
        pace=Pace(),
        waited=None,
    )


def _with_progress(state: TaskState, event: ProgressEvent, now: float) -> TaskState:
    epoch = now if state.epoch is None else state.epoch
    elapsed = max(state.elapsed, now - epoch)
    # Progress implies that the task is running, even if the status event was missed.
    status = "running" if state.status in ("unknown", *BEFORE_RUNNING) else state.status
    progress = max(state.progress, event.progress)
    stages, stage = state.stages, state.stage
    if event.stage:
        first_at = state.epoch + state.waited if state.epoch is not None and state.waited is not None else None
        stages = begin_stage(stages, event.stage, now, first_at)
        stage = event.stage
        if event.step_current is not None and event.step_total:
            stages = tuple(
                replace(item, progress=event.step_current / event.step_total) if item.name == stage else item
                for item in stages
            )
    waited = state.waited
    if waited is None and state.status in BEFORE_RUNNING:
        waited = elapsed
    return replace(
        state,
        status=status,
        epoch=epoch,
        elapsed=elapsed,
        heard_at=now,
        waited=waited,
        progress=progress,
        stage=stage,
        stages=stages,
        message=event.message,
        current_node=event.current_node,
        step_current=event.step_current,
        step_total=event.step_total,
        pace=state.pace.add(progress, event.step_current, (stage, event.current_node, event.step_total), now),
        note="",
    )
