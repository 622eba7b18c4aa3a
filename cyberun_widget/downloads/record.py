"""What is written down of one download, beside the file: enough to resume it, to find it again and to remove it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.content.file import open_regular
from cyberun_widget.downloads.private import seal, sealed

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST: Final = 64 * 1024  # bytes of a record


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


def read_record(path: Path) -> tuple[Record, bool] | None:
    """Return a record, and whether this user's own process wrote it. None where there is none that makes sense.

    In a shared folder anybody can write one: what a foreign record names may be shown, but never removed.
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
    """Write a record, whole or not at all. `mode`: the file's permissions. Raises OSError."""
    fresh = path.with_name(f"{path.stem}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        json.dump({**asdict(record), "seal": seal(_text(record))}, file)
    fresh.replace(path)


def _text(record: Record) -> str:
    """Return what is sealed."""
    return json.dumps(asdict(record), sort_keys=True)


def _sound(record: Record) -> bool:
    """Whether a record can be believed: it is a file that anybody could have written."""
    name = record.name
    texts = all(isinstance(text, str) for text in (record.task_id, record.key, record.mime, name))
    bare = texts and name not in (".", "..") and not {"/", "\\", "\x00"} & set(name)
    sizes = all(size is None or (type(size) is int and size >= 0) for size in (record.size, record.placed))
    return bare and sizes and isinstance(record.etag, (str, type(None))) and isinstance(record.complete, bool)
