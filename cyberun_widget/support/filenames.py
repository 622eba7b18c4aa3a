"""Makes safe file names from names chosen by a server: valid on every system, unique in their folder.

Follows the rules of Windows ("Naming Files, Paths, and Namespaces"), POSIX and macOS together, so that a folder saved
on one machine can be copied to another.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHARACTERS: Final = 120
MAX_BYTES: Final = 200  # file systems allow 255; the rest is reserved for " .part" and numbers
_FALLBACK: Final = "file"

_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')
_SEPARATORS: Final = re.compile(r"[/\\]+")
_SPACES: Final = re.compile(r"\s+")
_DRIVE: Final = re.compile(r"^[A-Za-z]:")
_RESERVED: Final = re.compile(r"^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])$", re.IGNORECASE)
_SUFFIX: Final = re.compile(r"(?<=.)\.(?=[0-9_]*[A-Za-z])[A-Za-z0-9_]{1,15}$")
_DIGITS: Final = re.compile(r"(\d+)")


def safe_name(text: str, fallback: str = _FALLBACK) -> str:
    """Return a safe file name for `text`, never a path.

    Keeps only the last part of a path. Removes control, bidirectional and invisible characters, characters that Windows
    forbids, and dots and spaces at the ends. Adds an underscore to device names. Cuts the middle out of long names and
    keeps their suffix (at most 120 characters and 200 bytes of UTF-8). Normalises Unicode to NFC.
    """
    text = unicodedata.normalize("NFC", text.replace("\\", "/"))
    parts = [part for part in text.split("/") if part.strip(" .")]
    name = _clean(parts[-1]) if parts else ""
    if not name:
        return fallback if fallback == _FALLBACK else safe_name(fallback)
    stem, suffix = split_suffix(name)
    if _RESERVED.match(stem.split(".")[0].strip()):
        stem = f"_{stem}"
    return _shorten(stem, suffix)


def folder_name(text: str, fallback: str = "folder") -> str:
    """Return a folder name made from all of `text`: a path becomes a single name. Never empty, never ".."."""
    return safe_name(_SEPARATORS.sub("_", text), fallback)


def _clean(part: str) -> str:
    """Remove unsafe characters from one part of a path."""
    kept = [" " if char in "\t\n\r" else char for char in part]
    visible = "".join(char for char in kept if unicodedata.category(char)[0] != "C")
    name = _FORBIDDEN.sub("_", _DRIVE.sub("", visible))
    name = _SPACES.sub(" ", name).strip(" .")
    return f"_{name[1:]}" if name.startswith(("-", "~")) else name


def split_suffix(name: str) -> tuple[str, str]:
    """Split "a.b.png" into ("a.b", ".png"). Suffix: 1 to 15 of A-Z, a-z, 0-9, _, at least one letter."""
    found = _SUFFIX.search(name)
    return (name[: found.start()], found.group()) if found else (name, "")


def _shorten(stem: str, suffix: str, reserve: int = 0) -> str:
    """Shorten the stem until the whole name fits, without splitting a character."""
    room = MAX_CHARACTERS - len(suffix) - reserve
    stem = stem[:room]
    while len((stem + suffix).encode()) > MAX_BYTES - reserve:
        stem = stem[:-1]
    return f"{stem.rstrip(' .') or _FALLBACK}{suffix}"


def fold(name: str) -> str:
    """Return the form under which a case-insensitive file system treats two names as equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def unique_name(name: str, taken: Iterable[str]) -> str:
    """Return `name`, or `name-2`, `name-3`… if one of `taken` (folded names, see `fold`) clashes with it."""
    folded = taken if isinstance(taken, (set, frozenset, dict)) else set(taken)
    if fold(name) not in folded:
        return name
    number = 2
    while fold(candidate := _numbered(name, number)) in folded:
        number += 1
    return candidate


def _numbered(name: str, number: int) -> str:
    stem, suffix = split_suffix(name)
    return _shorten(stem, f"-{number}{suffix}")


class UniqueNames:
    """Returns names that are distinct on every file system: "cat.png", then "cat-2.png"."""

    __slots__ = ("_numbers", "_taken")

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def add(self, name: str) -> str:
        """Return `name`, or the next free numbered variant, and mark it as taken."""
        folded = fold(name)
        number = self._numbers.get(folded, 1)
        unique = name
        while fold(unique) in self._taken:
            number += 1
            unique = _numbered(name, number)
        self._numbers[folded] = number
        self._taken.add(fold(unique))
        return unique


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts "9.images.2" before "9.images.10"."""
    return tuple(
        (0, int(part), part) if part.isdecimal() else (1, 0, part.casefold()) for part in _DIGITS.split(text) if part
    )
