"""The database: tasks and files in SQLite, beside a folder with the files' bytes."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tasks (
  id TEXT PRIMARY KEY, workflow_id TEXT NOT NULL, workflow_slug TEXT NOT NULL, version INTEGER NOT NULL,
  parameters TEXT NOT NULL, status TEXT NOT NULL, error TEXT, output TEXT, retry_count INTEGER NOT NULL DEFAULT 0,
  agent_id TEXT, created_at REAL NOT NULL, started_at REAL, completed_at REAL);
CREATE INDEX IF NOT EXISTS tasks_by_status ON tasks (status, created_at);
CREATE INDEX IF NOT EXISTS tasks_by_age ON tasks (created_at, id);
CREATE TABLE IF NOT EXISTS objects (
  key TEXT PRIMARY KEY, mime TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_VERDICTS: Final = ", ".join(f"'{status}'" for status in sorted(TERMINAL))


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as stored. Times: seconds since 1970."""

    id: str
    workflow_id: str
    workflow_slug: str
    version: int
    parameters: dict[str, Any]
    created_at: float
    status: str = "pending"
    error: str | None = None
    output: dict[str, Any] | None = None
    retry_count: int = 0
    agent_id: str | None = None
    started_at: float | None = None
    completed_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the task has a terminal status."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """A stored file. `etag`: a strong validator, quoted as in the header."""

    key: str
    mime: str
    name: str
    size: int
    etag: str
    created_at: float
    path: Path = field(compare=False)


class Store:
    """One folder: `cyberun.sqlite`, `objects/`, `work/`. Use from one thread only.

    Raises sqlite3.Error if the folder can't be written or the file isn't a database.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in (folder, folder / "objects", folder / "work"):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "cyberun.sqlite"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # it contains the secret that signs URLs
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def secret(self) -> bytes:
        """Return the key that signs URLs, created once per folder, so that links survive a restart."""
        self._db.execute("INSERT OR IGNORE INTO settings VALUES ('secret', ?)", (secrets.token_bytes(32),))
        row = self._db.execute("SELECT value FROM settings WHERE name = 'secret'").fetchone()
        return bytes(row[0])

    # --- tasks ---------------------------------------------------------------------------------------------------

    def add_task(self, task: TaskRow) -> None:
        """Store a new task."""
        values = asdict(task) | {"parameters": json.dumps(task.parameters), "output": None}
        marks = ", ".join(f":{name}" for name in values)
        self._db.execute(f"INSERT INTO tasks ({', '.join(values)}) VALUES ({marks})", values)  # noqa: S608 - constant names

    def update_task(self, task_id: str, **changes: Any) -> bool:
        """Change columns of a task. Returns False, with nothing changed, if the task has ended."""
        if changes.get("output") is not None:
            changes["output"] = json.dumps(changes["output"])
        setters = ", ".join(f"{name} = :{name}" for name in changes)
        done = self._db.execute(
            f"UPDATE tasks SET {setters} WHERE id = :id AND status NOT IN ({_VERDICTS})",  # noqa: S608 - constant names
            changes | {"id": task_id},
        )
        return done.rowcount == 1

    def task(self, task_id: str) -> TaskRow | None:
        """Return a task, or None."""
        row = self._db.execute("SELECT * FROM tasks WHERE id = ?", (task_id.lower(),)).fetchone()
        return _task(row) if row else None

    def tasks(self, status: str | None, offset: int, limit: int) -> tuple[list[TaskRow], int]:
        """Return a page of tasks, newest first, and the total number. `status`: only tasks with this status."""
        wanted = {"status": status, "offset": offset, "limit": limit}
        where = "WHERE :status IS NULL OR status = :status"
        total = self._db.execute(f"SELECT count(*) FROM tasks {where}", wanted).fetchone()[0]  # noqa: S608 - constants
        rows = self._db.execute(
            f"SELECT * FROM tasks {where} ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset",  # noqa: S608 - constants
            wanted,
        )
        return [_task(row) for row in rows], int(total)

    def unfinished(self) -> list[TaskRow]:
        """Return the tasks without a terminal status, oldest first."""
        rows = self._db.execute(f"SELECT * FROM tasks WHERE status NOT IN ({_VERDICTS}) ORDER BY created_at")  # noqa: S608 - constants
        return [_task(row) for row in rows]

    def earlier_runs(self, task: TaskRow) -> int:
        """Return the number of earlier tasks with the same workflow and parameters."""
        row = self._db.execute(
            "SELECT count(*) FROM tasks WHERE workflow_id = ? AND parameters = ? AND (created_at, id) < (?, ?)",
            (task.workflow_id, json.dumps(task.parameters), task.created_at, task.id),
        ).fetchone()
        return int(row[0])

    # --- objects -------------------------------------------------------------------------------------------------

    def object_path(self, key: str) -> Path:
        """Return the path of an object's bytes. The name is a digest, so no key can escape the folder."""
        return self.folder / "objects" / hashlib.sha256(key.encode()).hexdigest()

    def add_object(self, item: ObjectRow) -> bool:
        """Store an object's metadata. Returns False if the key is taken."""
        done = self._db.execute(
            "INSERT OR IGNORE INTO objects VALUES (?, ?, ?, ?, ?, ?)",
            (item.key, item.mime, item.name, item.size, item.etag, item.created_at),
        )
        return done.rowcount == 1

    def object(self, key: str) -> ObjectRow | None:
        """Return an object's metadata, None if there is none or its bytes are gone."""
        row = self._db.execute(
            "SELECT key, mime, name, size, etag, created_at FROM objects WHERE key = ?", (key,)
        ).fetchone()
        path = self.object_path(key)
        if row is None or not path.exists():
            return None
        name, mime, label, size, etag, created_at = row
        return ObjectRow(name, mime, label, size, etag, created_at, path)

    def drop_objects(self, prefix: str, before: float) -> int:
        """Remove the objects under a prefix created before a given time. Returns how many."""
        rows = self._db.execute(
            "SELECT key FROM objects WHERE substr(key, 1, ?) = ? AND created_at < ?", (len(prefix), prefix, before)
        ).fetchall()
        for (key,) in rows:
            self.object_path(key).unlink(missing_ok=True)
            self._db.execute("DELETE FROM objects WHERE key = ?", (key,))
        return len(rows)


def _task(row: sqlite3.Row) -> TaskRow:
    values = dict(row)
    for name in ("parameters", "output"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return TaskRow(**values)
