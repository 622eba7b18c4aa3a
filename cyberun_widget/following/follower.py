"""The transport ladder: one task followed until its verdict, whatever the network and the server do.

GET the task, stream its events, look again on every break, poll where there is no stream, and climb back. Every time
comes from `FollowPolicy`. The follower knows nothing of widgets: it tells a `Listener` that something changed.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

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
from cyberun_widget.following.journal import Story
from cyberun_widget.protocol.events import TERMINAL, Event, EventError, parse
from cyberun_widget.protocol.models import Task
from cyberun_widget.protocol.sse import SSEDecoder
from cyberun_widget.protocol.state import TaskState, apply, finish, reconcile
from cyberun_widget.support.backoff import RETRY_AFTER_MAX, Backoff

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from cyberun_widget.api.transport import Http, Stream
    from cyberun_widget.following.listener import Listener
    from cyberun_widget.policy import FollowPolicy
    from cyberun_widget.protocol.sse import SSEMessage

_SILENT_TRIES: Final = 3
_RESULT_TRIES: Final = 5  # looks for the result of a task that has ended, before the verdict is told without it
_LAST_WORDS: Final = 1.0  # seconds between the status that tells the end and the event that does
_RETRY_FIELD_MAX: Final = 60.0  # seconds that a stream's `retry:` may ask for
# What no waiting will mend: the words say what to do.
_FATAL: Final = (AuthError, ConfigurationError, NotFoundError, ParameterError)
_NO_STREAM: Final = frozenset({400, 401, 403, 404, 405, 406, 410, 415, 501})


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands in the way. `retrying`: whether it is tried again; `retry_at`: when, by the follower's clock."""

    text: str
    retrying: bool
    retry_at: float | None = None
    pause: float = 0.0  # seconds that it waits in all, until `retry_at`


class Follower:
    """Follows one task. `run()` returns when the verdict and the result are in, and raises what is fatal.

    `clock`: monotonic seconds. `random`: floats in [0, 1). `state`, `connection`, `problem` and `result` may be read
    from any thread: each is replaced whole, never changed in place.
    """

    def __init__(
        self,
        http: Http,
        task_id: str,
        policy: FollowPolicy,
        listener: Listener,
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.state = TaskState(task_id)
        self.connection = "connecting"
        self.problem: Problem | None = None
        self.result: Mapping[str, Any] | None = None
        self.last_news: float | None = None
        self.story = Story(clock())
        self._http, self._policy, self._listener, self.clock = http, policy, listener, clock
        self._path = task_path(task_id)
        self._get_backoff = Backoff(policy.backoff_initial, policy.backoff_max, random)
        self._stream_backoff = Backoff(policy.backoff_initial, policy.backoff_max, random)
        self._nudged = asyncio.Event()
        self._failures = 0  # looks in a row without any sign of life
        self._silent = 0  # tries of the stream in a row that brought no byte
        self._reopening = False
        self._why = ""
        self._stream_at: float | None = None  # while polling: when to try the stream again
        self._retry_field: float | None = None  # seconds, by the stream's `retry:`
        self._retry_after: float | None = None  # seconds, by the last answer that was no stream
        self._last_event_id = ""
        self._final: Event | None = None  # the stream's word that the task has ended

    # --- the ladder ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the task to its end. Raises AuthError, NotFoundError and what else no second try will mend."""
        self._tell(f"following task {self.state.task_id} at {self._http.settings.origin}")
        while True:
            task = await self._look()
            if (task.ended or self._final is not None) and await self._conclude(task):
                return
            if self._stream_at is not None and self.clock() < self._stream_at:
                await self._sleep(self._policy.poll_interval)
            elif await self._stream() and await self._conclude(None):
                return

    def nudge(self) -> None:
        """Try again now instead of later. Call it on the loop's thread."""
        self._nudged.set()

    async def _look(self) -> Task:
        """GET the task, the authority on its status, however many tries that takes."""
        while True:
            try:
                task = await self.get()
            except _FATAL:
                raise
            except CyberunError as exc:
                await self._failed(exc)
                continue
            if self._stream_at is not None:
                self._change(connection="polling", problem=None)
            else:
                self._change(problem=None)
            return task

    async def get(self) -> Task:
        """GET the task once, and take what it tells. Raises a CyberunError."""
        connect, silence = self._policy.connect_timeout, self._policy.idle_timeout
        answer = await self._http.call("GET", self._path, connect_timeout=connect, silence=silence)
        task = Task.from_json(answer.data, self.state.task_id)
        self._alive(self.clock())
        self._get_backoff.reset()
        if task.status != self.state.status:
            self._tell(f"GET task: {task.status}")
        self.state = reconcile(self.state, task, self.clock(), answer.now)
        return task

    async def _stream(self) -> bool:
        """Read the stream once, to its end. Returns whether it brought the verdict."""
        if self._reopening:
            asked = self._retry_after if self._retry_after is not None else self._retry_field
            pause = self._stream_backoff.next(at_least=asked)
            self._change(connection="reconnecting", problem=self._later(self._why, pause))
            await self._sleep(pause)
        self._reopening, self._retry_after, self._why = True, None, "The event stream ended early."
        reader = _Reader(self, self._last_event_id)
        verdict = False
        try:
            opening = self._http.stream(
                f"{self._path}/events",
                last_event_id=self._last_event_id,
                connect_timeout=self._policy.connect_timeout,
                silence=self._policy.idle_timeout if self._stream_at is None else self._policy.poll_interval,
            )
            async with opening as stream:
                if self._refused(stream):
                    return False
                self._tell("stream open")
                if self._stream_at is None:
                    self._change(connection="live", problem=None)
                verdict = await self._read(reader, stream)
        except NetworkError as exc:
            self._why = str(exc)
        self._tell("stream closed with the verdict" if verdict else f"stream closed: {self._why}")
        if not verdict and self._stream_at is None:
            self._change(connection="reconnecting")
        if reader.last_byte is None and not verdict:
            self._strike()
        return verdict

    def _refused(self, stream: Stream) -> bool:
        """Tell whether this answer is no stream, and decide what comes next."""
        if stream.error is None and stream.mime == "text/event-stream":
            return False
        self._why = str(stream.error or f"Expected an event stream, got {stream.mime or 'no content type'}.")
        self._tell(f"no stream ({stream.status}): {self._why}")
        self._retry_after = stream.retry_after
        if stream.error is None or stream.status in _NO_STREAM:
            self._poll()
        else:
            self._change(connection="reconnecting")
            self._strike()
        return True

    def _strike(self) -> None:
        """Count a try of the stream that brought nothing. Three of them in a row, and the task is polled instead."""
        self._silent += 1
        if self._silent >= _SILENT_TRIES:
            self._poll()

    def _poll(self) -> None:
        asked = min(self._retry_after or 0.0, RETRY_AFTER_MAX)
        self._silent = _SILENT_TRIES - 1  # the next try of the stream has one chance
        self._stream_at = self.clock() + max(self._policy.sse_retry_interval, asked)
        self._reopening = False
        self._tell(f"polling every {self._policy.poll_interval:g} s")
        self._change(connection="polling", problem=None)

    # --- one stream ---------------------------------------------------------------------------------------------------

    async def _read(self, reader: _Reader, stream: Stream) -> bool:
        """Read a stream beside a watchdog. Returns whether it brought the verdict. Raises NetworkError at a break."""
        work = asyncio.ensure_future(reader.run(stream.chunks()))
        mark, quiet = self.clock(), 0  # the last byte, or the begin; the idle times that have passed since
        try:
            while True:
                # A stream that is tried while polling has yet to show that it lives: until then the polling goes on.
                step = self._policy.idle_timeout if self._stream_at is None else self._policy.poll_interval
                patience = _LAST_WORDS if self._final is not None else step * (quiet + 1)
                await asyncio.wait({work}, timeout=max(0.001, mark + patience - self.clock()))
                if work.done():
                    return work.result()
                if reader.last_byte is not None and reader.last_byte > mark:
                    mark, quiet = reader.last_byte, 0
                elif self.clock() - mark >= patience:
                    quiet += 1
                    if self._final is not None or await self._leave_silence(
                        quiet, had_bytes=reader.last_byte is not None
                    ):
                        return self._final is not None
        finally:
            work.cancel()
            await asyncio.wait({work})

    async def _leave_silence(self, quiet: int, *, had_bytes: bool) -> bool:
        """Look at the task after an idle time without a byte. Returns whether to leave this stream."""
        probing = self._stream_at is not None
        silence = (self._policy.poll_interval if probing else self._policy.idle_timeout) * quiet
        self._why = f"The event stream has been silent for {silence:g} s."
        self._tell(self._why)
        before = self.state
        try:
            task = await self.get()
        except _FATAL:
            raise
        except CyberunError as exc:
            self._why = str(exc)
            return True
        self._change()
        if probing:
            return task.ended or silence >= self._policy.idle_timeout
        if not had_bytes:
            self._silent += 1
        moved = task.ended or (self.state.status, self.state.retry_count) != (before.status, before.retry_count)
        return moved or quiet >= _SILENT_TRIES or self._silent >= _SILENT_TRIES

    def take(self, message: SSEMessage) -> bool:
        """Take one message of the stream. Returns whether it is the verdict."""
        now = self.clock()
        try:
            event = parse(message, self.state.task_id)
        except EventError as exc:
            self.story.odd(now, exc.kind, str(exc), message.event, message.data)
            # A verdict that can't be read is still news: what it meant to say stands in the result.
            return message.event in TERMINAL and exc.kind == "malformed"
        self.story.counts["events"] += 1
        self._stream_backoff.reset()
        if event.type in TERMINAL or getattr(event, "status", "") in TERMINAL:
            self._final = event
        else:
            self.state = apply(self.state, event, now)
        self._listener.happened(event)
        return event.type in TERMINAL

    def byte(self, now: float, decoder: SSEDecoder) -> None:
        """Note that the stream lives, and what it asks for."""
        self._alive(now)
        self._silent = 0
        if self._stream_at is not None:
            self._stream_at = None
            self._change(connection="live", problem=None)
        self._last_event_id = decoder.last_event_id
        if decoder.retry is not None:
            self._retry_field = min(decoder.retry / 1000, _RETRY_FIELD_MAX)
        self.story.counts["oversized"] = max(self.story.counts["oversized"], decoder.oversized)
        self._change()

    # --- the verdict --------------------------------------------------------------------------------------------------

    async def _conclude(self, task: Task | None) -> bool:
        """Fetch the result, and end the state with it. False where the service says that the task goes on after all.

        `task`: the service's own word that the task has ended; None where only the stream said so.
        """
        for _ in range(_RESULT_TRIES):
            verdict, why = await self._get_result()
            if verdict is not None and verdict["task_status"] in TERMINAL:
                self.result = verdict
                self._end(verdict["task_status"], verdict, None)
                return True
            if task is None or not task.ended:
                task = await self._look()
                if not task.ended:
                    self._final = None
                    self._tell("the stream reported an end that the service does not know of")
                    return False
            pause = self._get_backoff.next()
            self._change(problem=self._later(f"The task is {task.status}. {why}", pause))
            await self._sleep(pause)
        assert task is not None  # noqa: S101 - the loop has run
        self._end(
            task.status,
            {"task_error": task.error},
            f"The task is {task.status}, but its result is not available: {why}",
        )
        return True

    async def _get_result(self) -> tuple[dict[str, Any] | None, str]:
        """GET the result. Returns it, or None and why the service won't give it; trouble on the way is waited out."""
        while True:
            try:
                path = f"{self._path}/result"
                connect, silence = self._policy.connect_timeout, self._policy.idle_timeout
                answer = await self._http.call("GET", path, connect_timeout=connect, silence=silence)
                status = Task.from_json({"id": self.state.task_id, **_object(answer.data)}, self.state.task_id).status
            except _FATAL as exc:
                self._tell(f"GET result: {exc}")
                return None, str(exc)
            except CyberunError as exc:
                await self._failed(exc)
                continue
            self._alive(self.clock())
            self._tell(f"GET result: {status}")
            return {**answer.data, "task_status": status}, f"Its result says {status}."

    def _end(self, status: str, verdict: Mapping[str, Any], note: str | None) -> None:
        told = Task.from_json({**verdict, "id": self.state.task_id, "task_status": status})
        output = verdict.get("task_output")
        self.state = finish(
            self.state,
            status,
            self.clock(),
            error=told.error or getattr(self._final, "error", None),
            output=output if isinstance(output, dict) else getattr(self._final, "output", None),
            completed_at=told.completed_at or getattr(self._final, "completed_at", None),
        )
        self._tell(f"verdict: {status}")
        self._change(connection="closed", problem=Problem(note, retrying=False) if note else None)

    # --- small things -------------------------------------------------------------------------------------------------

    def _alive(self, now: float) -> None:
        self._failures = 0
        self.last_news = now

    async def _failed(self, exc: CyberunError) -> None:
        """Tell what went wrong, and wait before the next try. Raises NetworkError once it has been tried enough."""
        self._failures += 1
        self._tell(f"{type(exc).__name__}: {exc}")
        most = self._policy.max_failures
        if most is not None and self._failures >= most:
            raise NetworkError(
                f"Watching stopped after {self._failures} failed attempts in a row. {exc} The task may still be "
                "running: watch it again with TaskWidget(task_id)."
            )
        pause = self._get_backoff.next(at_least=getattr(exc, "retry_after", None))
        self._change(connection="reconnecting", problem=self._later(str(exc), pause))
        await self._sleep(pause)

    def _later(self, text: str, pause: float) -> Problem:
        return Problem(text, retrying=True, retry_at=self.clock() + pause, pause=pause)

    async def _sleep(self, seconds: float) -> None:
        self._nudged.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudged.wait()

    def _tell(self, text: str) -> None:
        self.story.tell(self.clock(), text)

    def _change(self, *, connection: str | None = None, **problem: Problem | None) -> None:
        if connection is not None and connection != self.connection:
            self._tell(f"connection: {connection}")
            self.connection = connection
        if "problem" in problem:
            self.problem = problem["problem"]
        self._listener.changed()


class _Reader:
    """Feeds one stream's bytes to the decoder, and its messages to the follower."""

    def __init__(self, follower: Follower, last_event_id: str) -> None:
        self.last_byte: float | None = None
        self._follower = follower
        self._decoder = SSEDecoder()
        self._decoder.last_event_id = last_event_id

    async def run(self, chunks: AsyncIterator[bytes]) -> bool:
        """Read until the verdict (True) or the end of the stream. Raises NetworkError where the connection breaks."""
        async for chunk in chunks:
            self.last_byte = self._follower.clock()
            verdict = any(self._follower.take(message) for message in self._decoder.feed(chunk))
            self._follower.byte(self.last_byte, self._decoder)
            if verdict:
                return True
        return False


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ProtocolError("Unexpected response: the result is not a JSON object.")
    return data
