"""Polls the tasks of one account: a few tasks one by one, many through pages of the task list.

Polling a thousand tasks takes ten pages instead of a thousand requests. Even when many connections break and recover
at the same time, only a few requests are in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.api.calls import find_workflow, task_path
from cyberun_widget.errors import AuthError, CyberunError, NotFoundError, ParameterError, ProtocolError
from cyberun_widget.protocol.models import Task

if TYPE_CHECKING:
    from datetime import datetime

    from cyberun_widget.api.settings import Settings
    from cyberun_widget.api.transport import Http
    from cyberun_widget.protocol.models import Workflow

AT_ONCE: Final = 8
"""Maximum requests in flight, for single tasks and for results separately."""

_PAGE: Final = 100  # tasks per page, the service's maximum
_SPARE: Final = 5  # pages beyond those that the wanted tasks would fill
_GATHER: Final = 0.05  # seconds during which polls are collected into a round
_GAP: Final = 0.25  # seconds between two rounds
_NO_LIST: Final = 60.0  # seconds before a refused list is requested again
_REFUSED: Final = (AuthError, NotFoundError, ParameterError, ProtocolError)


@dataclass(frozen=True, slots=True)
class PolledTask:
    """A polled task. `now`: the server's time. `asked_at`: when it was requested, in monotonic seconds."""

    task: Task
    now: datetime | None
    asked_at: float


@dataclass(frozen=True, slots=True)
class _Limits:
    connect: float
    silence: float


class TaskPoller:
    """Polls all followed tasks of one account. Runs on one event loop."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._single = 0  # requests for single tasks in flight, not counting rounds
        self._waiting: dict[str, asyncio.Future[PolledTask]] = {}
        self._round: asyncio.Task[None] | None = None
        self._listed: dict[str, tuple[Any, PolledTask]] = {}  # rows of the tasks followed through the list
        self._no_list_until = 0.0
        self._workflows: dict[str, asyncio.Future[Workflow]] = {}
        self.room = asyncio.Semaphore(AT_ONCE)
        """Acquired while a result is requested."""

    def add(self, task_id: str) -> None:
        """Start keeping a task's row of the list."""
        self._listed.setdefault(task_id, (None, _NEVER))

    def remove(self, task_id: str) -> None:
        """Stop keeping a task's row."""
        self._listed.pop(task_id, None)

    async def poll(self, task_id: str, *, connect: float, silence: float, within: float = 0.0) -> PolledTask:
        """Poll a task. Raises a CyberunError.

        `connect`, `silence`: timeouts in seconds. `within`: the maximum age of a cached answer, in seconds.
        """
        seen = self._listed.get(task_id)
        if seen is not None and time.monotonic() - seen[1].asked_at < within:
            return seen[1]
        limits = _Limits(connect, silence)
        many = task_id in self._listed and len(self._listed) > AT_ONCE
        if self._round is None and self._single < AT_ONCE and not many:
            self._single += 1
            try:
                return await self._one(task_id, limits)
            finally:
                self._single -= 1
        future = self._waiting.get(task_id)
        if future is None:
            future = self._waiting[task_id] = asyncio.get_running_loop().create_future()
            future.add_done_callback(_retrieved)
        if self._round is None:
            self._round = asyncio.create_task(self._rounds(limits))
        return await asyncio.shield(future)

    async def workflow(self, workflow_id: str) -> Workflow:
        """Return a workflow by its id. Concurrent calls for the same workflow share one request.

        Raises a CyberunError if it can't be fetched.
        """
        asking = self._workflows.get(workflow_id)
        if asking is None:
            asking = self._workflows[workflow_id] = asyncio.ensure_future(find_workflow(self._http, workflow_id))
            asking.add_done_callback(lambda done: self._forget(workflow_id, done))
        return await asyncio.shield(asking)

    def _forget(self, workflow_id: str, done: asyncio.Future[Workflow]) -> None:
        self._workflows.pop(workflow_id, None)
        _retrieved(done)

    async def _rounds(self, limits: _Limits) -> None:
        wanted: dict[str, asyncio.Future[PolledTask]] = {}
        try:
            await asyncio.sleep(_GATHER)
            while self._waiting:
                wanted, self._waiting = self._waiting, {}
                try:
                    await self._serve(wanted, limits)
                except CyberunError as exc:
                    for future in wanted.values():
                        if not future.done():
                            future.set_exception(exc)
                await asyncio.sleep(_GAP)
        finally:
            self._round = None
            for future in (*wanted.values(), *self._waiting.values()):
                future.cancel()
            self._waiting = {}

    async def _serve(self, wanted: dict[str, asyncio.Future[PolledTask]], limits: _Limits) -> None:
        if len(wanted) > AT_ONCE and time.monotonic() >= self._no_list_until:
            try:
                await self._pages(wanted, limits)
            except _REFUSED:
                self._no_list_until = time.monotonic() + _NO_LIST
        room = asyncio.Semaphore(AT_ONCE)

        async def one(task_id: str, future: asyncio.Future[PolledTask]) -> None:
            async with room:
                try:
                    look = await self._one(task_id, limits)
                except CyberunError as exc:
                    if not future.done():
                        future.set_exception(exc)
                else:
                    if not future.done():
                        future.set_result(look)

        await asyncio.gather(*(one(*item) for item in wanted.items() if not item[1].done()))

    async def _pages(self, wanted: dict[str, asyncio.Future[PolledTask]], limits: _Limits) -> None:
        """Read pages until all tasks are found. A task that isn't on them is polled individually afterwards."""
        missing = set(wanted)
        most = -(-max(len(missing), len(self._listed)) // _PAGE) + _SPARE
        for page in range(1, most + 1):
            asked_at = time.monotonic()
            answer = await self._http.call(
                "GET",
                "/r/tasks",
                params={"current_page": page, "per_page": _PAGE},
                connect_timeout=limits.connect,
                read_timeout=limits.silence,
            )
            rows = answer.data.get("task_list") if isinstance(answer.data, dict) else None
            if not isinstance(rows, list):
                raise ProtocolError("Unexpected response: there is no task_list.")
            for row in rows:
                task_id = row.get("id") if isinstance(row, dict) else None
                if not isinstance(task_id, str) or not (task_id in missing or task_id in self._listed):
                    continue
                with contextlib.suppress(ProtocolError):
                    look = self._read(task_id, row, answer.now, asked_at)
                    if task_id in missing:
                        missing.remove(task_id)
                        if not wanted[task_id].done():
                            wanted[task_id].set_result(look)
            if not missing or len(rows) < _PAGE:
                return

    def _read(self, task_id: str, row: Any, now: datetime | None, asked_at: float) -> PolledTask:
        """Parse a row, unless it is unchanged."""
        before = self._listed.get(task_id)
        same = before is not None and before[0] == row
        look = PolledTask(
            before[1].task if before is not None and same else Task.from_json(row, task_id), now, asked_at
        )
        if before is not None:
            self._listed[task_id] = (row, look)
        return look

    async def _one(self, task_id: str, limits: _Limits) -> PolledTask:
        asked_at = time.monotonic()
        answer = await self._http.call(
            "GET", task_path(task_id), connect_timeout=limits.connect, read_timeout=limits.silence
        )
        return PolledTask(Task.from_json(answer.data, task_id), answer.now, asked_at)


_NEVER: Final = PolledTask(Task("", "unknown"), None, float("-inf"))
_pollers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Settings, TaskPoller]] = weakref.WeakKeyDictionary()


def task_poller(http: Http) -> TaskPoller:
    """Return the running loop's poller for an account."""
    found = _pollers.setdefault(asyncio.get_running_loop(), {})
    if http.settings not in found:
        found[http.settings] = TaskPoller(http)
    return found[http.settings]


def _retrieved(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()  # retrieved, or asyncio would log it if nobody awaits the future
