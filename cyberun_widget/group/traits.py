"""Computes trait values from a session, and which cells have changed since the last message. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.group.plan.arrange import parameters_text, step_text, value_text
from cyberun_widget.group.points import ENDED, STATUSES
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import many
from cyberun_widget.support.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberun_widget.group.points import Cell
    from cyberun_widget.group.session import Session

MARKED: Final = {"selected": "star", "rejected": "reject"}
"""Trait -> the mark of its points in the ledger."""
_FIELDS: Final = 12  # parameters listed in a cell's tooltip and in the detail view before "more"


class View:
    """Tracks what the page was sent, and the known metrics and outputs. Used by one thread at a time."""

    def __init__(self) -> None:
        self.sequence = 0
        self._metrics: dict[str, None] = {}
        self._outputs: dict[str, dict[str, str]] = {}

    def deltas(self, cells: Sequence[Cell]) -> list[tuple[int, dict[str, Any]]]:
        """Return the cells that changed since they were last sent, and record them as sent."""
        changed = []
        for cell in cells:
            wire = cell.wire()
            if wire == cell.sent:
                continue
            cell.sent = wire
            changed.append((cell.index, wire))
            self._metrics |= dict.fromkeys(wire["metrics"])
            for item in wire["outputs"]:
                self._outputs.setdefault(item["key"], {name: item[name] for name in ("key", "kind", "name")})
        return changed

    def values(self, session: Session, *, in_flight: int) -> dict[str, Any]:
        """Return trait name -> value."""
        cells = session.cells
        found = counts(cells)
        done = sum(number for status, number in found.items() if status in ENDED)
        held = session.held
        return {
            "counts": found,
            "progress": sum(cell.progress for cell in cells) / max(len(cells), 1),
            "_facts": {
                "sequence": self.sequence,
                "title": _title(session),
                "status": overall(found, held=bool(held), halted=session.halted),
                "total": len(cells),
                "done": done,
                "size": session.space.size() if session.space.axes else many(len(cells), "task"),
                "held": len(held),
                "edges": _edges(cells) if held else [],
                "eta": time_left(cells, in_flight) if not session.still else None,
                "problem": session.problem,
                "retry_in": session.retry_in,
                "saved": session.saved,
                "sweep": session.opened is not None,
                "halted": session.halted,
                "metrics": list(self._metrics),
                "outputs": sorted(self._outputs.values(), key=lambda item: item["kind"] not in ("image", "video")),
            },
        }


def layout(session: Session) -> dict[str, Any]:
    """Return what the page needs at first and whenever the group grows: axes, places, each point's label."""
    space = session.space
    moving = [name for axis in space.axes for name in axis.names]
    return {
        "axes": [
            {
                "title": axis.title,
                "names": list(axis.names),
                "steps": [step_text(axis, position) for position in range(len(axis))],
                "values": [[_raw(value) for value in step] for step in axis.steps],
            }
            for axis in space.axes
        ],
        "places": [list(cell.place) for cell in session.cells],
        "labels": [parameters_text(cell.parameters, moving) or _short(cell) for cell in session.cells],
        "fixed": {clean(name): value_text(value) for name, value in list(space.fixed.items())[:_FIELDS]},
        "extends": session.engine is not None,
    }


def marked(cells: Sequence[Cell]) -> dict[str, list[int]]:
    """Return the values of the traits in `MARKED`, from the ledger's marks."""
    return {name: [cell.index for cell in cells if mark in cell.entry.marks] for name, mark in MARKED.items()}


def counts(cells: Sequence[Cell]) -> dict[str, int]:
    """Return status -> number of points, in the order of a point's life, without statuses that no point has."""
    found = dict.fromkeys(STATUSES, 0)
    for cell in cells:
        status = cell.status
        found[status] = found.get(status, 0) + 1
    return {status: number for status, number in found.items() if number}


def overall(found: Mapping[str, int], *, held: bool, halted: bool) -> str:
    """Return one status for the whole group: running, waiting (for the user's decision), or how it ended."""
    active = sum(number for status, number in found.items() if status not in (*ENDED, "planned", "unknown"))
    if active or (found.get("planned") and not held and not halted):
        return "running"
    if held:
        return "waiting"
    if found.get("unknown"):
        return "unknown"
    if found.get("failed") or found.get("error"):
        return "failed"
    return "cancelled" if found.get("cancelled") or found.get("planned") else "completed"


def time_left(cells: Sequence[Cell], in_flight: int) -> float | None:
    """Estimate the seconds left: each remaining point takes as long as the finished ones, `in_flight` at a time.

    None until a point has finished.
    """
    took = [cell.elapsed for cell in cells if cell.status == "completed" and cell.elapsed > 0]
    if not took:
        return None
    left = sum(1.0 - cell.progress for cell in cells if cell.status not in ENDED and cell.status != "unknown")
    return left * sum(took) / len(took) / max(1, in_flight)


def _title(session: Session) -> str:
    if session.opened is not None:
        return clean(session.title, limit=120)
    names = {cell.watch.state.workflow_name for cell in session.cells if cell.watch is not None}
    return clean(names.pop(), limit=120) if len(names) == 1 else say("sweep.untitled")


def _edges(cells: Sequence[Cell]) -> list[str]:
    """Return the first and last point in words, for the user to check before paying for all of them."""
    return [parameters_text(cell.parameters) for cell in (cells[0], cells[-1])]


def _short(cell: Cell) -> str:
    return f"…{cell.task_id[-8:]}" if cell.task_id else str(cell.index)


def _raw(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float)) else value_text(value)
