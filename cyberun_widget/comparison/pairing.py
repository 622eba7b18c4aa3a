"""Matches the corresponding files of several results. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cyberun_widget.artifacts.model import Artifact

_Row: TypeAlias = "list[Artifact | None]"  # one file from each result


@dataclass(frozen=True, slots=True)
class Pair:
    """Corresponding files of one kind: one from each result, None where a result has none."""

    kind: str
    name: str
    artifacts: tuple[Artifact | None, ...]


def pair(results: Sequence[Sequence[Artifact]]) -> list[Pair]:
    """Return the corresponding files, in the order of the first result that has them.

    Files are matched by key (the API's output identifier), then by name. The rest are matched by kind and order: the
    second picture of one result with the second of another.
    """
    rows: list[_Row] = []
    taken: set[int] = set()
    for identity in (_key, _name):
        rows += _matched(results, identity, taken)
    rows += _by_order(results, taken)
    order = {id(item): (index, place) for place, items in enumerate(results) for index, item in enumerate(items)}
    rows.sort(key=lambda row: min(order[id(item)] for item in row if item is not None))
    return [_pair(row) for row in rows]


def _key(item: Artifact) -> str:
    return item.key


def _name(item: Artifact) -> str:
    return item.name


def _matched(results: Sequence[Sequence[Artifact]], identity: Callable[[Artifact], str], taken: set[int]) -> list[_Row]:
    """Return the files of one kind that have the same identity in two or more results, and mark them as taken."""
    found: dict[tuple[str, str], _Row] = {}
    for place, artifacts in enumerate(results):
        for item in artifacts:
            if id(item) in taken:
                continue
            row = found.setdefault((item.kind, identity(item)), [None] * len(results))
            if row[place] is None:
                row[place] = item
    shared = [row for row in found.values() if sum(item is not None for item in row) > 1]
    taken.update(id(item) for row in shared for item in row if item is not None)
    return shared


def _by_order(results: Sequence[Sequence[Artifact]], taken: set[int]) -> list[_Row]:
    rows: dict[tuple[str, int], _Row] = {}
    for place, artifacts in enumerate(results):
        seen: Counter[str] = Counter()
        for item in artifacts:
            if id(item) not in taken:
                rows.setdefault((item.kind, seen[item.kind]), [None] * len(results))[place] = item
                seen[item.kind] += 1
    return list(rows.values())


def _pair(row: _Row) -> Pair:
    first = next(item for item in row if item is not None)
    return Pair(first.kind, first.name, tuple(row))
