"""The file a download is written to, and the messages for disk errors."""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Sink:
    """An open file, written by a worker thread and closed by the event loop, in either order after a cancellation."""

    __slots__ = ("_handle", "_lock")

    def __init__(self) -> None:
        self._handle: int | None = None
        self._lock = threading.Lock()

    def open(self, opener: Callable[[int], int], at: int) -> None:
        """Open the file for writing from byte `at`. `opener` returns its descriptor. Raises OSError."""
        self._handle = opener(at)

    def write(self, blocks: Sequence[bytes]) -> None:
        """Write all blocks. Does nothing once closed. Raises OSError."""
        with self._lock:
            view = memoryview(blocks[0] if len(blocks) == 1 else b"".join(blocks))
            while view and self._handle is not None:
                view = view[os.write(self._handle, view) :]

    def close(self) -> None:
        """Close the file once a pending write has finished."""
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None


def disk_words(problem: OSError, folder: Path) -> str:
    """Return a message that says why a file can't be written to `folder`, and what to do."""
    match problem.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"No space left in {folder}. Free some space, then try again."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{folder} is not writable. Set another download_dir, then try again."
        case errno.EFBIG:
            return f"The file is too large for the file system of {folder}. Set another download_dir."
        case errno.ENOTDIR | errno.EEXIST | errno.ELOOP:
            return f"{folder} is not a usable folder. Set another download_dir."
        case errno.EMFILE | errno.ENFILE:
            return "Too many open files. Close some notebooks, then try again."
        case _:
            return f"Could not write to {folder} ({problem.strerror or problem}). Try again."
