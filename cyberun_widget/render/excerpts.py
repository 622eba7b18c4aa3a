"""Excerpts of a task's small text files for the archive: reads them from disk and lays them out. `layout` is pure."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.support.secrets import scrub
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import many

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)

KINDS: Final = ("json", "table", "text")
MOST: Final = 4  # files per task
_BYTES: Final = 16_384  # the largest file with an excerpt
_ROWS, _COLUMNS, _LINES, _CHARACTERS = 8, 6, 14, 1_200

Table = list[list[str]]


def excerpts(traits: Mapping[str, Any]) -> dict[str, str]:
    """Return artifact key -> content of the first few small text files on disk. Blocks briefly."""
    found: dict[str, str] = {}
    for item in traits.get("artifacts") or []:
        if len(found) == MOST:
            break
        path, size = item.get("path"), item.get("size")
        if item.get("kind") not in KINDS or item.get("state") != "ready" or not path or (size or 0) > _BYTES:
            continue
        try:
            with Path(path).open("rb") as file:
                data = file.read(_BYTES + 1)
            if len(data) <= _BYTES:
                found[str(item["key"])] = data.decode("utf-8-sig")
        except (
            OSError,
            UnicodeDecodeError,
        ) as problem:  # deleted in the meantime, or binary such as Parquet: left out
            _log.debug("no excerpt of %s: %s", item.get("name"), type(problem).__name__)
    return found


def layout(kind: str, name: str, content: str) -> str | Table:
    """Return the excerpt to show of a file: rows of cells, header first, or lines of text."""
    if kind == "table":
        rows = _rows(content, "\t" if name.lower().endswith((".tsv", ".tab")) else ",")
        if rows:
            return rows
    if kind == "json":
        with contextlib.suppress(ValueError, RecursionError):  # JSON lines, damaged or deeply nested: shown unchanged
            content = json.dumps(scrub(json.loads(content)), indent=2, ensure_ascii=False)
    return shorten(content)


def shorten(text: str) -> str:
    """Return the first lines of a text, with an ellipsis if there are more."""
    lines = clean(text[: 4 * _CHARACTERS], lines=True).strip("\n").split("\n")
    kept = "\n".join(lines[:_LINES])
    short = kept[:_CHARACTERS]
    return f"{short}\n…" if len(lines) > _LINES or short != kept else short


def _rows(content: str, separator: str) -> Table:
    try:
        rows = [row for row in csv.reader(io.StringIO(content), delimiter=separator) if row]
    except csv.Error:
        return []
    if not rows or len(rows[0]) == 1:
        return []
    columns = max(len(row) for row in rows)
    shown = [[clean(cell)[:80] for cell in row[:_COLUMNS]] + ["…"] * (columns > _COLUMNS) for row in rows[: _ROWS + 1]]
    more = len(rows) - len(shown)
    return [*shown, [f"… {many(more, 'more row')}"]] if more > 0 else shown
