"""Limits on automatic downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cyberun_widget.policy import Mode

EACH: Final = 64 * 1024 * 1024
TASK: Final = 256 * 1024 * 1024


class DeclinedError(Exception):
    """The file exceeds the automatic limits; it is offered instead."""


class Allowance:
    """The limits of one task's downloads: `EACH` bytes per file, `TASK` bytes in total, unless `mode` is "all"."""

    __slots__ = ("_forced", "_granted", "mode")

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self._granted: dict[str, int] = {}
        self._forced: set[str] = set()

    def force(self, key: str) -> None:
        """Exempt a file that the user requested from the limits and from the total."""
        self._forced.add(key)
        self._granted.pop(key, None)

    def admit(self, key: str, size: int) -> None:
        """Count `size` bytes, so far or in total, for a file. Raises DeclinedError beyond a limit."""
        if self.mode == "all" or key in self._forced:
            return
        granted = max(size, self._granted.pop(key, 0))
        if granted > EACH or granted + sum(self._granted.values()) > TASK:
            raise DeclinedError
        self._granted[key] = granted
