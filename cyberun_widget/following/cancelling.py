"""Asking the service to cancel a task, until it has heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from cyberun_widget.errors import CyberunError
from cyberun_widget.following.follower import FATAL
from cyberun_widget.support.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.following.follower import Follower

_PAUSE: Final = 1.0  # seconds before the second try of a request that didn't get through
_TRIES: Final = 8  # in a row, once nobody looks at the task any more


class Cancelling:
    """One task's request to cancel. `requested`: it is under way, or the service has it and the verdict is to come.

    `problem`: why the service doesn't have it yet, or won't take it, None where nothing stands in the way.
    """

    def __init__(self, follower: Follower, watched: Callable[[], bool], random: Callable[[], float]) -> None:
        self.requested = False
        self.problem: str | None = None
        self._follower, self._watched, self._random = follower, watched, random

    async def run(self) -> None:
        """Ask until the service has heard, refuses, or the task has ended. Not for ever once nobody looks."""
        follower = self._follower
        backoff = Backoff(_PAUSE, max(_PAUSE, follower.policy.backoff_max), self._random)
        while not follower.state.ended:
            try:
                await follower.http.call("POST", f"{follower.path}/cancel")
            except FATAL as exc:
                self.requested, self.problem = False, f"The task could not be cancelled: {exc}"
                break
            except CyberunError as exc:
                follower.log(f"cancel: {exc}")
                self.problem = f"The cancel request has not been delivered yet: {exc}"
                follower.change()
                pause = backoff.next(at_least=getattr(exc, "retry_after", None))
                if not self._watched() and backoff.failures >= _TRIES:
                    break
                await asyncio.sleep(pause)
            else:
                self.problem = None
                follower.log("cancel requested")
                follower.nudge()
                break
        follower.change()
