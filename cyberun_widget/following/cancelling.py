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

_PAUSE: Final = 1.0  # seconds before the second try of a request that didn't get through
TRIES: Final = 8
"""How often a request is repeated once the task has no listener: it costs money while it runs."""


async def deliver(
    request: Callable[[], Awaitable[object]],
    missed: Callable[[CyberunError, int], bool],
    random: Callable[[], float],
    *,
    pause_max: float,
) -> None:
    """Repeat `request`, which asks for a task to be cancelled, until the service has received it.

    `missed(error, tries)`: called after each try in a row that didn't get through; False gives up. `pause_max`:
    seconds. Raises the error of a request that the service won't take, or of the last try.
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
    """One task's request to cancel. `requested`: it is under way, or the service has it and the verdict is to come.

    `problem`: why the service doesn't have it yet, or won't take it, None where nothing stands in the way.
    """

    def __init__(self, follower: Follower, watched: Callable[[], bool], random: Callable[[], float]) -> None:
        self.requested = False
        self.problem: str | None = None
        self._follower, self._watched, self._random = follower, watched, random

    async def run(self) -> None:
        """Repeat the request until it is received or refused, or the task has ended. Bounded without a listener."""
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
