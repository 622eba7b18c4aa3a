"""The way of points to the service: one submission after the other, each noted in the ledger before it goes out.

Runs on the network loop. One at a time, since a submission takes a fraction of a second and a task much longer: of a
process that dies, at most one point is in doubt.
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

_PAUSE: Final = 1.0  # seconds before the second try of what the service could not take now
_PAUSE_MAX: Final = 60.0


class Service(Protocol):
    """What the engine asks of the service; `Calls` is it."""

    async def start(
        self, slug: str, parameters: Mapping[str, Any], *, sending: Callable[[], Awaitable[None]] | None = None
    ) -> str:
        """Start a run; await `sending` right before it goes out.

        Raises SubmissionUnknownError where it may have been taken; after any other CyberunError it surely was not.
        """

    async def upload(self, path: Path) -> str:
        """Upload an input file; return its key."""


class Listener(Protocol):
    """Called on the loop with what became of a point."""

    def noted(self, index: int) -> None:
        """Look at the point's entry in the ledger again: it was submitted, refused, doubted, or is somebody else's."""

    def hindered(self, problem: str | None, seconds: float | None) -> None:
        """Show why submitting stands still, and for how many seconds; None: it goes on."""


@dataclass(frozen=True, slots=True)
class Job:
    """A point to be submitted."""

    index: int
    key: str
    parameters: Mapping[str, Any]


class Engine:
    """Submits the planned points of one sweep, in order, never more than `in_flight` tasks at once.

    `allowed`: how many points, from the first on, may be run; None for all. `random`: floats in [0, 1). `sleep`: as
    `asyncio.sleep`.
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
        self._again: set[int] = set()  # asked for by name: whatever `allowed` says
        self._uploads: dict[Path, str] = {}
        self._wake = asyncio.Event()

    # --- what there is to do -----------------------------------------------------------------------------------------

    def add(self, jobs: Iterable[Job], *, asked: bool = False) -> None:
        """Have points submitted once there is room. `asked`: somebody asked for just these, so nothing holds them."""
        known = {job.index for job in self._todo}
        fresh = [job for job in jobs if job.index not in known]
        self._todo = deque(sorted([*self._todo, *fresh], key=lambda job: job.index))
        if asked:
            self._again |= {job.index for job in fresh}
        self._wake.set()

    def allow(self, points: int | None) -> None:
        """Let this many points run, from the first on; None for all."""
        self.allowed = points
        self._wake.set()

    def clear(self) -> None:
        """Submit nothing more of what is planned so far."""
        self._todo.clear()
        self._again.clear()

    def started(self, index: int) -> None:
        """Count a point's task as being in flight."""
        self._running.add(index)

    def ended(self, index: int) -> None:
        """Count it no more."""
        self._running.discard(index)
        self._wake.set()

    @property
    def waiting(self) -> int:
        """How many points are to be submitted as things stand."""
        return sum(self._may(job) for job in self._todo)

    def _may(self, job: Job) -> bool:
        return self.allowed is None or job.index < self.allowed or job.index in self._again

    # --- doing it ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Submit what may be, until nothing is left that may."""
        self._wake = asyncio.Event()  # of this loop: the network loop ends where it is idle, and another one begins
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
        """Submit one point. Returns None once that is over, one way or another, else the seconds until the next try.

        Raises the CyberunError that ends all submitting: no key, no right, a ledger that can't be written.
        """
        out = False

        async def sending() -> None:
            nonlocal out
            # Not in a thread: each microsecond between this note and the request is one in which a kill leaves a
            # point in doubt that was never sent.
            self._ledger.sending(self._sweep, job.key)
            out = True

        try:
            if not await run_in_thread(self._ledger.claim, self._sweep, job.key):
                self._listener.noted(job.index)
                return None
            parameters = {name: await self._uploaded(value) for name, value in job.parameters.items()}
            task_id = await self._service.start(self._slug, parameters, sending=sending)
        except BaseException as exc:  # noqa: BLE001 - whatever it is, the ledger has to say what became of the point
            return await self._failed(job, exc, out=out)
        self._running.add(job.index)
        if not await run_in_thread(self._ledger.submitted, self._sweep, job.key, task_id):
            _log.warning("task %s was started for a point that was settled otherwise meanwhile", task_id)
        self._listener.noted(job.index)
        return None

    async def _failed(self, job: Job, exc: BaseException, *, out: bool) -> float | None:
        """Note what a failure means for the point: that the service won't have it, doesn't have it, or may have it."""
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
