"""The stages of a Nerfstudio task and their durations. Pure. Source: the API page, event stream."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

STAGES: Final = ("download", "process_data", "train", "export", "upload")
"""The API's stages, in order."""

_MAX: Final = 20  # the most stages: unknown ones are shown too


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `state`: pending, running, done, failed or skipped. `progress`: [0, 1], None if unknown.

    `seconds`: its duration. `since`: the clock's value at its start. Both are None if the start wasn't observed.
    """

    name: str
    state: str = "pending"
    seconds: float | None = None
    progress: float | None = None
    since: float | None = None

    def seconds_at(self, now: float) -> float | None:
        """Return the stage's duration so far, in seconds, None if unknown."""
        if self.state == "running" and self.since is not None:
            return max(0.0, now - self.since)
        return self.seconds


def begin_stage(stages: tuple[Stage, ...], name: str, now: float, first_at: float | None) -> tuple[Stage, ...]:
    """Return the stages with `name` running and all before it done. An earlier stage changes nothing.

    `first_at`: the clock's value when the task started running, from which the first stage is timed, None if unknown.
    """
    known = stages or tuple(Stage(item) for item in STAGES)
    position = next((index for index, item in enumerate(known) if item.name == name), None)
    running = next((index for index, item in enumerate(known) if item.state == "running"), None)
    if position is None:
        if not name or len(known) >= _MAX:
            return known
        position = len(STAGES) if running is None else running + 1
        known = (*known[:position], Stage(name), *known[position:])
    if running is not None and position <= running:
        return known
    # A stage's start is known only if the end of the previous one was observed, or it is the first stage.
    since = now if running is not None else (first_at if position == 0 else None)
    return tuple(
        _done(item, now)
        if index < position
        else replace(item, state="running", since=since)
        if index == position
        else item
        for index, item in enumerate(known)
    )


def end_stages(stages: tuple[Stage, ...], status: str, now: float) -> tuple[Stage, ...]:
    """Return the stages of a task that has ended with `status`: completed, failed or cancelled."""
    if status == "completed":
        return tuple(_done(item, now) for item in stages)
    ended = "failed" if status == "failed" else "skipped"
    return tuple(
        replace(item, state=ended, seconds=item.seconds_at(now))
        if item.state == "running"
        else replace(item, state="skipped")
        if item.state == "pending"
        else item
        for item in stages
    )


def _done(stage: Stage, now: float) -> Stage:
    if stage.state == "done":
        return stage
    return replace(stage, state="done", seconds=stage.seconds_at(now), progress=1.0)
