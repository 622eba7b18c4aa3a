"""What a benchmark gives back, and the one table of them all.

Each module of this folder has `measure() -> Iterable[Row]`. A new one is named in `__main__.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = ("benchmark", "case", "who", "figure", "against", "aim")


@dataclass(frozen=True)
class Row:
    """One line. `figure`: with its unit. `against`: how it compares, with a peer of the same run. `good`: aim met."""

    bench: str
    case: str
    who: str
    figure: str
    against: str = ""
    aim: str = ""
    good: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the line's cells, the aim with its verdict."""
        verdict = {True: "met: ", False: "MISSED: ", None: ""}[self.good]
        return (self.bench, self.case, self.who, self.figure, self.against, f"{verdict}{self.aim}" if self.aim else "")


def table(rows: Iterable[Row]) -> str:
    """Return the table as plain text."""
    lines = [_HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([text[0], "-" * (sum(widths) + 2 * len(widths) - 2), *text[1:]])
