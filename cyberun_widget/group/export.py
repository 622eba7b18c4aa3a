"""Exports of a group for the user's code: a table, a contact sheet, the best point, files on disk."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.artifacts.export import save_all
from cyberun_widget.errors import CyberunError, ParameterError
from cyberun_widget.group.plan.arrange import arrange, parameters_text
from cyberun_widget.group.plan.identity import recorded
from cyberun_widget.render.contact_sheet import Sheet, SheetCell, draw
from cyberun_widget.support.filenames import safe_name
from cyberun_widget.support.text import clean
from cyberun_widget.support.words import say

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from PIL.Image import Image

    from cyberun_widget.artifacts.model import Artifact
    from cyberun_widget.group.points import Cell, Point
    from cyberun_widget.group.session import Session

_FACTS: Final = ("index", "status", "task_id", "seconds", "gpu", "error", "paths")
_PICTURES: Final = ("image", "video", "model")
_POINTS_FILE, _SHEET_FILE, _SWEEP_FILE = "points.csv", "sheet.png", "sweep.json"


def rows(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return one mapping per point: parameters, facts, metrics. A fact whose name is taken gets a trailing _."""
    made = []
    for cell in cells:
        point = cell.point()
        facts = {
            "index": point.index,
            "status": point.status,
            "task_id": point.task_id,
            "seconds": point.elapsed or None,
            "gpu": point.gpu,
            "error": point.error,
            "paths": [str(item.path) for item in cell.artifacts if item.path is not None],
        }
        row = {name: (str(value) if isinstance(value, Path) else value) for name, value in point.parameters.items()}
        for name, value in (*facts.items(), *point.metrics.items()):
            row[f"{name}_" if name in point.parameters else name] = value
        made.append(row)
    return made


def to_dataframe(cells: Sequence[Cell]) -> Any:
    """Return a pandas DataFrame, one row per point, indexed by point index. Raises ImportError without pandas."""
    import pandas as pd  # noqa: PLC0415 - optional dependency

    frame = pd.DataFrame(rows(cells))
    return frame.set_index("index_" if "index_" in frame.columns else "index", drop=True)


def best(points: Sequence[Point], metric: str | Callable[[Point], float], *, maximise: bool) -> Point:
    """Return the completed point with the highest (or lowest) metric. Raises ParameterError if no point has it."""
    known: dict[str, None] = {}
    scored = []
    for point in points:
        if point.status != "completed":
            continue
        known |= dict.fromkeys(point.metrics)
        value = metric(point) if callable(metric) else point.metrics.get(metric)
        if value is not None:
            scored.append((value, point))
    if not scored:
        names = ", ".join(known) or "none yet"
        raise ParameterError(f"No completed point has the metric {metric!r}. There are: {names}.")
    return (max if maximise else min)(scored, key=lambda item: item[0])[1]


def picture_of(cell: Cell, output: str | None = None) -> Artifact | None:
    """Return the file that represents a point: the one named `output`, else its first image, video or model."""
    if output:
        return next((item for item in cell.artifacts if output in (item.key, item.name)), None)
    for kind in _PICTURES:
        found = next((item for item in cell.artifacts if item.kind == kind), None)
        if found is not None:
            return found
    return None


def sheet(session: Session, rows: str | None, columns: str | None, output: str | None = None) -> Sheet:
    """Return the contact sheet as a value: headers, and for each cell the bytes of its picture, or a text instead."""
    cells = session.cells
    arranged = arrange(session.space, [cell.place for cell in cells], rows, columns)
    moving = [name for axis in session.space.axes for name in axis.names]
    made = {}
    for number, cell in enumerate(cells):
        item = picture_of(cell, output)
        caption = parameters_text(cell.parameters, moving) if arranged.captions else ""
        made[arranged.cells[number]] = SheetCell(
            status=cell.status,
            caption=caption or (clean(cell.task_id or "") if not moving else ""),
            error=clean(cell.error or "", limit=160),
            poster=item.poster if item is not None else None,
            poster_mime=item.poster_mime if item is not None else "",
            path=item.path if item is not None and item.kind == "image" else None,
            facts=" · ".join(f"{name} {value:.4g}" for name, value in list(cell.metrics.items())[:2]),
        )
    return Sheet(
        title=session.title or say("sweep.untitled"),
        row_title=arranged.row_title,
        column_title=arranged.column_title,
        rows=arranged.rows,
        columns=arranged.columns,
        cells=made,
    )


def images(session: Session, rows: str | None, columns: str | None, output: str | None, size: int) -> Image:
    """Return the labelled contact sheet as a Pillow image, `size` pixels per cell. Blocks while reading pictures."""
    return draw(sheet(session, rows, columns, output), size)


def save(session: Session, directory: str | os.PathLike[str]) -> list[Path]:
    """Write every point's files, a table, the contact sheet and a record of their origin into a folder.

    Returns the paths of the points' files. Raises CyberunError if the folder can't be written.
    """
    folder = Path(directory).expanduser()
    saved: list[Path] = []
    width = len(str(max(len(session.cells) - 1, 0)))
    moving = [name for axis in session.space.axes for name in axis.names]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for cell in session.cells:
            if cell.artifacts:
                name = safe_name(
                    f"{cell.index:0{width}} {parameters_text(cell.parameters, moving)}"[:80].strip(), str(cell.index)
                )
                saved += save_all(cell.artifacts, folder / name, _provenance(session, cell))
        _write_table(folder / _POINTS_FILE, rows(session.cells))
        images(session, None, None, None, 256).save(folder / _SHEET_FILE)
        document = {
            "workflow": session.opened.slug if session.opened is not None else None,
            "title": session.title,
            "axes": {axis.title: [list(step) for step in axis.steps] for axis in session.space.axes},
            "fixed": json.loads(recorded(session.space.fixed)),
            "points": [json.loads(recorded(_provenance(session, cell))) for cell in session.cells],
        }
        text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
        (folder / _SWEEP_FILE).write_text(f"{text}\n", "utf-8")
    except OSError as problem:
        words = f"The sweep can't be saved in {folder}: {problem.strerror or problem}. Choose another folder."
    else:
        return saved
    raise CyberunError(words)


def _provenance(session: Session, cell: Cell) -> dict[str, Any]:
    return {
        "point": cell.index,
        "task_id": cell.task_id,
        "workflow": session.opened.slug if session.opened is not None else None,
        "parameters": json.loads(recorded(cell.parameters)),
        "status": cell.status,
        "gpu_type": cell.gpu,
        "elapsed_seconds": cell.elapsed,
        "metrics": dict(cell.metrics),
        "error": clean(cell.error, lines=True) if cell.error else None,
        "former_tasks": list(cell.entry.former),
    }


def _write_table(path: Path, table: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in table for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows({**row, "paths": ";".join(row["paths"])} if "paths" in row else row for row in table)
