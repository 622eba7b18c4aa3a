"""Runs that follow a form: one starts when its values settle, and cancels the one before it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

from cyberun_widget.errors import CyberunError

R = TypeVar("R")
Values: TypeAlias = Mapping[str, Any]
_log = logging.getLogger(__name__)


class LiveRuns(Generic[R]):
    """Submits the newest values after `delay` seconds without a change, and reports only the newest run's result.

    At most one run is active at a time: the previous run is cancelled before the next is submitted, even if its
    submission is still in progress. Values that are already running or done aren't submitted again.

    `submit`: starts a run and returns its task id. `cancel`: requests cancellation of a run. `result`: waits for a
    run's end. `finished`: receives the values and result of the newest run. `failed`: receives its error. `known`:
    values that need no run, such as those the form shows at first.
    All are called on the event loop of `run`; call `change` and `stop` on that loop too.
    """

    def __init__(
        self,
        *,
        delay: float,
        submit: Callable[[Values], Awaitable[str]],
        cancel: Callable[[str], Awaitable[None]],
        result: Callable[[str], Awaitable[R]],
        finished: Callable[[Values, R], None],
        failed: Callable[[Values, CyberunError], None],
        known: Values | None = None,
    ) -> None:
        self._delay = delay
        self._submit, self._cancel, self._result = submit, cancel, result
        self._finished, self._failed = finished, failed
        self._values: Values | None = None
        self._wanted = known  # what the current run was started with
        self._current: asyncio.Task[None] | None = None
        self._cancelling: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._stopping = False

    def change(self, values: Values | None) -> None:
        """Set the form's values; None while they are invalid, which leaves the current run alone."""
        self._values = dict(values) if values is not None else None
        self._changed.set()

    def stop(self) -> None:
        """Submit nothing more. The newest run continues, and its result is still reported."""
        self._stopping = True
        self._changed.set()

    async def run(self) -> None:
        """Run until `stop` is called and the newest run has ended. Cancelling this cancels no task on the service."""
        try:
            while not self._stopping:
                await self._changed.wait()
                await self._still()
                if not self._stopping and self._values is not None and self._values != self._wanted:
                    self._replace(self._values)
            if self._current is not None:
                await asyncio.wait({self._current})
            if self._cancelling:
                await asyncio.wait(self._cancelling)
        finally:
            if self._current is not None:
                self._current.cancel()

    async def _still(self) -> None:
        while not self._stopping:
            self._changed.clear()
            try:
                async with asyncio.timeout(self._delay):
                    await self._changed.wait()
            except TimeoutError:
                return

    def _replace(self, values: Values) -> None:
        before, self._wanted = self._current, values
        self._current = asyncio.ensure_future(self._one(values, before))

    async def _one(self, values: Values, before: asyncio.Task[None] | None) -> None:
        """Follow one run from submission to result. Returns early once a newer run replaces it."""
        if before is not None:
            before.cancel()
            await asyncio.wait({before})  # wait for a submission in progress, so that its task can be cancelled
        submission = asyncio.ensure_future(self._submit(values))
        try:
            result = await self._result(await asyncio.shield(submission))
        except asyncio.CancelledError:
            if values is not self._wanted:  # replaced, not just unwatched
                self._drop(submission)
            raise
        except CyberunError as exc:
            if values is self._wanted:
                self._wanted = None  # allow a retry with the same values
                self._failed(values, exc)
        else:
            if values is self._wanted:
                self._finished(values, result)

    def _drop(self, submission: asyncio.Future[str]) -> None:
        task = asyncio.ensure_future(self._cancel_submitted(submission))
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def _cancel_submitted(self, submission: asyncio.Future[str]) -> None:
        try:
            await self._cancel(await submission)
        except CyberunError as exc:
            _log.warning("a run that was replaced could not be cancelled: %s", exc)
