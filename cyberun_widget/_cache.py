"""Where the files of tasks are kept when nobody says otherwise: the user's cache, one folder a task."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from cyberun_widget._names import safe_name

_APP: Final = "cyberun-widget"


def cache_root() -> Path:
    """Return the folder above the tasks' folders."""
    return Path(user_cache_path(_APP, appauthor=False)) / "tasks"


def cache_folder(task_id: str) -> Path:
    """Return the folder of one task's files, whatever its id holds. It isn't made here."""
    return cache_root() / safe_name(task_id, "task")


def clear_cache() -> int:
    """Delete the folders of all tasks. Returns the bytes that were freed. A file in use elsewhere stays."""
    root = cache_root()
    freed = 0
    for file in root.rglob("*"):
        if file.is_file() and not file.is_symlink():
            freed += file.stat().st_size
    shutil.rmtree(root, ignore_errors=True)
    left = sum(file.stat().st_size for file in root.rglob("*") if file.is_file() and not file.is_symlink())
    return freed - left
