"""The end of a task: publishes its verdict at once, then fetches its result, however long that takes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.errors import CyberunError
from cyberun_widget.following.follower import FATAL, Problem
from cyberun_widget.protocol.events import TERMINAL
from cyberun_widget.protocol.models import Task
from cyberun_widget.protocol.state import apply, reconcile, settle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberun_widget.following.follower import Follower, Rung
    from cyberun_widget.protocol.events import Event
    from cyberun_widget.protocol.state import TaskState

_GRACE: Final = 0.25  # seconds before the stream's verdict is shown, in which the service may contradict it
_REFUSALS: Final = 5  # consecutive refusals of the result after which to give up


@dataclass(frozen=True, slots=True)
class Concluding:
    """Fetches the result of a task that has ended, as reported by an event (`told`) or by GET task (`task`).

    `otherwise`: the next rung if the service denies the end that the stream reported.
    """

    otherwise: Rung
    told: Event | None = None
    task: Task | None = None

    async def climb(self, follower: Follower) -> Rung | None:
        """Publish the verdict and the result. Returns a rung if the service says that the task hasn't ended."""
        ended = await _Conclusion(follower, self.told, self.task).run()
        return None if ended else self.otherwise


class _Conclusion:
    def __init__(self, follower: Follower, told: Event | None, task: Task | None) -> None:
        self._follower, self._told, self._task = follower, told, task
        self._before: TaskState = follower.state  # restored if the stream was wrong
        self._shown = False

    async def run(self) -> bool:
        """Fetch the result. Returns False if the task hasn't ended."""
        if self._task is not None:
            self._show()
        grace = asyncio.get_running_loop().call_later(_GRACE, self._show)
        try:
            return await self._fetch()
        finally:
            grace.cancel()

    def _show(self) -> None:
        """Publish the verdict before the result has arrived."""
        if self._shown:
            return
        self._shown, follower = True, self._follower
        if self._told is not None and not follower.state.ended:
            follower.state = apply(follower.state, self._told, follower.clock())
        follower.log(f"verdict: {follower.state.status}; fetching the result")
        follower.change(problem=None)

    async def _fetch(self) -> bool:
        follower, refusals = self._follower, 0
        while True:
            asked: float | None = None
            try:
                result = await follower.get_result()
                if result["task_status"] in TERMINAL:
                    self._end(result)
                    return True
                why = f"The result says {result['task_status']}."
                if not await self._confirmed():
                    return False
                refusals += 1
            except CyberunError as exc:
                why, asked = str(exc), getattr(exc, "retry_after", None)
                if isinstance(exc, FATAL):
                    refusals += 1
                    try:
                        if not await self._confirmed():
                            return False
                    except CyberunError as trouble:
                        follower.log(f"GET task: {trouble}")
                exhausted = follower.exhausted(exc)
            else:
                exhausted = False
            if exhausted or refusals >= _REFUSALS:
                self._give_up(why)
                return True
            self._show()
            await follower.retry_later(
                f"The task is {follower.state.status}. Its result is not available yet: {why}", asked
            )

    async def _confirmed(self) -> bool:
        """Whether GET task says that the task has ended. Raises a CyberunError if there is no valid answer."""
        if self._task is None:
            follower = self._follower
            task = await follower.get()
            if not task.ended:
                # GET task is authoritative, even if the stream's verdict has been shown.
                follower.state = reconcile(self._before, task, follower.clock(), None)
                follower.log("the stream reported an end that the service does not confirm")
                return False
            self._task = task
        return True

    def _end(self, result: Mapping[str, Any]) -> None:
        follower = self._follower
        read = Task.from_json({**result, "id": follower.state.task_id})
        output = result.get("task_output")
        told = self._told
        follower.result = result
        follower.state = settle(
            follower.state,
            read.status,
            follower.clock(),
            error=read.error or getattr(told, "error", None),
            output=output if isinstance(output, dict) else getattr(told, "output", None),
            completed_at=read.completed_at or getattr(told, "completed_at", None),
        )
        follower.log(f"verdict: {read.status}, with its result")
        follower.change(connection="closed", problem=None)

    def _give_up(self, why: str) -> None:
        self._show()
        follower = self._follower
        text = f"The task is {follower.state.status}, but its result is not available: {why}"
        follower.log(text)
        follower.change(connection="closed", problem=Problem(text, retrying=False))
