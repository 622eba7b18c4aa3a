"""Reads one event stream from start to end: bytes to messages to events, with a watchdog for silence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cyberun_widget.errors import CyberunError, NetworkError
from cyberun_widget.following.coalescing import runs
from cyberun_widget.following.follower import FATAL
from cyberun_widget.protocol.events import TERMINAL, CancelledEvent, CompletedEvent, EventError, FailedEvent, parse
from cyberun_widget.protocol.sse import SSEDecoder
from cyberun_widget.protocol.state import apply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberun_widget.api.transport import Stream
    from cyberun_widget.following.follower import Follower
    from cyberun_widget.protocol.events import Event
    from cyberun_widget.protocol.sse import SSEMessage

_SILENT_LOOKS: Final = 3  # polls during a silent stream before it is reopened
_LAST_WORDS: Final = 1.0  # seconds to wait for the final event after a terminal status
_RETRY_FIELD_MAX: Final = 60.0  # seconds: the largest `retry:` that is honoured
_NO_STREAM: Final = frozenset({400, 401, 403, 404, 405, 406, 410, 415, 501})


@dataclass(frozen=True, slots=True)
class Ending:
    """How a stream ended. `told`: the event that reported the end of the task, if any.

    `heard`: whether any byte arrived. `refused`: the service offers no stream. `asked`: the pause that the server
    requested, in seconds, if any. `unseated`: another task has taken its seat.
    """

    why: str = "The event stream ended early."
    told: Event | None = None
    heard: bool = False
    refused: bool = False
    unseated: bool = False
    asked: float | None = None


class StreamSession:
    """Reads one stream. `patience`: seconds of silence after which the task is polled.

    `probing`: the task is being polled, which continues until this stream delivers a byte.
    """

    def __init__(self, follower: Follower, patience: float, *, probing: bool) -> None:
        self._follower, self._patience, self._probing = follower, patience, probing
        self._ending = Ending()
        self._decoder = SSEDecoder()
        self._decoder.last_event_id = follower.line.last_event_id
        self._limit = asyncio.timeout(None)
        self._left = False
        self._fatal: Exception | None = None
        # The watchdog: a single timer, rescheduled only when it fires.
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None
        self._mark = follower.clock()  # the last byte, or the opening
        self._last_byte: float | None = None
        self._quiet = 0  # multiples of the patience that have passed since

    async def run(self) -> Ending:
        """Read the stream to its end. Raises the errors in `FATAL`."""
        follower = self._follower
        verdict = False
        try:
            async with self._limit:
                follower.unseat = self._unseat
                verdict = await self._read()
        except TimeoutError:
            if not self._left:
                raise
        except NetworkError as exc:
            self._note(why=str(exc))
        finally:
            follower.unseat = follower.nudge
            await self._stop_watchdog()
        if self._fatal is not None:
            raise self._fatal
        follower.log("stream closed with the verdict" if verdict else f"stream closed: {self._ending.why}")
        return self._ending

    def _note(self, **changes: object) -> None:
        self._ending = replace(self._ending, **changes)  # type: ignore[arg-type]

    async def _read(self) -> bool:
        """Open the stream and read it. Returns whether it delivered the verdict."""
        follower = self._follower
        opening = follower.http.stream(
            f"{follower.path}/events",
            last_event_id=follower.line.last_event_id,
            connect_timeout=follower.policy.connect_timeout,
            read_timeout=self._patience,
        )
        async with opening as stream:
            if self._refuses(stream):
                return False
            follower.log("stream open")
            self._mark = follower.clock()
            self._watch(self._patience)
            if not self._probing:
                follower.change(connection="live", problem=None)
            return await stream.deliver(self._take)

    def _refuses(self, stream: Stream) -> bool:
        """Whether the answer isn't an event stream."""
        if stream.error is None and stream.mime == "text/event-stream":
            return False
        why = str(stream.error or f"Expected an event stream, got {stream.mime or 'no content type'}.")
        self._follower.log(f"no stream ({stream.status}): {why}")
        refused = stream.error is None or stream.status in _NO_STREAM
        self._note(why=why, refused=refused, asked=stream.retry_after)
        return True

    # --- bytes, messages, events -------------------------------------------------------------------------------------

    def _take(self, chunk: bytes) -> bool:
        """Process a chunk. Returns whether it contained the verdict."""
        follower, line, decoder = self._follower, self._follower.line, self._decoder
        now = follower.clock()
        if self._last_byte is None:
            self._note(heard=True)
            line.silent = 0
            if self._probing:
                self._probing, self._patience = False, follower.policy.idle_timeout
                follower.change(connection="live", problem=None)
        self._last_byte = now
        follower.alive(now)
        messages = decoder.feed(chunk)
        verdict = self._take_messages(messages, now)
        line.last_event_id = decoder.last_event_id
        if decoder.retry is not None:
            line.retry = min(decoder.retry / 1000, _RETRY_FIELD_MAX)
        if decoder.oversized:
            follower.journal.counts["oversized"] = max(follower.journal.counts["oversized"], decoder.oversized)
        if messages:
            self._last_byte = follower.clock()  # processing a large burst takes time
            follower.change()
        return verdict

    def _take_messages(self, messages: Sequence[SSEMessage], now: float) -> bool:
        if self._follower.recipient.eager:
            return any(self._take_message(message, now) is None for message in messages)
        for run in runs(messages):
            # Only the last valid message of a run is applied; those before it are kept unparsed.
            for index in reversed(range(len(run))):
                sound = self._take_message(run[index], now, before=run[:index])
                if sound is None:
                    return True
                if sound:
                    break
        return False

    def _take_message(self, message: SSEMessage, now: float, before: Sequence[SSEMessage] = ()) -> bool | None:
        """Process one message. Returns None if it is the verdict, else whether it is valid.

        `before`: earlier messages of its burst that it supersedes.
        """
        follower = self._follower
        try:
            event = parse(message, follower.state.task_id)
        except EventError as exc:
            follower.journal.skip(now, exc.kind, str(exc), message.event, message.data)
            if message.event in TERMINAL and exc.kind == "malformed":
                # A malformed verdict still reports the end; its details are in the result.
                self._note(told=_verdict(message.event, follower.state.task_id))
                return None
            return False
        follower.journal.counts["events"] += 1 + len(before)
        follower.line.backoff.reset()
        for earlier in before:
            follower.recipient.passed_over(earlier)
        if event.type in TERMINAL or getattr(event, "status", "") in TERMINAL:
            self._note(told=event)
            self._watch(_LAST_WORDS)
        else:
            follower.state = apply(follower.state, event, now)
        follower.recipient.happened(event)
        return None if event.type in TERMINAL else True

    # --- the watchdog ------------------------------------------------------------------------------------------------

    def _watch(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(0.001, seconds), self._bark)

    def _bark(self) -> None:
        """Check for silence. The timer isn't reset by each byte, so it may fire while the stream is active."""
        now = self._follower.clock()
        if self._last_byte is not None and self._last_byte > self._mark:
            self._mark, self._quiet = self._last_byte, 0
        told = self._ending.told is not None
        left = self._mark + (_LAST_WORDS if told else self._patience * (self._quiet + 1)) - now
        if left > 0:
            self._watch(left)
        elif told:
            self._leave()
        else:
            self._quiet += 1
            self._look = asyncio.ensure_future(self._look_after())

    async def _look_after(self) -> None:
        """Poll the task of a silent stream, and close the stream if that helps."""
        follower = self._follower
        silence = self._patience * self._quiet
        self._note(why=f"The event stream has been silent for {silence:g} s.")
        follower.log(self._ending.why)
        before = follower.state
        try:
            task = await follower.get()
        except Exception as exc:  # noqa: BLE001 - raised again by `run`, unless a retry may help
            if isinstance(exc, CyberunError) and not isinstance(exc, FATAL):
                self._note(why=str(exc))
            else:
                self._fatal = exc
            self._leave()
            return
        follower.change()
        line = follower.line
        if self._probing:
            leave = task.ended or silence >= follower.policy.idle_timeout
        else:
            line.silent += self._last_byte is None
            after = follower.state
            moved = task.ended or (after.status, after.retry_count) != (before.status, before.retry_count)
            leave = moved or self._quiet >= _SILENT_LOOKS or line.silent >= _SILENT_LOOKS
        if leave:
            self._leave()
        else:
            self._bark()

    def _unseat(self) -> None:
        self._note(why="Other tasks are watched more closely.", unseated=True)
        self._leave()

    def _leave(self) -> None:
        """Stop reading."""
        self._left = True
        if not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def _stop_watchdog(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._look is not None and not self._look.done():
            self._look.cancel()
            await asyncio.wait({self._look})


def _verdict(word: str, task_id: str) -> Event:
    match word:
        case "failed":
            return FailedEvent(task_id)
        case "cancelled":
            return CancelledEvent(task_id)
        case _:
            return CompletedEvent(task_id)
