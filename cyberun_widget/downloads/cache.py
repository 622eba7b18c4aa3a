"""The default location of downloaded files: the user's cache, one folder per task."""

from __future__ import annotations

import logging
import stat
from typing import TYPE_CHECKING

from cyberun_widget.downloads.cache_entry import HIDDEN, Slot
from cyberun_widget.downloads.private import private_root
from cyberun_widget.downloads.record import read_record
from cyberun_widget.support.filenames import folder_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger("cyberun_widget.download")


def cache_root() -> Path:
    """Return the folder that contains the tasks' folders."""
    return private_root() / "tasks"


def cache_folder(task_id: str) -> Path:
    """Return the folder for one task's files. Any task id is safe. The folder isn't created."""
    return cache_root() / folder_name(task_id, "task")


def clear_cache(folder: Path | None = None) -> int:
    """Delete the files downloaded into `folder` and its immediate subfolders (default: the cache's root).

    Returns the number of bytes freed. Only files with a record are deleted, so other files in the user's folders stay,
    and so do files that a process is currently downloading. Symbolic links aren't followed.
    """
    root = cache_root() if folder is None else folder
    freed = 0
    for place in _places(root):
        freed += sum(_clear(place, record) for record in sorted((place / HIDDEN).glob("*.json")))
        for folder_left in (place / HIDDEN, place):
            if folder_left != root:
                _remove_if_empty(folder_left)
    return freed


def _places(root: Path) -> Iterator[Path]:
    """Yield the folders that contain records: this one and its immediate subfolders."""
    try:
        below = sorted(path for path in root.iterdir() if path.name != HIDDEN)
    except OSError:
        return
    for place in (root, *below):
        if _is_folder(place) and _is_folder(place / HIDDEN):
            yield place


def _clear(place: Path, path: Path) -> int:
    found = read_record(path)
    if found is None:
        return 0
    slot = Slot(place, found[0].task_id, found[0].key, "")
    try:
        if slot.id != path.stem or not slot.acquire():
            return 0
        try:
            return slot.erase()
        finally:
            slot.release()
    except OSError as problem:
        _log.debug("left in the cache: %s (%s)", path.name, type(problem).__name__)
        return 0


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _remove_if_empty(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:
        _log.debug("kept: %s isn't empty", path.name)
