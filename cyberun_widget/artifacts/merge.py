"""Merges repeated descriptions of a file: links to the same object become one, metadata is added to its link. Pure.

All lookups use hash tables, so the time per file doesn't grow with the number of files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from cyberun_widget.support import urls as link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyberun_widget.artifacts.result_parts import Part

_DEPTH: Final = 10  # path segments considered when a link is looked up by path end or folder


def merged(linked: list[Part], told: list[Part]) -> list[Part]:
    """Return each file once, with a unique key. Modifies the parts."""
    index = _Index()
    for part in linked:
        if index.same_object(part) is None:
            index.add(part)
    alone = len(index.parts) == 1 and index.parts[0].sole and len(told) == 1
    for part in told:
        home = index.home(part) or (index.parts[0] if alone and not part.url else None)
        if home is not None:
            _enrich(home, part)
            index.learn(home)
        elif not index.knows(part):
            index.add(part)
    return _with_own_keys(index.parts)


class _Index:
    """The files found so far, indexed by key, object, storage key, end of a link, name and folder."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._keys: dict[str, Part] = {}
        self._objects: dict[tuple[str, str, str], Part] = {}
        self._stores: dict[str, Part] = {}
        self._ends: dict[str, Part] = {}
        self._names: set[str] = set()
        self._folders: set[str] = set()

    def add(self, part: Part) -> None:
        self.parts.append(part)
        self.learn(part)

    def learn(self, part: Part) -> None:
        self._keys.setdefault(part.key, part)
        self._names.add(part.name)
        if part.store:
            self._stores.setdefault(part.store, part)
        if part.url and self._objects.setdefault(link.object_of(part.url), part) is part:
            path = link.split(part.url)[1].strip("/")
            steps = path.split("/")
            for end in _ends(steps):
                self._ends.setdefault(end, part)
            self._folders.update(_runs(steps[:-1]))

    def same_object(self, part: Part) -> Part | None:
        return self._objects.get(link.object_of(part.url))

    def home(self, part: Part) -> Part | None:
        """Return the entry that metadata belongs to, found by link, storage key, or output key."""
        if part.url and (same := self.same_object(part)):
            return same
        if part.store:
            same = self._stores.get(part.store) or self._ends.get(unquote(part.store).strip("/"))
            if same is not None:
                return same
        same = self._keys.get(part.key)
        return None if same is None or (part.url and same.url) else same

    def knows(self, part: Part) -> bool:
        """Whether metadata without a link adds no file: it names a folder of linked files, or a known name."""
        if part.url:
            return False
        if not part.store:
            return part.name in self._names
        return part.store.endswith("/") or unquote(part.store).strip("/") in self._folders


def _ends(steps: list[str]) -> Iterator[str]:
    """Yield the trailing parts of a path, longest first, and the whole path."""
    yield "/".join(steps)
    for start in range(max(len(steps) - _DEPTH, 1), len(steps)):
        yield "/".join(steps[start:])


def _runs(steps: list[str]) -> Iterator[str]:
    """Yield every run of folders along a path."""
    steps = steps[:_DEPTH]
    for start in range(len(steps)):
        for end in range(start + 1, len(steps) + 1):
            yield "/".join(steps[start:end])


def _enrich(home: Part, part: Part) -> None:
    """Add metadata to an entry without replacing existing values."""
    if home.sole and part.key != "output":
        home.key = part.key
    home.url = home.url or part.url
    home.store = home.store or part.store
    home.name = home.name or part.name
    home.mime = home.mime or part.mime
    home.size = part.size if home.size is None else home.size
    home.expires = home.expires or part.expires


def _with_own_keys(parts: list[Part]) -> list[Part]:
    """Give each part a unique key, numbering keys that the result used twice."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for part in parts:
        base = part.key
        while part.key in taken:
            numbers[base] = numbers.get(base, 1) + 1
            part.key = f"{base}~{numbers[base]}"
        taken.add(part.key)
    return parts
