"""What is known of one task, and how each piece of news changes it. Pure: `now` is always passed in.

`now` is a monotonic clock in seconds. The server's own times come in through `reconcile`, which compares them with
the server's own clock, so that a notebook machine whose clock is wrong still shows the right durations.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

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

    from cyberun_widget.protocol.models import Task

BEFORE_RUNNING: Final = ("pending", "waiting", "provisioning", "queued")
"""The API's statuses of a task that hasn't begun."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task as it is known now.

    `progress`: [0, 1], the last valid value, stepping back only when the task itself starts over (`attempt` counts
    those, from 1). `elapsed`: seconds since the task was created, up to the last news of it. `waited`: seconds before
    it ran, None while it hasn't or if that wasn't seen. `stages`: Nerfstudio's, in order; empty for ComfyUI.
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

    @property
    def ended(self) -> bool:
        """Whether the verdict is in. Nothing changes a state that has ended."""
        return self.status in TERMINAL

    def elapsed_at(self, now: float) -> float:
        """Return the seconds since the task was created, frozen once it has ended. Never less than `elapsed`."""
        if self.ended or self.epoch is None:
            return self.elapsed
        return max(self.elapsed, now - self.epoch)

    def eta_at(self, now: float) -> float | None:
        """Return the seconds that are probably left, None where nobody can know."""
        return None if self.status != "running" else self.pace.eta(self.progress, now)

    def speed_at(self, now: float) -> float | None:
        """Return steps per second, None where the runtime reports no steps or they stand still."""
        return None if self.status != "running" else self.pace.speed(now)


def apply(state: TaskState, event: Event, now: float) -> TaskState:  # noqa: PLR0911 - one return a kind of event
    """Return the state after an event. A state that has ended stays as it is."""
    if state.ended:
        return state
    state = _tick(state, now)
    match event:
        case StatusEvent(status=status):
            return _with_status(state, status, now)
        case ProgressEvent():
            return _with_progress(state, event, now)
        case CompletedEvent(output=output, completed_at=completed_at):
            return finish(state, "completed", now, output=output, completed_at=completed_at)
        case FailedEvent(error=error):
            return finish(state, "failed", now, error=error)
        case CancelledEvent():
            return finish(state, "cancelled", now)
        case ErrorEvent(message=message):
            return replace(state, note=message or "The server could not read the task's status this time.")


def reconcile(state: TaskState, task: Task, now: float, server_now: datetime | None) -> TaskState:
    """Return the state after an answer of `GET /r/tasks/{id}`, which is the authority on everything it tells.

    It doesn't end a state: the verdict comes with the result (`finish`). `server_now`: the answer's Date.
    """
    if state.ended:
        return state
    epoch = state.epoch
    if task.created_at is not None and server_now is not None:
        begin = now - max(0.0, (server_now - task.created_at).total_seconds())
        # The server's clock comes cut down to whole seconds, and late: of several readings the earliest is the best.
        epoch = begin if epoch is None else min(epoch, begin)
    waited = state.waited
    if task.created_at and task.started_at:
        waited = max(0.0, (task.started_at - task.created_at).total_seconds())
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
        completed_at=task.completed_at or state.completed_at,
        note="",
    )
    if task.retry_count > state.retry_count:
        # Where the stream has told of this start already, what was done since belongs to the new attempt.
        again = state.status not in ("unknown", *BEFORE_RUNNING) and state.attempt <= task.retry_count
        known = _anew(known) if again else known
        known = replace(known, retry_count=task.retry_count, attempt=max(known.attempt, task.retry_count + 1))
    known = _tick(known, now)
    return known if task.ended else _with_status(known, task.status, now)


def finish(
    state: TaskState,
    status: str,
    now: float,
    *,
    error: str | None = None,
    output: Mapping[str, Any] | None = None,
    completed_at: datetime | None = None,
) -> TaskState:
    """Return the state with its verdict. `status`: completed, failed or cancelled."""
    if state.ended:
        return state
    state = _tick(state, now)
    ended_at = completed_at or state.completed_at
    elapsed = state.elapsed
    if ended_at and state.created_at:
        elapsed = max(elapsed, (ended_at - state.created_at).total_seconds())
    stages = state.stages
    if status == "completed" and not stages and state.tool_type == "nerfstudio":
        stages = begin_stage((), "", now, None)
    return replace(
        state,
        status=status,
        progress=1.0 if status == "completed" else state.progress,
        error=(error or state.error or "No error message was returned.") if status == "failed" else None,
        output=output if output is not None else state.output,
        completed_at=ended_at,
        elapsed=elapsed,
        stages=end_stages(stages, status, now),
        note="",
    )


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
        state = replace(_anew(state), attempt=state.attempt + 1)
    waited = state.waited
    if status == "running" and waited is None and state.status in BEFORE_RUNNING:
        waited = state.elapsed
    return replace(state, status=status, waited=waited, note="")


def _anew(state: TaskState) -> TaskState:
    """Return the state of a task that has started over: another attempt begins with nothing done."""
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
    # Progress tells that the task runs, even where the status event that says so was missed.
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
        waited = state.elapsed
    return replace(
        state,
        status=status,
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
