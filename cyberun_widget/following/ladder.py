"""The transport ladder: the rungs that a follower can be on, and the transitions between them.

    Looking -> Streaming <-> Polling <-> Probing, and from each of them to Concluding once the task has ended.

A follower gets the task, streams its events, gets the task again whenever the stream breaks, polls if there is no
stream, and climbs back. If more tasks are followed than streams may be open, the rest are Listed until a seat is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cyberun_widget.following.concluding import Concluding
from cyberun_widget.following.polling import task_poller
from cyberun_widget.following.stream_budget import stream_budget
from cyberun_widget.following.stream_session import StreamSession
from cyberun_widget.support.backoff import RETRY_AFTER_MAX

if TYPE_CHECKING:
    from cyberun_widget.following.follower import Follower, Rung

SILENT_TRIES: Final = 3
"""Consecutive streams without a single byte after which the task is polled."""


_CONTRADICTED: Final = "The stream reported an end that the service does not confirm."


@dataclass(frozen=True, slots=True)
class Looking:
    """Gets the task once, since it may have ended in the meantime, then moves to the rung `then`."""

    then: Rung

    async def climb(self, follower: Follower) -> Rung | None:
        """Get the task, with as many attempts as it takes."""
        task = await follower.look()
        if task.ended:
            return Concluding(Streaming(_CONTRADICTED), task=task)
        follower.change(problem=None)
        return self.then


@dataclass(frozen=True, slots=True)
class Streaming:
    """Reads the event stream. `why`: the reason to reopen it, "" at first; `asked`: the minimum pause, in seconds."""

    why: str = ""
    asked: float | None = None

    async def climb(self, follower: Follower) -> Rung | None:
        """Read one stream to its end."""
        line = follower.line
        if not stream_budget().take(follower):
            return Listed()
        if self.why:
            pause = line.backoff.next(at_least=self.asked if self.asked is not None else line.retry)
            follower.change(connection="reconnecting", problem=follower.later(self.why, pause))
            await follower.pause(pause)
            if not stream_budget().take(follower):  # another task has taken the seat meanwhile
                return Listed()
        end = await StreamSession(follower, follower.policy.idle_timeout, probing=False).run()
        if end.told is not None:
            return Concluding(Streaming(_CONTRADICTED), told=end.told)
        if end.unseated:
            return Listed()
        if not end.heard:
            line.silent += 1
        if end.refused or line.silent >= SILENT_TRIES:
            return Looking(Polling.begin(follower, end.asked))
        follower.change(connection="reconnecting")
        return Looking(Streaming(end.why, end.asked))


@dataclass(frozen=True, slots=True)
class Polling:
    """Polls a task without a stream every `poll_interval`, and tries the stream again at `until`."""

    until: float

    @classmethod
    def begin(cls, follower: Follower, asked: float | None) -> Polling:
        """Start polling. `asked`: the minimum pause before the next stream that the server requested, in seconds."""
        policy = follower.policy
        follower.log(f"polling every {policy.poll_interval:g} s")
        stream_budget().give_back(follower)
        follower.change(connection="polling", problem=None)
        patience = max(policy.sse_retry_interval, min(asked or 0.0, RETRY_AFTER_MAX))
        return cls(follower.clock() + patience)

    async def climb(self, follower: Follower) -> Rung | None:
        """Poll until the task has ended or it is time to try the stream."""
        while follower.clock() < self.until:
            await follower.pause(follower.policy.poll_interval)
            task = await follower.look()
            if task.ended:
                return Concluding(Streaming(_CONTRADICTED), task=task)
            follower.change(connection="polling", problem=None)
        return Probing()


@dataclass(frozen=True, slots=True)
class Probing:
    """Tries the stream while polling. Polling continues until the stream delivers a byte."""

    async def climb(self, follower: Follower) -> Rung | None:
        """Read one stream, if it can be opened."""
        if not stream_budget().take(follower):
            return Listed()
        follower.line.silent = SILENT_TRIES - 1  # one chance
        end = await StreamSession(follower, follower.policy.poll_interval, probing=True).run()
        if end.told is not None:
            return Concluding(Streaming(_CONTRADICTED), told=end.told)
        if end.unseated:
            return Listed()
        if end.heard:
            follower.change(connection="reconnecting")
            return Looking(Streaming(end.why, end.asked))
        return Looking(Polling.begin(follower, end.asked))


@dataclass(frozen=True, slots=True)
class Listed:
    """Follows the task through pages of the task list until a stream is free. Its verdict isn't missed."""

    async def climb(self, follower: Follower) -> Rung | None:
        """Poll until the task has ended or gets a stream."""
        poller, task_id, interval = task_poller(follower.http), follower.state.task_id, follower.policy.poll_interval
        follower.log(f"polling through the task list every {interval:g} s")
        poller.add(task_id)
        try:
            while True:
                before = follower.state
                task = await follower.look(within=interval / 2)
                if task.ended:
                    return Concluding(Streaming(_CONTRADICTED), task=task)
                if follower.state is not before or follower.connection != "polling":
                    follower.change(connection="polling", problem=None)
                # In step with the other tasks, so that the same pages serve all of them.
                await follower.pause(max(0.05, follower.looked_at + interval - follower.clock()))
                if stream_budget().take(follower):
                    return Streaming()
        finally:
            poller.remove(task_id)


def start() -> Rung:
    """Return the first rung."""
    return Looking(Streaming())
