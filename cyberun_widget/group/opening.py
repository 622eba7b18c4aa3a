"""Opens a sweep: checks, plans and records everything before anything is sent."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.artifacts.export import sha256
from cyberun_widget.errors import NotFoundError, ParameterError
from cyberun_widget.group.ledger.entry import Entry
from cyberun_widget.group.ledger.store import Ledger, default_path
from cyberun_widget.group.plan.axes import check_points, lay_out
from cyberun_widget.group.plan.identity import point_key, recorded, sweep_key
from cyberun_widget.group.plan.seeds import draw_seeds
from cyberun_widget.group.points import Cell
from cyberun_widget.support.aio import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cyberun_widget.api.calls import Calls
    from cyberun_widget.card.widget import TaskWidget
    from cyberun_widget.group.ledger.entry import Sweep
    from cyberun_widget.group.plan.axes import Space, Values
    from cyberun_widget.protocol.models import Workflow

_DICE: Final = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Opened:
    """A recorded sweep, stored under `key`.

    `name`: the user's own name for it. `given`: slug and axes as the user gave them, by which the ledger finds it
    again. `slug`: pinned to its version, if known. `doubted`: keys of points that a process was sending when it died.
    """

    key: str
    title: str
    name: str | None
    given: tuple[str, Space]
    slug: str
    workflow: Workflow
    space: Space
    ledger: Ledger
    sweep: Sweep
    cells: list[Cell]
    doubted: tuple[str, ...]


async def open_sweep(
    calls: Calls,
    slug: str,
    grid: Values | None,
    zipped: Values | None,
    fixed: Mapping[str, Any],
    *,
    name: str | None = None,
    fresh: bool = False,
) -> Opened:
    """Check a sweep, and find it in the ledger or record it there. Submits nothing.

    Raises ParameterError that names every problem, ConfigurationError if no ledger can be opened.
    """
    if name is not None and not name.strip():
        raise ParameterError("The sweep's name is empty.")
    given = lay_out(grid, zipped, fixed)
    workflow = await calls.workflow(slug)
    ledger = await run_in_thread(the_ledger)
    digest = cache(sha256)
    key = await run_in_thread(sweep_key, _account(calls), slug, given, name, digest)
    known = None if fresh else await run_in_thread(ledger.find, key)
    pinned, workflow = await _pinned(calls, slug, workflow, known)
    space, drawn = draw_seeds(workflow, given, known.drawn if known else {}, _DICE.randint)
    check_points(workflow, space)
    title = name or workflow.name or workflow.slug
    sweep = await run_in_thread(ledger.open, key, pinned=pinned, drawn=drawn, title=title, fresh=fresh)
    if sweep.drawn != drawn:  # another kernel recorded the sweep first: use its draws
        space, _ = draw_seeds(workflow, given, sweep.drawn, _DICE.randint)
    cells, doubted = await run_in_thread(note, ledger, sweep, space, {}, digest)
    return Opened(key, title, name, (slug, given), sweep.pinned, workflow, space, ledger, sweep, cells, doubted)


def note(
    ledger: Ledger, sweep: Sweep, space: Space, have: Mapping[str, Cell], digest: Any = sha256
) -> tuple[list[Cell], tuple[str, ...]]:
    """Record all points of a space in the ledger; return the cells, and the keys of points in doubt.

    Existing cells keep their index and get their place in the extended space; new cells come after them. Blocks on
    reading files and on the ledger.
    """
    places = {point_key(parameters, digest): (place, parameters)
              for place in space.places() for parameters in (space.parameters(place),)}  # fmt: skip
    ledger.plan(sweep.id, ((key, recorded(parameters)) for key, (_, parameters) in places.items()))
    doubted = tuple(ledger.recover(sweep.id))
    entries: dict[str, Entry] = ledger.entries(sweep.id)
    cells = list(have.values())
    for cell in cells:
        cell.place = places[cell.key][0]
    for key, (place, parameters) in places.items():
        if key not in have:
            cells.append(Cell(len(cells), key, place, parameters, entries[key]))
    return cells, doubted


async def _pinned(calls: Calls, slug: str, workflow: Workflow, known: Sweep | None) -> tuple[str, Workflow]:
    """Return the slug to submit every point to, and the definition of that version."""
    version = f"{slug}@{workflow.version}" if workflow.version and "@" not in slug else slug
    pinned = known.pinned if known is not None else version
    if pinned in (slug, ""):
        return slug, workflow
    try:
        return pinned, await calls.workflow(pinned)
    except NotFoundError:
        if known is not None and pinned != version:
            raise
        return slug, workflow  # the service reports versions but doesn't accept them


def _account(calls: Calls) -> str:
    return f"{calls.settings.base_url} {calls.settings.team_id or ''}"


_ledgers: dict[tuple[int, Path], Ledger] = {}


def the_ledger() -> Ledger:
    """Return this process's ledger. Raises ConfigurationError if it can't be opened."""
    key = (os.getpid(), default_path())
    if key not in _ledgers:
        _ledgers[key] = Ledger(key[1])
    return _ledgers[key]


def adopted(tasks: Iterable[str | TaskWidget]) -> list[Cell]:
    """Return points for existing tasks. Raises ParameterError for no tasks, or for a task given twice."""
    ids = [task if isinstance(task, str) else str(task.task_id) for task in tasks]
    if not ids or not all(item.strip() for item in ids):
        raise ParameterError("A group needs task ids, or TaskWidgets. For a sweep over parameters use client.map().")
    if len(set(ids)) < len(ids):
        raise ParameterError("A task is in this group twice.")
    return [
        Cell(index, task_id, (index,), {}, Entry(task_id, "submitted", task_id)) for index, task_id in enumerate(ids)
    ]
