"""One entry of the ledger, and the states of a point. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

State: TypeAlias = Literal["planned", "claimed", "sending", "submitted", "unknown", "refused"]

STATES: Final[tuple[State, ...]] = ("planned", "claimed", "sending", "submitted", "unknown", "refused")
"""`planned`: not sent. `claimed`: a process is about to send it, but hasn't yet. `sending`: the request is being sent,
and the service may accept it at any moment. `submitted`: the service returned a task id. `unknown`: the request was
sent, and no answer arrived. `refused`: the service answered that it didn't accept it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The record of one point. `attempt` starts at 1 and increases with each run the user requests.

    `sent_at`: POSIX seconds by this machine's clock, None if nothing was sent. `former`: task ids of earlier attempts,
    oldest first. `marks`: the user's marks: "star", "reject".
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
    """One recorded sweep. `pinned`: the workflow's slug, with its version if known.

    `drawn`: the draws of its open seeds, by name. `allowed`: how many points, counted from the first, the user agreed
    to pay for; None for all. `resumed`: whether it existed before.
    """

    id: int
    pinned: str
    drawn: dict[str, int]
    allowed: int | None
    resumed: bool
