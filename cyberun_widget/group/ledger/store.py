"""The ledger: records each step of each point before the step is taken.

Every step is one transaction that checks the state it starts from, so if two processes try the same step, one wins.
WAL with full synchronisation: a committed record survives SIGKILL and power loss.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from platformdirs import user_state_path

from cyberun_widget.errors import ConfigurationError, CyberunError
from cyberun_widget.group.ledger.entry import Entry, Sweep
from cyberun_widget.group.ledger.owner import Owner
from cyberun_widget.support.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

LEASE: Final = 180.0
"""Seconds after which an owner counts as dead if its lock can't tell; longer than any request to the service."""
_PATIENCE: Final = 30.0  # seconds to wait for another process's transaction; each takes milliseconds
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sweeps (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, pinned TEXT NOT NULL, drawn TEXT NOT NULL, title TEXT NOT NULL,
  allowed INTEGER, created REAL NOT NULL);
CREATE INDEX IF NOT EXISTS sweeps_by_key ON sweeps (key, id);
CREATE TABLE IF NOT EXISTS points (
  sweep INTEGER NOT NULL REFERENCES sweeps (id), key TEXT NOT NULL, parameters TEXT NOT NULL, state TEXT NOT NULL,
  task_id TEXT, owner TEXT, lease REAL, attempt INTEGER NOT NULL DEFAULT 1, sent_at REAL, error TEXT,
  former TEXT NOT NULL DEFAULT '[]', PRIMARY KEY (sweep, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS points_by_task ON points (task_id) WHERE task_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS marks (
  sweep INTEGER NOT NULL REFERENCES sweeps (id), key TEXT NOT NULL, mark TEXT NOT NULL,
  PRIMARY KEY (sweep, key, mark)) WITHOUT ROWID;
"""
_MARKS: Final = "SELECT group_concat(mark) FROM marks WHERE marks.sweep = points.sweep AND marks.key = points.key"
_COLUMNS: Final = f"key, state, task_id, owner, attempt, sent_at, error, former, ({_MARKS})"


class Ledger:
    """The user's ledger at `path`. Safe to use from several threads and processes; each call blocks for milliseconds.

    `now`: returns POSIX seconds, comparable between processes.
    """

    def __init__(self, path: Path | None = None, *, now: Callable[[], float] = time.time) -> None:
        self._path = path or default_path()
        self._now = now
        self._lock = threading.RLock()
        try:
            _private(self._path)
            self.owner = Owner(self._path.parent / "owners")
            self._db = self._open()
        except (OSError, sqlite3.Error) as exc:
            raise ConfigurationError(
                f"The ledger of your sweeps can't be used ({self._path}: {exc}). Without it a sweep could be charged "
                "twice, so nothing was submitted. Make the folder writable, or set XDG_STATE_HOME to one that is."
            ) from None

    def close(self) -> None:
        """Close the file and release this process's claims."""
        with self._lock:
            self._db.close()
        self.owner.close()

    # --- sweeps ------------------------------------------------------------------------------------------------------

    def open(self, key: str, *, pinned: str, drawn: Mapping[str, int], title: str, fresh: bool = False) -> Sweep:
        """Return the newest sweep with this key, or a new one (always a new one if `fresh`).

        An existing sweep keeps its pinned version and its draws; missing draws are added.
        """
        with self._write() as db:
            known = None if fresh else self._newest(key)
            if known is not None:
                known = replace(known, drawn={**drawn, **known.drawn})
                db.execute("UPDATE sweeps SET drawn = ? WHERE id = ?", (json.dumps(known.drawn), known.id))
                return known
            cursor = db.execute(
                "INSERT INTO sweeps (key, pinned, drawn, title, allowed, created) VALUES (?, ?, ?, ?, 0, ?)",
                (key, pinned, json.dumps(dict(drawn)), title, self._now()),
            )
            return Sweep(int(cursor.lastrowid or 0), pinned, dict(drawn), allowed=0, resumed=False)

    def find(self, key: str) -> Sweep | None:
        """Return the newest sweep with this key, or None."""
        with self._lock:
            return self._newest(key)

    def allow(self, sweep: int, points: int | None) -> None:
        """Record how many points, counted from the first, the user has agreed to pay for. None: all."""
        with self._write() as db:
            db.execute("UPDATE sweeps SET allowed = ? WHERE id = ?", (points, sweep))

    def plan(self, sweep: int, points: Iterable[tuple[str, str]]) -> None:
        """Record points, as pairs of key and JSON parameters. Existing points stay unchanged."""
        with self._write() as db:
            db.executemany(
                "INSERT INTO points (sweep, key, parameters, state) VALUES (?, ?, ?, 'planned') ON CONFLICT DO NOTHING",
                ((sweep, key, parameters) for key, parameters in points),
            )

    def entries(self, sweep: int) -> dict[str, Entry]:
        """Return the entries of a sweep's points, by key."""
        with self._lock:
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM points WHERE sweep = ?", (sweep,)).fetchall()  # noqa: S608 - constant column names
        return {row[0]: _entry(row) for row in rows}

    def entry(self, sweep: int, key: str) -> Entry:
        """Return the entry of one point."""
        with self._lock:
            query = f"SELECT {_COLUMNS} FROM points WHERE sweep = ? AND key = ?"  # noqa: S608 - constant column names
            return _entry(self._db.execute(query, (sweep, key)).fetchone())

    def changed(self) -> int:
        """Return a number that changes whenever another process writes."""
        with self._lock:
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    # --- one point: submission ---------------------------------------------------------------------------------------

    def claim(self, sweep: int, key: str) -> bool:
        """Claim a planned point for this process; False if another one has it, or it is no longer planned."""
        return self._step(
            sweep, key, "state = 'planned'", "state = 'claimed', owner = :me, lease = :lease, error = NULL"
        )

    def sending(self, sweep: int, key: str) -> None:
        """Record that the request is about to be sent. Raises CyberunError if the claim was lost; then don't send."""
        done = self._step(
            sweep,
            key,
            "state = 'claimed' AND owner = :me",
            "state = 'sending', lease = :lease, sent_at = :now",
        )
        if not done:
            raise CyberunError("Another process has taken over this point; it is not sent from here.")

    def submitted(self, sweep: int, key: str, task_id: str) -> bool:
        """Record the point's task id; False if the point has meanwhile been settled in another way."""
        mine = "state IN ('claimed', 'sending', 'unknown') AND owner = :me"
        return self._step(sweep, key, mine, "state = 'submitted', task_id = :task, error = NULL", task=task_id)

    def release(self, sweep: int, key: str) -> None:
        """Record that the service certainly didn't accept it: any process may send it again."""
        self._step(sweep, key, "state IN ('claimed', 'sending') AND owner = :me", "state = 'planned', owner = NULL")

    def refuse(self, sweep: int, key: str, error: str) -> None:
        """Record that the service refused to run this point, and why."""
        mine = "state IN ('claimed', 'sending') AND owner = :me"
        self._step(sweep, key, mine, "state = 'refused', owner = NULL, error = :error", error=redact(error))

    def doubt(self, sweep: int, key: str, error: str) -> None:
        """Record that the answer was lost, so it is unknown whether a task exists."""
        mine = "state IN ('claimed', 'sending') AND owner = :me"
        self._step(sweep, key, mine, "state = 'unknown', error = :error", error=redact(error))

    # --- one point: the user's decisions -----------------------------------------------------------------------------

    def attach(self, sweep: int, key: str, task_id: str) -> bool:
        """Settle an unknown point with its task; False if it is settled already, or the task is another point's."""
        free = "state = 'unknown' AND NOT EXISTS (SELECT 1 FROM points WHERE task_id = :task)"
        return self._step(sweep, key, free, "state = 'submitted', task_id = :task, error = NULL", task=task_id)

    def send_again(self, sweep: int, key: str) -> bool:
        """Settle an unknown point by planning another paid submission, regardless of the outcome of the first."""
        once_more = "state = 'planned', owner = NULL, error = NULL, attempt = attempt + 1"
        return self._step(sweep, key, "state = 'unknown'", once_more)

    def retry(self, sweep: int, key: str, attempt: int) -> bool:
        """Plan another run of a point whose attempt failed; False if a retry was already requested."""
        ended = "state IN ('submitted', 'refused') AND attempt = :attempt"
        kept = "former = CASE WHEN task_id IS NULL THEN former ELSE json_insert(former, '$[#]', task_id) END"
        again = f"state = 'planned', owner = NULL, error = NULL, attempt = attempt + 1, {kept}, task_id = NULL"
        return self._step(sweep, key, ended, again, attempt=attempt)

    def mark(self, sweep: int, mark: str, keys: Iterable[str], *, on: bool) -> None:
        """Set or remove a mark on points. Costs nothing, and doesn't affect what is submitted."""
        change = (
            "INSERT INTO marks (sweep, key, mark) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
            if on
            else "DELETE FROM marks WHERE sweep = ? AND key = ? AND mark = ?"
        )
        with self._write() as db:
            db.executemany(change, ((sweep, key, mark) for key in keys))

    # --- after a crash -----------------------------------------------------------------------------------------------

    def recover(self, sweep: int) -> list[str]:
        """Recover points from dead processes: a claimed point becomes planned, one being sent becomes unknown.

        Returns the keys of all unknown points.
        """
        doubted: list[str] = []
        with self._lock:
            query = "SELECT DISTINCT owner, lease FROM points WHERE sweep = ? AND state IN ('claimed', 'sending')"
            owners = self._db.execute(query, (sweep,)).fetchall()
        now = self._now()
        for owner, lease in owners:
            if owner == self.owner.name or not (lease < now or self.owner.is_dead(owner)):
                continue
            with self._write() as db:
                told = "The kernel stopped while this point was being submitted."
                where = "sweep = ? AND owner = ? AND lease = ?"
                rows = db.execute(
                    f"UPDATE points SET state = 'unknown', error = ? WHERE state = 'sending' AND {where} RETURNING key",  # noqa: S608 - constant SQL
                    (told, sweep, owner, lease),
                ).fetchall()
                doubted += [key for (key,) in rows]
                db.execute(
                    f"UPDATE points SET state = 'planned', owner = NULL WHERE state = 'claimed' AND {where}",  # noqa: S608 - likewise
                    (sweep, owner, lease),
                )
        return doubted

    def strangers(self, task_ids: Iterable[str]) -> set[str]:
        """Return those of the task ids that belong to no point of any sweep, now or in an earlier attempt."""
        wanted = set(task_ids)
        with self._lock:
            rows = self._db.execute("SELECT task_id, former FROM points WHERE task_id IS NOT NULL OR former != '[]'")
            for task_id, former in rows:
                wanted -= {task_id, *json.loads(former)}
        return wanted

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _newest(self, key: str) -> Sweep | None:
        query = "SELECT id, pinned, drawn, allowed FROM sweeps WHERE key = ? ORDER BY id DESC"
        row = self._db.execute(query, (key,)).fetchone()
        return None if row is None else Sweep(row[0], row[1], json.loads(row[2]), row[3], resumed=True)

    def _step(self, sweep: int, key: str, where: str, then: str, **values: Any) -> bool:
        now = self._now()
        fields = {"sweep": sweep, "key": key, "me": self.owner.name, "now": now, "lease": now + LEASE, **values}
        with self._write() as db:
            cursor = db.execute(
                f"UPDATE points SET {then} WHERE sweep = :sweep AND key = :key AND {where}",  # noqa: S608 - constant SQL
                fields,
            )
            return cursor.rowcount == 1

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        if not self.owner.is_current:
            raise CyberunError("A sweep can't continue in a forked process. Start it again there.")
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            db.close()
            raise OSError("it was written by a newer cyberun-widget")
        db.executescript(_SCHEMA)
        db.execute(f"PRAGMA user_version = {_VERSION}")
        return db


def default_path() -> Path:
    """Return the path of the user's ledger."""
    return Path(user_state_path("cyberun-widget", appauthor=False)) / "sweeps" / "ledger.sqlite3"


def _private(path: Path) -> None:
    """Create the folder and the file, private to this user. SQLite gives its companion files the same mode."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _entry(row: tuple[Any, ...]) -> Entry:
    key, state, task_id, owner, attempt, sent_at, error, former, marks = row
    told = frozenset(marks.split(",")) if marks else frozenset()
    return Entry(key, state, task_id, owner, attempt, sent_at, error, tuple(json.loads(former)), told)
