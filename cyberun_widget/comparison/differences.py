"""The values that differ between several JSON documents, as the rows of a table. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROWS_MAX: Final = 500
_LEAVES_MAX: Final = 20_000  # values read from one document
_DEPTH_MAX: Final = 24  # levels below which a document is compared as text
_TEXT_MAX: Final = 200  # characters of a value shown in a cell


@dataclass(frozen=True, slots=True)
class Row:
    """One value that differs: its path, and its text in each document, None where missing."""

    path: str
    cells: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """`rows`: at most 500, in document order. `equal`: number of values that are equal in all. `more`: rows left out.

    `partial`: whether a document has more than the 20,000 values that are compared.
    """

    rows: tuple[Row, ...]
    equal: int
    more: int
    partial: bool


def differences(documents: Sequence[Any]) -> Differences:
    """Compare JSON documents value by value. 1 equals 1.0; True doesn't equal 1."""
    flat: list[dict[str, Any]] = []
    partial = False
    for document in documents:
        leaves: dict[str, Any] = {}
        for path, value in _leaves(document, "", 0):
            if len(leaves) == _LEAVES_MAX:
                partial = True
                break
            leaves[path] = value
        flat.append(leaves)
    paths = dict.fromkeys(path for leaves in flat for path in leaves)
    differing = [path for path in paths if not _same([leaves.get(path, _MISSING) for leaves in flat])]
    rows = tuple(
        Row(path, tuple(_shown(leaves[path]) if path in leaves else None for leaves in flat))
        for path in differing[:_ROWS_MAX]
    )
    return Differences(rows, len(paths) - len(differing), len(differing) - len(rows), partial)


_MISSING: Final = object()


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the path and value of every leaf; an empty container is a leaf."""
    if depth < _DEPTH_MAX and isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, _member(path, str(key)), depth + 1)
    elif depth < _DEPTH_MAX and isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]", depth + 1)
    else:
        yield path, value


def _member(path: str, key: str) -> str:
    if not key.isidentifier():
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _same(values: Sequence[Any]) -> bool:
    first = values[0]
    return all(value == first and isinstance(value, bool) == isinstance(first, bool) for value in values[1:])


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _TEXT_MAX else f"{text[: _TEXT_MAX - 1]}…"
