"""Finds tasks that may have come from a submission that was never answered. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.support.words import say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from cyberun_widget.protocol.models import Task

EARLY: Final = timedelta(minutes=5)  # how far the service's clock may be behind this machine's
LATE: Final = timedelta(minutes=15)  # how far it may be ahead, including the delay of a gateway
_SOON: Final = 60.0  # seconds for which a submission may still be passing through a gateway


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task that may belong to a point. `same`: whether its parameters match; None if the service doesn't report them.

    `seconds`: from sending the request to the task's creation by the service's clock; None if it has no creation time.
    `others`: how many other points with an unanswered submission it may also belong to.
    """

    task_id: str
    status: str
    created_at: datetime | None
    same: bool | None
    seconds: float | None
    others: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """The result of searching the service's tasks for one point, likeliest candidate first.

    `complete`: whether the list reaches back to before the point was sent. `age`: seconds from sending to the search.
    """

    found: tuple[Candidate, ...]
    complete: bool
    age: float

    def advice(self) -> str:
        """Return advice for the user, who has to decide. A search never proves that the service accepted nothing."""
        if self.found:
            return say("sweep.advice_found")
        if not self.complete:
            return say("sweep.advice_partial")
        if self.age < _SOON:
            return say("sweep.advice_soon")
        return say("sweep.advice_none")


def candidates(
    tasks: Iterable[Task],
    *,
    parameters: Mapping[str, Any],
    sent_at: float,
    workflow_ids: Collection[str],
    strangers: Collection[str],
) -> list[Candidate]:
    """Return the tasks that may have come from a submission, likeliest first.

    `sent_at`: POSIX seconds. `workflow_ids`: the ids and slugs that a task of this workflow may name; a task that names
    no workflow counts too. `strangers`: ids of tasks that belong to no point yet. A task whose parameters are known to
    differ is left out.
    """
    sent = datetime.fromtimestamp(sent_at, UTC)
    found = []
    for task in tasks:
        named = {name for name in (task.workflow_id, task.workflow_name, task.raw.get("workflow_slug")) if name}
        if task.id not in strangers or (named and named.isdisjoint(workflow_ids)):
            continue
        created = task.created_at
        if created is not None and not sent - EARLY <= created <= sent + LATE:
            continue
        same = _same(task.raw.get("parameters"), parameters)
        if same is not False:
            seconds = None if created is None else (created - sent).total_seconds()
            found.append(Candidate(task.id, task.status, created, same, seconds))
    return sorted(found, key=lambda item: (item.same is None, item.seconds is None, abs(item.seconds or 0.0)))


def contested(found: Sequence[Sequence[Candidate]]) -> list[tuple[Candidate, ...]]:
    """Return the candidates of several points, each with the number of other points it may belong to."""
    wanted = Counter(item.task_id for items in found for item in items)
    return [tuple(replace(item, others=wanted[item.task_id] - 1) for item in items) for items in found]


def decisive(found: Sequence[Candidate]) -> Candidate | None:
    """Return the only candidate, if it has the same parameters and can't belong to another point; else None.

    Attaching to it costs nothing, even if it turns out to be another user's run with the same parameters.
    """
    return found[0] if len(found) == 1 and found[0].same and not found[0].others else None


def _same(told: Any, wanted: Mapping[str, Any]) -> bool | None:
    if not isinstance(told, dict):
        return None
    # Skip uploaded files: their keys differ each time.
    return all(told.get(name) == value for name, value in wanted.items() if not isinstance(value, Path))
