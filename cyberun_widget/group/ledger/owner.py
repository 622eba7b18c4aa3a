"""Who is at work: a process that holds a lock for as long as it lives, so that its death shows to the others.

A lock falls with the process that holds it, also by SIGKILL, and no process id can be mistaken for another's. Where
the file system has no locks, an owner counts as alive until its lease has run out.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)
_SUFFIX: Final = ".owner"


class Owner:
    """The process at work, under a name of its own in `folder`. A forked child is another one: see `is_current`."""

    def __init__(self, folder: Path) -> None:
        self.name = secrets.token_hex(8)
        self._folder, self._pid = folder, os.getpid()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = FileLock(_path(folder, self.name), mode=0o600, thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except (OSError, NotImplementedError, Timeout) as exc:
            _log.info("no lock for this process's sweeps: %s", exc)

    @property
    def is_current(self) -> bool:
        """Whether this is still the process that the owner stands for."""
        return self._pid == os.getpid()

    def is_dead(self, name: str) -> bool:
        """Whether another owner is known to be gone. False also where nobody can know."""
        if name == self.name:
            return False
        path = _path(self._folder, name)
        if not path.exists():
            return True  # it let go of its lock in good order
        probe = FileLock(path, mode=0o600, thread_local=False)
        try:
            probe.acquire(timeout=0)
        except (Timeout, OSError, NotImplementedError):
            return False
        probe.release()
        with contextlib.suppress(OSError):
            path.unlink()
        return True

    def close(self) -> None:
        """Let go: what this owner was about is up for others."""
        if self.is_current and self._lock.is_locked:
            self._lock.release()
            with contextlib.suppress(OSError):
                _path(self._folder, self.name).unlink()


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}{_SUFFIX}"
