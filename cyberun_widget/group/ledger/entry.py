"""One line of the ledger, and what its state means for money. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

State: TypeAlias = Literal["planned", "claimed", "sending", "submitted", "unknown", "refused"]

STATES: Final[tuple[State, ...]] = ("planned", "claimed", "sending", "submitted", "unknown", "refused")
"""`planned`: nothing was sent. `claimed`: one process is about to send it, and has not. `sending`: the request is going
out, and may be taken at any moment. `submitted`: the service gave a task id. `unknown`: the request went out and its
answer never came. `refused`: the service answered that it did not take it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one point. `attempt` counts from 1, and again at every run that somebody asked for.

    `sent_at`: POSIX seconds by this machine's clock, None where nothing was sent. `former`: the task ids of earlier
    attempts, oldest first. `marks`: what somebody thinks of it: "star", "reject".
    """

    key: str
    state: State
    task_id: str | None = None
    owner: str | None = None
    attempt: int = 1
    sent_at: float | None = None
    error: str | None = None
    former: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep as it is recorded. `pinned`: the workflow's slug with its version, where that is known.

    `drawn`: the draws of its open seeds, by name. `allowed`: how many points, from the first on, somebody agreed to pay
    for, None for all. `resumed`: whether it was there before.
    """

    id: int
    pinned: str
    drawn: dict[str, int]
    allowed: int | None
    resumed: bool
