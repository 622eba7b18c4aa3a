"""Follows one task to its verdict: holds its state and makes its requests. The strategy is in `ladder`.

Independent of widgets: it reports to a `Recipient`. All times come from `FollowPolicy`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from cyberun_widget.api.calls import task_path
from cyberun_widget.errors import (
    AuthError,
    ConfigurationError,
    CyberunError,
    NetworkError,
    NotFoundError,
    ParameterError,
    ProtocolError,
)
from cyberun_widget.following.journal import Journal
from cyberun_widget.following.polling import task_poller
from cyberun_widget.following.stream_budget import stream_budget
from cyberun_widget.protocol.models import Task
from cyberun_widget.protocol.state import TaskState, reconcile
from cyberun_widget.support.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cyberun_widget.api.transport import Http
    from cyberun_widget.following.listener import Interest
    from cyberun_widget.policy import FollowPolicy
    from cyberun_widget.protocol.events import Event
    from cyberun_widget.protocol.sse import SSEMessage

FATAL: Final = (AuthError, ConfigurationError, NotFoundError, ParameterError)
"""Errors that a retry can't fix. Their text says what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with following the task. `retrying`: whether a retry follows; `retry_at`: its time, by `clock`."""

    text: str
    retrying: bool
    retry_at: float | None = None
    pause: float = 0.0  # total seconds of the pause that ends at `retry_at`


class Recipient(Protocol):
    """Receives a follower's reports, on the loop's thread."""

    @property
    def eager(self) -> bool:
        """Whether every event is needed."""

    @property
    def interest(self) -> Interest:
        """How closely the task is followed."""

    def changed(self) -> None:
        """Note that the task or its connection has changed."""

    def happened(self, event: Event) -> None:
        """Receive one valid event, in order."""

    def passed_over(self, message: SSEMessage) -> None:
        """Receive one unparsed message, in order, that is superseded by a later one of the same burst."""


class Rung(Protocol):
    """One way to follow a task. See `ladder`."""

    async def climb(self, follower: Follower) -> Rung | None:
        """Follow the task as long as this way works. Returns the next rung, None once everything is published.

        Raises the errors in `FATAL`.
        """


@dataclass(slots=True)
class Line:
    """State carried over from one stream to the next. `silent`: consecutive attempts without a single byte."""

    backoff: Backoff
    silent: int = 0
    last_event_id: str = ""
    retry: float | None = None  # seconds, from the stream's `retry:` field


class Follower:
    """Follows one task, rung by rung. `run()` returns once the verdict and the result are in, or raises a fatal error.

    `clock`: monotonic seconds. `random`: floats in [0, 1). `state`, `connection`, `problem` and `result` may be read
    from any thread: they are replaced, never changed in place.
    """

    def __init__(
        self,
        http: Http,
        task_id: str,
        policy: FollowPolicy,
        recipient: Recipient,
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.state = TaskState(task_id)
        self.connection = "connecting"
        self.problem: Problem | None = None
        self.result: Mapping[str, Any] | None = None
        self.last_news: float | None = None
        self.journal = Journal(clock())
        self.http, self.policy, self.recipient, self.clock = http, policy, recipient, clock
        self.path = task_path(task_id)
        self.line = Line(Backoff(policy.backoff_initial, policy.backoff_max, random))
        self.unseat: Callable[[], None] = _nothing  # ends the current stream
        self.failures = 0  # consecutive requests without an answer
        self._backoff = Backoff(policy.backoff_initial, policy.backoff_max, random)
        self.looked_at = float("-inf")  # when the last answer of `get` was requested
        self._seen: Task | None = None
        self._nudged = asyncio.Event()

    async def run(self, first: Rung) -> None:
        """Follow the task to its end. Raises the errors in `FATAL`, or NetworkError after too many failures."""
        self.log(f"following task {self.state.task_id} at {self.http.settings.origin}")
        rung: Rung | None = first
        try:
            while rung is not None:
                rung = await rung.climb(self)
        finally:
            stream_budget().give_back(self)

    @property
    def rank(self) -> tuple[Interest, bool]:
        """The priority for a stream. See `stream_budget`."""
        return self.recipient.interest, self.state.status == "running"

    def nudge(self) -> None:
        """Skip the current pause. Must be called on the loop's thread."""
        self._nudged.set()

    # --- requests ----------------------------------------------------------------------------------------------------

    async def look(self, within: float = 0.0) -> Task:
        """GET the task, the authority on its status, with as many attempts as it takes. `within`: as for `get`."""
        while True:
            try:
                task = await self.get(within)
            except FATAL:
                raise
            except CyberunError as exc:
                await self.wait_out(exc)
            else:
                return task

    async def get(self, within: float = 0.0) -> Task:
        """GET the task once, and update the state. `within`: the maximum age of a cached answer, in seconds.

        Raises a CyberunError.
        """
        policy = self.policy
        seen = await task_poller(self.http).poll(
            self.state.task_id, connect=policy.connect_timeout, silence=policy.idle_timeout, within=within
        )
        now = self.clock()
        self.alive(now)
        self.looked_at = now - (time.monotonic() - seen.asked_at)
        self._backoff.reset()
        if seen.task is not self._seen or seen.task.status != self.state.status:
            if seen.task.status != self.state.status:
                self.log(f"GET task: {seen.task.status}")
            self.state = reconcile(self.state, seen.task, now, seen.now, self.looked_at)
            self._seen = seen.task
        return seen.task

    async def get_result(self) -> dict[str, Any]:
        """GET the result once. Returns it with a valid `task_status`, terminal or not. Raises a CyberunError."""
        connect, silence = self.policy.connect_timeout, self.policy.idle_timeout
        async with task_poller(self.http).room:
            answer = await self.http.call("GET", f"{self.path}/result", connect_timeout=connect, read_timeout=silence)
        if not isinstance(answer.data, dict):
            raise ProtocolError("Unexpected response: the result is not a JSON object.")
        status = Task.from_json({"id": self.state.task_id, **answer.data}, self.state.task_id).status
        self.alive(self.clock())
        self._backoff.reset()
        self.log(f"GET result: {status}")
        return {**answer.data, "task_status": status}

    async def wait_out(self, exc: CyberunError) -> None:
        """Report an error, and wait before the next attempt. Raises NetworkError after `policy.max_failures`."""
        if self.exhausted(exc):
            raise NetworkError(
                f"Watching stopped after {self.failures} failed attempts in a row. {exc} The task may still be "
                "running: watch it again with TaskWidget(task_id)."
            )
        await self.retry_later(str(exc), getattr(exc, "retry_after", None))

    def exhausted(self, exc: CyberunError) -> bool:
        """Count a failed request. Returns whether `policy.max_failures` consecutive requests have failed."""
        self.failures += 1
        self.log(f"{type(exc).__name__}: {exc}")
        return self.policy.max_failures is not None and self.failures >= self.policy.max_failures

    async def retry_later(self, problem: str, asked: float | None = None, *, connection: str = "reconnecting") -> None:
        """Report a problem, and wait. `asked`: the minimum pause that the server requested, in seconds."""
        pause = self._backoff.next(at_least=asked)
        self.change(connection=connection, problem=self.later(problem, pause))
        await self.pause(pause)

    async def pause(self, seconds: float) -> None:
        """Wait for the given time, or until nudged."""
        self._nudged.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudged.wait()

    # --- reporting ---------------------------------------------------------------------------------------------------

    def alive(self, now: float) -> None:
        """Note that the service has sent something. `now`: by the follower's clock."""
        self.failures = 0
        self.last_news = now

    def later(self, text: str, pause: float) -> Problem:
        """Return the problem to show during a pause before a retry. `pause`: seconds."""
        return Problem(text, retrying=True, retry_at=self.clock() + pause, pause=pause)

    def log(self, text: str) -> None:
        """Write a line to the journal."""
        self.journal.write(self.clock(), text)

    def change(self, *, connection: str | None = None, **problem: Problem | None) -> None:
        """Set the connection, the `problem`, both or neither, and report a change."""
        if connection is not None and connection != self.connection:
            self.log(f"connection: {connection}")
            self.connection = connection
        if "problem" in problem:
            self.problem = problem["problem"]
        self.recipient.changed()


def _nothing() -> None:
    """Do nothing: no stream is open."""
