"""Saves a task's files with their provenance."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.content.readers import copy_beside
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.filenames import fold, unique_name
from cyberun_widget.support.secrets import scrub

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from cyberun_widget.artifacts.model import Artifact

SIDECAR: Final = "task.json"
_FORMAT: Final = 1


def save_all(
    artifacts: Iterable[Artifact],
    directory: str | os.PathLike[str],
    provenance: Mapping[str, Any],
    *,
    now: dt.datetime | None = None,
) -> list[Path]:
    """Copy every downloaded file into `directory`, and write `task.json` beside them. Return the files' paths.

    `provenance`: facts about the run (task_id, workflow, parameters, gpu_type, times…); API keys and link signatures in
    it are hidden. `task.json` lists each file with its size and SHA-256, and missing files with the reason. No existing
    file with different content is overwritten, except the `task.json` of the same task. `now`: the time written as
    `saved_at` (default: the current time). Raises CyberunError if the folder can't be written.
    """
    folder, items = Path(directory).expanduser(), list(artifacts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        saved: list[Path] = []
        entries, missing = [], []
        for item in items:
            if item.state != "ready" or item.path is None:
                missing.append({"key": item.key, "name": item.name, "reason": item.error or item.state})
                continue
            path = copy_beside(item.path, folder, _free_of_sidecar(item.name))
            saved.append(path)
            entries.append(_entry(item, path))
        moment = now or dt.datetime.now(dt.UTC)
        document = {
            "format": _FORMAT,
            **scrub(dict(provenance)),
            "saved_at": moment.isoformat(timespec="seconds"),
            "files": entries,
            "missing": missing,
        }
        _write(folder, document)
    except OSError as problem:
        words = f"The files can't be saved to {folder}: {problem.strerror or problem}. Choose another folder."
    else:
        return saved
    raise CyberunError(words)


def _free_of_sidecar(name: str) -> str:
    return unique_name(name, {fold(SIDECAR)})


def _entry(item: Artifact, path: Path) -> dict[str, Any]:
    facts = {
        "key": item.key,
        "file": path.name,
        "kind": item.kind,
        "mime": item.mime,
        "group": item.group,
        "size": path.stat().st_size,
        "sha256": sha256(path),
        "width": item.width,
        "height": item.height,
        "duration": item.duration,
        "note": item.error,
    }
    return {name: value for name, value in facts.items() if value is not None}


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal. Reads blocks of one megabyte."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _write(folder: Path, document: dict[str, Any]) -> Path:
    """Write `task.json`. Replaces only the same task's file; if another file has that name, adds a number."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"
    taken: set[str] = set()
    while True:
        path = folder / unique_name(SIDECAR, taken)
        if not path.exists() and not path.is_symlink():
            break
        if not path.is_symlink() and _task_of(path) == document.get("task_id"):
            break
        taken.add(fold(path.name))
    fresh = folder / f".{path.name}.new"
    fresh.unlink(missing_ok=True)
    with fresh.open("x", encoding="utf-8") as file:
        file.write(text)
    return fresh.replace(path)


def _task_of(path: Path) -> Any:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return _format_unknown
    return found.get("task_id") if isinstance(found, dict) and "format" in found else _format_unknown


_format_unknown: Final = object()
