"""Cancelling a task: the request is repeated until the service has received it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cyberun_widget.errors import CyberunError
from cyberun_widget.following.follower import FATAL
from cyberun_widget.support.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cyberun_widget.following.follower import Follower

_PAUSE: Final = 1.0  # seconds before a request that failed is sent for the second time
TRIES: Final = 8
"""Attempts to cancel a task that no longer has a listener: it costs money while it runs."""


async def deliver(
    request: Callable[[], Awaitable[object]],
    missed: Callable[[CyberunError, int], bool],
    random: Callable[[], float],
    *,
    pause_max: float,
) -> None:
    """Repeat `request`, which asks the service to cancel a task, until the service has received it.

    `missed(error, tries)`: called after each failed attempt, with the number of attempts so far; False gives up.
    `pause_max`: the longest pause between attempts, in seconds. Raises the error with which the service refuses the
    request, or the error of the last attempt.
    """
    backoff = Backoff(_PAUSE, max(_PAUSE, pause_max), random)
    while True:
        try:
            await request()
        except FATAL:
            raise
        except CyberunError as exc:
            pause = backoff.next(at_least=getattr(exc, "retry_after", None))
            if not missed(exc, backoff.failures):
                raise
            await asyncio.sleep(pause)
        else:
            return


class Cancelling:
    """The cancel request of one task. `requested`: it is being sent, or has been received and awaits the verdict.

    `problem`: why the service hasn't received it yet, or refused it; None if there is no problem.
    """

    def __init__(self, follower: Follower, watched: Callable[[], bool], random: Callable[[], float]) -> None:
        self.requested = False
        self.problem: str | None = None
        self._follower, self._watched, self._random = follower, watched, random

    async def run(self) -> None:
        """Repeat the request until it is received or refused, or the task has ended.

        Without a listener, it gives up after `TRIES` attempts.
        """
        policy = self._follower.policy
        try:
            await deliver(self._ask, self._missed, self._random, pause_max=policy.backoff_max)
        except FATAL as exc:
            self.requested, self.problem = False, f"The task could not be cancelled: {exc}"
        except CyberunError:  # given up; `problem` says why
            pass
        self._follower.change()

    async def _ask(self) -> None:
        follower = self._follower
        if follower.state.ended:
            return
        await follower.http.call("POST", f"{follower.path}/cancel")
        self.problem = None
        follower.log("cancel requested")
        follower.nudge()

    def _missed(self, exc: CyberunError, tries: int) -> bool:
        self._follower.log(f"cancel: {exc}")
        self.problem = f"The cancel request has not been delivered yet: {exc}"
        self._follower.change()
        return self._watched() or tries < TRIES
