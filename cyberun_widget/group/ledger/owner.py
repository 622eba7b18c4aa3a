"""The owner of claims in the ledger: a process that holds a file lock while it lives, so that others see its death.

The lock is released when the process ends, even by SIGKILL; unlike a process id, it can't be confused with another's.
On a file system without locks, an owner counts as alive until its lease expires.
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
    """The current process as an owner, uniquely named in `folder`. A forked child is another owner: `is_current`."""

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
        """Whether the calling process is the one this owner was made in."""
        return self._pid == os.getpid()

    def is_dead(self, name: str) -> bool:
        """Whether another owner is known to be dead. False if that can't be determined."""
        if name == self.name:
            return False
        path = _path(self._folder, name)
        if not path.exists():
            return True  # it closed normally and released its lock
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
        """Release the lock, so that others may take over this owner's claims."""
        if self.is_current and self._lock.is_locked:
            self._lock.release()
            with contextlib.suppress(OSError):
                _path(self._folder, self.name).unlink()


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}{_SUFFIX}"
