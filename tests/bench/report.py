"""The rows that a benchmark returns, and their output as a table for the terminal, Markdown or JSON.

Each benchmark is a module in this folder with `measure() -> Iterable[Row]`, listed in `__main__.py`.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OURS: Final = "cyberun-widget"
_HEAD = ("benchmark", "case", "who", "figure", "against", "aim")
_PACKAGES: Final = (
    "anywidget",
    "httpx",
    "httpx2",
    "httpx-sse",
    "ipykernel",
    "ipywidgets",
    "jupyterlab",
    "sseclient-py",
)


@dataclass(frozen=True)
class Row:
    """One line. `figure`: includes its unit. `against`: the comparison with a peer of the same run. `good`: aim met."""

    bench: str
    case: str
    who: str
    figure: str
    against: str = ""
    aim: str = ""
    good: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the line's cells. The aim says whether it was met."""
        verdict = {True: "met: ", False: "MISSED: ", None: ""}[self.good]
        return (self.bench, self.case, self.who, self.figure, self.against, f"{verdict}{self.aim}" if self.aim else "")


def table(rows: Iterable[Row]) -> str:
    """Return the table as plain text."""
    lines = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([text[0], "-" * (sum(widths) + 2 * len(widths) - 2), *text[1:]])


def markdown(rows: Iterable[Row]) -> str:
    """Return the table as Markdown."""
    lines = [_HEAD, ("---",) * len(_HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def conditions(seconds: float, load: float) -> list[tuple[str, str]]:
    """Return the conditions of a run. `load`: the machine's load average before it."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return [
        ("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("machine", f"{os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB, {platform.platform()}"),
        ("Python", platform.python_version()),
        ("packages", versions),
        ("load before", f"{load:.2f}"),
        ("took", f"{seconds:.0f} s"),
    ]


def as_json(rows: Sequence[Row], facts: Iterable[tuple[str, str]]) -> str:
    """Return rows and conditions as JSON."""
    return json.dumps({"conditions": dict(facts), "rows": [asdict(row) for row in rows]}, indent=1) + "\n"
