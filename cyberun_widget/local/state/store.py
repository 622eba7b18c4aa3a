"""What the server must not forget: tasks and files, in one SQLite database beside a folder of objects."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from dataclasses import dataclass, field
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
CREATE TABLE IF NOT EXISTS objects (
  key TEXT PRIMARY KEY, mime TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_COLUMNS: Final = (
    "id, workflow_id, workflow_slug, version, parameters, status, error, output, retry_count, agent_id, created_at, "
    "started_at, completed_at"
)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as stored. Times: seconds since 1970."""

    id: str
    workflow_id: str
    workflow_slug: str
    version: int
    parameters: dict[str, Any]
    status: str
    error: str | None
    output: dict[str, Any] | None
    retry_count: int
    agent_id: str | None
    created_at: float
    started_at: float | None
    completed_at: float | None

    @property
    def ended(self) -> bool:
        """Whether the task has its verdict."""
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
    """One folder: `cyberun.sqlite`, `objects/`, `work/`. Used from one thread.

    Raises sqlite3.Error where the folder can't be written or the database isn't one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in (folder, folder / "objects", folder / "work"):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "cyberun.sqlite"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # it holds the secret that signs URLs
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def secret(self) -> bytes:
        """Return the key that signs URLs, made once a folder: links outlive a restart."""
        self._db.execute("INSERT OR IGNORE INTO settings VALUES ('secret', ?)", (secrets.token_bytes(32),))
        row = self._db.execute("SELECT value FROM settings WHERE name = 'secret'").fetchone()
        return bytes(row[0])

    # --- tasks ---------------------------------------------------------------------------------------------------

    def add_task(self, task: TaskRow) -> None:
        """Store a new task."""
        marks = ", ".join("?" * 13)
        values = (
            task.id, task.workflow_id, task.workflow_slug, task.version, json.dumps(task.parameters), task.status,
            task.error, None, task.retry_count, task.agent_id, task.created_at, task.started_at, task.completed_at,
        )  # fmt: skip
        self._db.execute(f"INSERT INTO tasks ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608 - constants

    def update_task(self, task_id: str, **changes: Any) -> None:
        """Change columns of a task; `output` is stored as JSON."""
        if "output" in changes:
            changes["output"] = None if changes["output"] is None else json.dumps(changes["output"])
        setters = ", ".join(f"{name} = ?" for name in changes)
        self._db.execute(f"UPDATE tasks SET {setters} WHERE id = ?", (*changes.values(), task_id))  # noqa: S608 - names are ours

    def task(self, task_id: str) -> TaskRow | None:
        """Return a task, None where there is none."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM tasks WHERE id = ?", (task_id.lower(),)).fetchone()  # noqa: S608 - constants
        return _task(row) if row else None

    def tasks(self, status: str | None, offset: int, limit: int) -> tuple[list[TaskRow], int]:
        """Return a page of tasks, the newest first, and how many there are in all."""
        where, arguments = ("WHERE status = ?", (status,)) if status else ("", ())
        total = self._db.execute(f"SELECT count(*) FROM tasks {where}", arguments).fetchone()[0]  # noqa: S608 - constants
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM tasks {where} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",  # noqa: S608 - constants
            (*arguments, limit, offset),
        )
        return [_task(row) for row in rows], int(total)

    def unfinished(self) -> list[TaskRow]:
        """Return the tasks without a verdict, the oldest first."""
        marks = ", ".join("?" * len(TERMINAL))
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM tasks WHERE status NOT IN ({marks}) ORDER BY created_at",  # noqa: S608 - constants
            tuple(TERMINAL),
        )
        return [_task(row) for row in rows]

    # --- objects -------------------------------------------------------------------------------------------------

    def object_path(self, key: str) -> Path:
        """Return where an object's bytes lie. The name is a digest: no key can lead out of the folder."""
        return self.folder / "objects" / hashlib.sha256(key.encode()).hexdigest()

    def add_object(self, item: ObjectRow) -> bool:
        """Store an object's facts; False where the key is taken."""
        done = self._db.execute(
            "INSERT OR IGNORE INTO objects VALUES (?, ?, ?, ?, ?, ?)",
            (item.key, item.mime, item.name, item.size, item.etag, item.created_at),
        )
        return done.rowcount == 1

    def object(self, key: str) -> ObjectRow | None:
        """Return an object's facts, None where there is none or its bytes are gone."""
        row = self._db.execute(
            "SELECT key, mime, name, size, etag, created_at FROM objects WHERE key = ?", (key,)
        ).fetchone()
        path = self.object_path(key)
        if row is None or not path.exists():
            return None
        name, mime, label, size, etag, created_at = row
        return ObjectRow(name, mime, label, size, etag, created_at, path)

    def drop_objects(self, prefix: str, before: float) -> int:
        """Remove the objects under a prefix that are older than a moment. Returns how many."""
        rows = self._db.execute(
            "SELECT key FROM objects WHERE substr(key, 1, ?) = ? AND created_at < ?", (len(prefix), prefix, before)
        ).fetchall()
        for (key,) in rows:
            self.object_path(key).unlink(missing_ok=True)
            self._db.execute("DELETE FROM objects WHERE key = ?", (key,))
        return len(rows)


def _task(row: tuple[Any, ...]) -> TaskRow:
    values = list(row)
    values[4] = json.loads(values[4])
    values[7] = None if values[7] is None else json.loads(values[7])
    return TaskRow(*values)
