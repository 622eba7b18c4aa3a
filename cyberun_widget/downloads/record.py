"""The record of one download, stored next to the file: enough to resume it, find it again and remove it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.content.file import open_regular
from cyberun_widget.downloads.private import seal, sealed

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST: Final = 64 * 1024  # bytes: the largest record that is read


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a complete or partial download. `size`: full size in bytes, None if unknown.

    `name` and `placed`: the downloaded file's name and its size in bytes; "" and None if there is none yet. Both are
    written before the file is renamed, so they are valid only if a file of that name and size exists. `complete`: that
    file is the complete result of the latest download.
    """

    task_id: str
    key: str
    size: int | None = None
    etag: str | None = None
    mime: str = ""
    name: str = ""
    placed: int | None = None
    complete: bool = False


def read_record(path: Path) -> tuple[Record, bool] | None:
    """Return a record, and whether this user wrote it. None if there is no valid record.

    In a shared folder, anyone can write one: a file named by another user's record may be shown, but never deleted.
    """
    try:
        with open_regular(path) as file:
            data: Any = json.loads(file.read(_LARGEST))
        if not isinstance(data, dict):
            return None
        known = {field.name for field in fields(Record)}
        record = Record(**{name: value for name, value in data.items() if name in known})
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return (record, sealed(_text(record), data.get("seal"))) if _sound(record) else None


def write_record(path: Path, record: Record, mode: int) -> None:
    """Write a record atomically. `mode`: the file's permissions. Raises OSError."""
    fresh = path.with_name(f"{path.stem}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        json.dump({**asdict(record), "seal": seal(_text(record))}, file)
    fresh.replace(path)


def _text(record: Record) -> str:
    """Return the text that the signature covers."""
    return json.dumps(asdict(record), sort_keys=True)


def _sound(record: Record) -> bool:
    """Whether a record is valid. Anyone could have written it."""
    name = record.name
    texts = all(isinstance(text, str) for text in (record.task_id, record.key, record.mime, name))
    bare = texts and name not in (".", "..") and not {"/", "\\", "\x00"} & set(name)
    sizes = all(size is None or (type(size) is int and size >= 0) for size in (record.size, record.placed))
    return bare and sizes and isinstance(record.etag, (str, type(None))) and isinstance(record.complete, bool)
