"""One artifact's slot on disk: the file, its `.part` during the download, its record, and a lock for all three.

All of them are in one folder, in which no symbolic link is followed. The folder may be the user's or a shared one, and
contain other tasks' or unrelated files: a file without a record of ours is never touched. The lock belongs to the
operating system, which releases it when the process ends, even after a crash.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cyberun_widget.downloads.private import is_private, make_folder
from cyberun_widget.downloads.record import Record, read_record, write_record
from cyberun_widget.support.filenames import fold, unique_name

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN: Final = ".cyberun"
_UNSUPPORTED: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_BINARY: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


class Slot:
    """The slot of the artifact `key` of `task_id` in `folder`. Its methods block: call them off the event loop."""

    def __init__(self, folder: Path, task_id: str, key: str, name: str) -> None:
        from filelock import FileLock  # noqa: PLC0415 - it imports asyncio and sqlite3, which only downloads need

        self.folder, self.task_id, self.key, self.name = folder, task_id, key, name
        self.id = hashlib.sha256(f"{task_id}\n{key}".encode("utf-8", "replace")).hexdigest()[:12]
        self.part = folder / f"{name}.{self.id}.part"
        self._hidden = folder / HIDDEN
        self._mode = 0o600 if is_private(folder) else 0o666
        self._lock = FileLock(self._hidden / f"{self.id}.lock", thread_local=False)
        self._lockless = False

    # --- the record --------------------------------------------------------------------------------------------------

    @property
    def _record_path(self) -> Path:
        return self._hidden / f"{self.id}.json"

    def record(self) -> Record | None:
        """Return the record of an earlier run, None if there is none or it is invalid.

        A record written by another user may be used to resume, but not to decide which file is ours.
        """
        record, ours = self._read() or (None, False)
        return record if record is None or ours else replace(record, name="", placed=None, complete=False)

    def write_record(self, record: Record) -> None:
        """Write the record atomically. Raises OSError."""
        write_record(self._record_path, record, self._mode)

    def cached(self) -> tuple[Path, Record] | None:
        """Return the complete file and its record if it is already downloaded. Needs no request and no lock."""
        record, _ours = self._read() or (None, False)
        if record is None or not (record.complete and self._stands(record)):
            return None
        return self.folder / record.name, record

    def _read(self) -> tuple[Record, bool] | None:
        found = read_record(self._record_path)
        return found if found and (found[0].task_id, found[0].key) == (self.task_id, self.key) else None

    def _stands(self, record: Record) -> bool:
        """Whether the file named by the record exists and still has its recorded size."""
        return bool(record.name) and _regular_size(self.folder / record.name) == record.placed is not None

    def _own(self) -> str:
        """Return the name of this user's earlier download if its size is unchanged, else ""."""
        record, ours = self._read() or (None, False)
        return record.name if record and ours and self._stands(record) else ""

    # --- the lock ----------------------------------------------------------------------------------------------------

    def acquire(self) -> bool:
        """Take the lock. Returns False while another widget or process holds it. Raises OSError if not writable.

        On a file system without locks, the `.part` gets a unique name instead and isn't resumed.
        """
        make_folder(self.folder)
        with contextlib.suppress(FileExistsError):
            self._hidden.mkdir(0o700 if self._mode == 0o600 else 0o777)  # noqa: PLR2004 - accessible to the user only
        if not stat.S_ISDIR(self._hidden.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "not a real folder", str(self._hidden))
        from filelock import Timeout  # noqa: PLC0415 - see above

        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        except (OSError, NotImplementedError) as problem:
            if isinstance(problem, OSError) and problem.errno not in _UNSUPPORTED:
                raise
            self._lockless = True
            self.part = self.folder / f"{self.name}.{self.id}.{os.getpid()}-{id(self):x}.part"
        return True

    def release(self) -> None:
        """Release the lock and remove its file."""
        if self._lock.is_locked:
            with contextlib.suppress(OSError):  # Windows can't delete an open file; it is reused
                (self._hidden / f"{self.id}.lock").unlink()
            self._lock.release()
        if self._lockless:
            self._lockless = False
            self.part.unlink(missing_ok=True)

    # --- the file ----------------------------------------------------------------------------------------------------

    def have(self) -> int:
        """Return the size of the `.part`, in bytes."""
        return _regular_size(self.part) or 0

    def open_part(self, at: int) -> int:
        """Truncate the `.part` to `at` bytes and open it for appending. Return its file descriptor."""
        with contextlib.suppress(FileNotFoundError):
            found = self.part.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:  # planted: a link to another file
                self.part.unlink()
        handle = os.open(self.part, os.O_WRONLY | os.O_CREAT | _NOFOLLOW | _BINARY, self._mode)
        os.ftruncate(handle, at)
        os.lseek(handle, at, os.SEEK_SET)
        return handle

    def discard(self) -> None:
        """Delete the partial file."""
        self.part.unlink(missing_ok=True)

    def finish(self, name: str, record: Record) -> Path:
        """Rename the `.part` to `name`, or the next free name, and record it. Raises OSError.

        Replaces only an earlier download of the same artifact, and only if its size is unchanged.
        """
        own, size = self._own(), self.have()
        taken = {fold(entry.name) for entry in os.scandir(self.folder)} - {fold(own)}
        while True:
            name = unique_name(name, taken)
            path = self.folder / name
            self.write_record(replace(record, name=name, placed=size, size=size, complete=True))
            try:
                self._place(path, over=name == own)
            except FileExistsError:  # another process has just taken this name
                taken.add(fold(name))
                continue
            if own and own != name:
                (self.folder / own).unlink(missing_ok=True)
            return path

    def erase(self) -> int:
        """Delete the file, the partial file and the record. The lock must be held. Return the bytes freed.

        Deletes nothing if another user wrote the record.
        """
        _record, ours = self._read() or (None, False)
        if not ours:
            return 0
        paths = [*self.folder.glob(f"*.{self.id}*.part")]
        if own := self._own():
            paths.append(self.folder / own)
        freed = 0
        for path in paths:
            freed += _regular_size(path) or 0
            path.unlink(missing_ok=True)
        self._record_path.unlink(missing_ok=True)
        return freed

    def _place(self, path: Path, *, over: bool) -> None:
        if not over:
            try:
                os.link(self.part, path)  # unlike a rename, it never replaces an existing file
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links
                if path.exists() or path.is_symlink():
                    raise FileExistsError(errno.EEXIST, "exists", str(path)) from None
            else:
                self.part.unlink()
                return
        self.part.replace(path)


def _regular_size(path: Path) -> int | None:
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
