"""One artifact's place on disk: the file, the `.part` it grows in, the record beside it, and the lock on all three.

Everything happens inside one folder, and no symbolic link inside it is followed. The folder may be the user's own and
hold other tasks' files or anything else: a file that this artifact's record doesn't name is never touched. The lock is
the operating system's, so it ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
import sys
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.support.filenames import fold, unique_name

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

HIDDEN: Final = ".cyberun"
_UNSUPPORTED: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_BINARY: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a file that is here or on its way. `size`: bytes of the whole, None if the store didn't say.

    `name` and `placed`: the file that was put into the folder, and its bytes; "" and None as long as there is none.
    Both are written before the file gets its name, so they hold only together with a file of that name and size.
    `complete`: that file is the whole of the newest fetch.
    """

    task_id: str
    key: str
    size: int | None = None
    etag: str | None = None
    mime: str = ""
    name: str = ""
    placed: int | None = None
    complete: bool = False


class Slot:
    """The place of the artifact `key` of `task_id` in `folder`. Its methods block: call them off the event loop."""

    def __init__(self, folder: Path, task_id: str, key: str, name: str) -> None:
        self.folder, self.task_id, self.key, self.name = folder, task_id, key, name
        self.id = hashlib.sha256(f"{task_id}\n{key}".encode("utf-8", "replace")).hexdigest()[:12]
        self._hidden = folder / HIDDEN
        self._lock: int | None = None
        self._shared = True
        self.part = folder / f"{name}.{self.id}.part"

    # --- the record --------------------------------------------------------------------------------------------------

    @property
    def _record_path(self) -> Path:
        return self._hidden / f"{self.id}.json"

    def record(self) -> Record | None:
        """Return what an earlier run wrote down, None if nothing (or nothing sound) is there."""
        try:
            data: Any = json.loads(_read_small(self._record_path))
            if isinstance(data, dict):
                known = {field.name for field in fields(Record)}
                found = Record(**{name: value for name, value in data.items() if name in known})
                if (found.task_id, found.key) == (self.task_id, self.key) and _sound(found):
                    return found
        except (OSError, ValueError, TypeError):
            return None
        return None

    def write_record(self, record: Record) -> None:
        """Write the record, whole or not at all. Raises OSError."""
        fresh = self._hidden / f"{self.id}.{os.getpid()}.new"
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - of a descriptor
            json.dump(asdict(record), file)
        fresh.replace(self._record_path)

    def cached(self) -> tuple[Path, Record] | None:
        """Return the complete file that is here already. No request is needed for it, and no lock."""
        record = self.record()
        if record is None or not (record.complete and self._stands(record)):
            return None
        return self.folder / record.name, record

    def _stands(self, record: Record) -> bool:
        """Whether the file that the record names is there, and as it was put there."""
        return bool(record.name) and _regular_size(self.folder / record.name) == record.placed is not None

    # --- the lock ----------------------------------------------------------------------------------------------------

    def acquire(self) -> bool:
        """Take the lock; False while another widget or process holds it. Raises OSError where nothing can be written.

        On a file system without locks the `.part` gets a name of its own instead, and isn't resumed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self._hidden.mkdir()
        if not stat.S_ISDIR(self._hidden.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a folder of its own", str(self._hidden))
        path = self._hidden / f"{self.id}.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW | _BINARY, 0o666)
        try:
            _lock(handle)
            # The one before us removes its lock file: what we locked must still be what the name stands for.
            if sys.platform == "win32" or os.path.samestat(os.fstat(handle), path.stat()):
                self._lock = handle
                return True
        except FileNotFoundError:
            pass
        except OSError as problem:
            if problem.errno in _UNSUPPORTED:
                self._lock, self._shared = handle, False
                self.part = self.folder / f"{self.name}.{self.id}.{os.getpid()}-{id(self):x}.part"
                return True
            if problem.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                os.close(handle)
                raise
        os.close(handle)
        return False

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if self._lock is not None:
            with contextlib.suppress(OSError):  # on Windows an open file stays; the next one uses it
                (self._hidden / f"{self.id}.lock").unlink()
            os.close(self._lock)
            self._lock = None
            if not self._shared:
                self.part.unlink(missing_ok=True)

    # --- the file ----------------------------------------------------------------------------------------------------

    def have(self) -> int:
        """Return how many bytes of the `.part` are here."""
        return _regular_size(self.part) or 0

    def open_part(self, at: int) -> int:
        """Open the `.part` for writing from byte `at` on, cutting off what stands behind; return its descriptor."""
        if self.part.is_symlink() or (self.part.exists() and not self.part.is_file()):
            self.part.unlink()
        handle = os.open(self.part, os.O_WRONLY | os.O_CREAT | _NOFOLLOW | _BINARY, 0o666)
        os.ftruncate(handle, at)
        os.lseek(handle, at, os.SEEK_SET)
        return handle

    def discard(self) -> None:
        """Forget the partial file."""
        self.part.unlink(missing_ok=True)

    def finish(self, name: str, record: Record) -> Path:
        """Give the `.part` its name, or the next free one, and write it down. Raises OSError.

        Only this artifact's own file of an earlier fetch is replaced, and only if nobody has changed it since.
        """
        before, size = self.record(), self.have()
        own = before.name if before and self._stands(before) else ""
        taken = {fold(entry.name) for entry in os.scandir(self.folder)} - {fold(own)}
        while True:
            name = unique_name(name, taken)
            path = self.folder / name
            self.write_record(replace(record, name=name, placed=size, size=size, complete=True))
            try:
                self._place(path, over=name == own)
            except FileExistsError:  # another process was quicker with this name
                taken.add(fold(name))
                continue
            if own and own != name:
                (self.folder / own).unlink(missing_ok=True)
            return path

    def erase(self) -> int:
        """Delete the file, the partial one and the record, while the lock is held. Return the bytes freed."""
        record, freed = self.record(), 0
        paths = [*self.folder.glob(f"*.{self.id}*.part")]
        if record is not None and self._stands(record):
            paths.append(self.folder / record.name)
        for path in paths:
            freed += _regular_size(path) or 0
            path.unlink(missing_ok=True)
        self._record_path.unlink(missing_ok=True)
        return freed

    def _place(self, path: Path, *, over: bool) -> None:
        if not over:
            try:
                os.link(self.part, path)  # unlike a rename it never replaces what is there
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links
                if path.exists() or path.is_symlink():
                    raise FileExistsError(errno.EEXIST, "exists", str(path)) from None
            else:
                self.part.unlink()
                return
        self.part.replace(path)


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sound(record: Record) -> bool:
    """Whether a record can be believed: it is a file that anybody could have written."""
    name = record.name
    bare = isinstance(name, str) and name not in (".", "..") and not {"/", "\\", "\x00"} & set(name)
    sizes = all(size is None or (type(size) is int and size >= 0) for size in (record.size, record.placed))
    return bare and sizes and isinstance(record.etag, (str, type(None))) and isinstance(record.mime, str)


def _regular_size(path: Path) -> int | None:
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _read_small(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | _NOFOLLOW | _BINARY)
    with open(handle, "rb") as file:  # noqa: PTH123 - of a descriptor
        return file.read(64 * 1024)
