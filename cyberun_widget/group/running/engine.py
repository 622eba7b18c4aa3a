"""Submits points to the service one at a time, each recorded in the ledger before its request is sent.

Runs on the network loop. Submitting one at a time costs little, since a submission takes a fraction of a second and a
task much longer. If the process dies, at most one point is in doubt.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from cyberun_widget.errors import (
    AuthError,
    ConfigurationError,
    CyberunError,
    NotFoundError,
    ParameterError,
    SubmissionUnknownError,
)
from cyberun_widget.support.aio import run_in_thread
from cyberun_widget.support.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from cyberun_widget.group.ledger.store import Ledger

_log = logging.getLogger(__name__)

_PAUSE: Final = 1.0  # seconds before the first retry of a submission that the service couldn't take
_PAUSE_MAX: Final = 60.0


class Service(Protocol):
    """The calls the engine makes on the service; `Calls` implements it."""

    async def start(
        self, slug: str, parameters: Mapping[str, Any], *, before_body: Callable[[], Awaitable[None]] | None = None
    ) -> str:
        """Start a run; await `before_body` right before the request's body is sent.

        Raises SubmissionUnknownError if the service may have accepted it; after any other CyberunError it did not.
        """

    async def upload(self, path: Path) -> str:
        """Upload an input file; return its key."""


class Listener(Protocol):
    """Callbacks of the engine, called on the loop."""

    def noted(self, index: int) -> None:
        """Read the point's entry again: it was submitted, refused, put in doubt, or taken by another process."""

    def hindered(self, problem: str | None, seconds: float | None) -> None:
        """Show why submitting is paused, and for how many seconds; None: it has resumed."""


@dataclass(frozen=True, slots=True)
class Job:
    """A point to submit."""

    index: int
    key: str
    parameters: Mapping[str, Any]


class Engine:
    """Submits the planned points of one sweep, in order, never more than `in_flight` tasks at once.

    `allowed`: how many points may be run, counted from the first; None for all. `random`: returns floats in [0, 1).
    `sleep`: works like `asyncio.sleep`.
    """

    def __init__(
        self,
        ledger: Ledger,
        sweep: int,
        service: Service,
        slug: str,
        listener: Listener,
        *,
        in_flight: int,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.allowed: int | None = 0
        self.in_flight = in_flight
        self._ledger, self._sweep = ledger, sweep
        self._service, self._slug, self._listener = service, slug, listener
        self._sleep = sleep
        self._backoff = Backoff(_PAUSE, _PAUSE_MAX, random)
        self._todo: deque[Job] = deque()
        self._running: set[int] = set()
        self._again: set[int] = set()  # requested individually, exempt from `allowed`
        self._uploads: dict[Path, str] = {}
        self._wake = asyncio.Event()

    # --- the queue ---------------------------------------------------------------------------------------------------

    def add(self, jobs: Iterable[Job], *, asked: bool = False) -> None:
        """Queue points. `asked`: the user requested these points, so `allowed` doesn't hold them back."""
        known = {job.index for job in self._todo}
        fresh = [job for job in jobs if job.index not in known]
        self._todo = deque(sorted([*self._todo, *fresh], key=lambda job: job.index))
        if asked:
            self._again |= {job.index for job in fresh}
        self._wake.set()

    def allow(self, points: int | None) -> None:
        """Allow this many points to run, counted from the first; None for all."""
        self.allowed = points
        self._wake.set()

    def clear(self) -> None:
        """Remove all queued points."""
        self._todo.clear()
        self._again.clear()

    def started(self, index: int) -> None:
        """Count a point's task as being in flight."""
        self._running.add(index)

    def ended(self, index: int) -> None:
        """Stop counting a point's task as being in flight."""
        self._running.discard(index)
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Number of queued points that may be submitted now."""
        return sum(self._may(job) for job in self._todo)

    def _may(self, job: Job) -> bool:
        return self.allowed is None or job.index < self.allowed or job.index in self._again

    # --- submitting --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Submit every point that may be submitted, then return."""
        self._wake = asyncio.Event()  # made per run: the network loop ends when idle, and a new one starts
        while self.waiting:
            self._wake.clear()
            if len(self._running) >= self.in_flight:
                await self._wake.wait()
                continue
            job = next(job for job in self._todo if self._may(job))
            pause = await self._attempt(job)
            if pause is None:
                self._backoff.reset()
                self._again.discard(job.index)
                if job in self._todo:
                    self._todo.remove(job)
            else:
                await self._sleep(pause)
                self._listener.hindered(None, None)

    async def _attempt(self, job: Job) -> float | None:
        """Submit one point. Return None once its outcome is recorded, else the seconds until the next attempt.

        Raises a CyberunError that stops all submitting: a missing key, a missing permission, an unwritable ledger.
        """
        out = False

        async def before_body() -> None:
            nonlocal out
            # Not in a thread: if the process is killed between this note and the request, a point that was never sent
            # is in doubt. Keep that window short.
            self._ledger.sending(self._sweep, job.key)
            out = True

        try:
            if not await run_in_thread(self._ledger.claim, self._sweep, job.key):
                self._listener.noted(job.index)
                return None
            parameters = {name: await self._uploaded(value) for name, value in job.parameters.items()}
            task_id = await self._service.start(self._slug, parameters, before_body=before_body)
        except BaseException as exc:  # noqa: BLE001 - the ledger must record every outcome
            return await self._failed(job, exc, out=out)
        self._running.add(job.index)
        if not await run_in_thread(self._ledger.submitted, self._sweep, job.key, task_id):
            _log.warning("task %s was started for a point that was settled otherwise meanwhile", task_id)
        self._listener.noted(job.index)
        return None

    async def _failed(self, job: Job, exc: BaseException, *, out: bool) -> float | None:
        """Record what a failure means for the point: refused, not accepted, or possibly accepted."""
        match exc:
            case ParameterError() | NotFoundError():
                await run_in_thread(self._ledger.refuse, self._sweep, job.key, str(exc))
            case SubmissionUnknownError():
                _log.warning("whether point %d was submitted isn't known: %s", job.index, exc)
                await run_in_thread(self._ledger.doubt, self._sweep, job.key, str(exc))
            case CyberunError() if not isinstance(exc, (AuthError, ConfigurationError)):
                await run_in_thread(self._ledger.release, self._sweep, job.key)
                return self._later(exc)
            case _:
                if out and not isinstance(exc, CyberunError):
                    await run_in_thread(self._ledger.doubt, self._sweep, job.key, "The submission was interrupted.")
                else:
                    await run_in_thread(self._ledger.release, self._sweep, job.key)
                self._listener.noted(job.index)
                raise exc
        self._listener.noted(job.index)
        return None

    async def _uploaded(self, value: Any) -> Any:
        if not isinstance(value, Path):
            return value
        if value not in self._uploads:
            self._uploads[value] = await self._service.upload(value)
        return self._uploads[value]

    def _later(self, exc: CyberunError) -> float:
        pause = self._backoff.next(at_least=getattr(exc, "retry_after", None))
        self._listener.hindered(str(exc), pause)
        return pause
