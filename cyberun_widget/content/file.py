"""A complete file on this machine, and a safe way to open paths that others can write to."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cyberun_widget.content.kinds import OCTETS, Kind

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class File:
    """A file's path, name and type of content. `remedy`: what to do if it is missing or damaged."""

    path: Path
    name: str
    kind: Kind = "file"
    mime: str = OCTETS
    remedy: str = "Fetch it again."


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises OSError for anything else. Doesn't follow a symbolic link, and doesn't block on a pipe.
    """
    handle = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(handle, "rb")
