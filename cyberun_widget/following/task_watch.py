"""A watched task: follows it, downloads its files, provides its result. Shared by all its listeners in this process."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from concurrent.futures import Future
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeAlias

from cyberun_widget.artifacts.result import TaskResult, verdict_error
from cyberun_widget.downloads.manager import Downloads
from cyberun_widget.errors import CyberunError
from cyberun_widget.following.cancelling import Cancelling
from cyberun_widget.following.follower import Follower, Problem
from cyberun_widget.following.ladder import start
from cyberun_widget.following.listener import Interest
from cyberun_widget.following.polling import task_poller
from cyberun_widget.following.subscribers import Subscribers
from cyberun_widget.support.secrets import redact, scrub
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path
    from typing import Any

    from cyberun_widget.api.settings import Settings
    from cyberun_widget.api.transport import Http
    from cyberun_widget.artifacts.model import Artifact, Artifacts
    from cyberun_widget.following.listener import Listener
    from cyberun_widget.policy import FollowPolicy, Mode
    from cyberun_widget.protocol.events import Event
    from cyberun_widget.protocol.models import Workflow
    from cyberun_widget.protocol.sse import SSEMessage
    from cyberun_widget.protocol.state import TaskState

_log = logging.getLogger(__name__)

_BUG: Final = (
    "Watching stopped because of a bug in cyberun-widget ({}). The task is still running: watch it again, and please "
    "report the bug with the output of diagnostics()."
)
_Key: TypeAlias = "tuple[Settings, str, FollowPolicy, Path, Mode]"


class TaskWatch:
    """Follows one task and fetches its result when it ends.

    Obtained from `watch()` and released with `leave()`; ends when its last listener leaves. Attributes may be read from
    any thread and are never changed in place: read them whenever `Listener.changed` is called.

    `state`: the task's state; `state.ended` is True from the verdict on, before the result has arrived. `finished`: a
    Future of the TaskResult, done once the result and the files are in; raises TaskFailed, TaskCancelled, or the
    CyberunError that ended the watch, which is then also in `fatal`. `connection`, `problem`, `last_news`: the state of
    the connection. `artifacts`, `workflow`: the files and the workflow, as far as known. `clock`: the monotonic clock,
    in seconds, of all times here.
    """

    def __init__(self, key: _Key, http: Http) -> None:
        _settings, task_id, policy, folder, mode = key
        self.key = key
        self.finished: Future[TaskResult] = Future()
        self.fatal: CyberunError | None = None
        self.workflow: Workflow | None = None
        self.clock = time.monotonic
        self.follower = Follower(http, task_id, policy, self, clock=self.clock, random=random.random)
        self._subscribers = Subscribers(task_id)
        self._cancelling = Cancelling(self.follower, lambda: bool(self._subscribers), random.random)
        self.downloads = Downloads(
            task_id,
            http,
            refresh=self._fresh_result,
            folder=folder,
            mode=mode,
            policy=policy,
            on_change=lambda _artifacts: self._subscribers.changed(),
        )
        self._asides: dict[str, asyncio.Task[None]] = {}  # small requests that the card can do without
        self._work: Future[None] | None = None

    def join(self, listener: Listener, interest: Interest = Interest.LIVE) -> None:
        """Notify a listener from now on. If it has already joined, only its interest changes."""
        self._subscribers.attend(listener, interest, join=True)

    def attend(self, listener: Listener, interest: Interest) -> None:
        """Change a listener's interest. Does nothing if it hasn't joined, or has left.

        A listener that changes to `EVENTS` first receives the last 1,000 events seen so far. It then stays at `EVENTS`
        until it leaves, so that it never receives an event twice.
        """
        before = self._subscribers.interest
        self._subscribers.attend(listener, interest)
        if self._subscribers.interest > before and self.connection == "polling":
            self.nudge()  # it may get a stream now

    def leave(self, listener: Listener) -> None:
        """Stop notifying a listener. When the last one leaves, the watch ends; the task keeps running."""
        self._subscribers.leave(listener)
        background.call(self._tidy)

    # --- properties --------------------------------------------------------------------------------------------------

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self.key[1]

    @property
    def state(self) -> TaskState:
        """The task's state, as far as known."""
        return self.follower.state

    @property
    def connection(self) -> str:
        """The value of the card's `connection` trait."""
        return self.follower.connection

    @property
    def problem(self) -> Problem | None:
        """The current problem, None if there is none."""
        return self.follower.problem

    @property
    def last_news(self) -> float | None:
        """When the service last answered, by `clock`; None before the first answer."""
        return self.follower.last_news

    @property
    def artifacts(self) -> Artifacts:
        """The task's files, as far as known."""
        return self.downloads.artifacts

    @property
    def cancelling(self) -> bool:
        """Whether cancelling was requested and hasn't been refused."""
        return self._cancelling.requested

    @property
    def cancel_problem(self) -> str | None:
        """Why the service hasn't accepted the cancel request, None if there is no problem."""
        return self._cancelling.problem

    def result(self) -> TaskResult:
        """Return the task's result, as far as known."""
        state, problem = self.state, self.problem
        return TaskResult(
            task_id=state.task_id,
            status=state.status,
            output=scrub(state.output),
            artifacts=self.artifacts,
            error=redact(state.error) if state.error else problem.text if problem else None,
            elapsed=state.elapsed,
        )

    def start(self) -> None:
        """Start following the task, unless already started."""
        if self._work is None:
            self._work = background.submit(self._run())

    def cancel(self) -> None:
        """Ask the service to cancel the task, and repeat the request until it is received."""
        if not self.state.ended and self.fatal is None and not self.cancelling:
            self._cancelling.requested, self._cancelling.problem = True, None
            background.submit(self._cancelling.run())

    def nudge(self) -> None:
        """Skip the pause before the next attempt."""
        background.call(self.follower.nudge)

    def fetch(self, key: str) -> Future[Artifact]:
        """Download one artifact of any size."""
        return background.submit(self.downloads.fetch(key))

    @property
    def eager(self) -> bool:
        """Whether any listener receives every event."""
        return self._subscribers.eager

    @property
    def interest(self) -> Interest:
        """The highest interest of all listeners."""
        return self._subscribers.interest

    def changed(self) -> None:
        """Notify the listeners of a change, and fetch the details that no event carries."""
        state = self.state
        if state.workflow_id and "workflow" not in self._asides:
            self._aside("workflow", self._find_workflow(state.workflow_id))
        if state.status == "running" and not state.gpu_type and "agent" not in self._asides:
            self._aside("agent", self._find_agent())
        self._subscribers.changed()

    def happened(self, event: Event) -> None:
        """Pass an event on to the listeners."""
        self._subscribers.happened(event)

    def passed_over(self, message: SSEMessage) -> None:
        """Keep a superseded message for later listeners."""
        self._subscribers.passed_over(message)

    def _tidy(self) -> None:
        self._subscribers.tidy()
        with _lock:
            if self._subscribers or self.finished.done():
                return
            if _watches.get(self.key) is self:
                del _watches[self.key]
        if self._work is not None:
            self._work.cancel()

    async def _run(self) -> None:
        try:
            await self.follower.run(start())
            if self.follower.result is not None:
                await self.downloads.run(self.follower.result, self.state.output)
            self._conclude()
        except CyberunError as exc:
            self._fail(exc)
        except asyncio.CancelledError:
            self.finished.cancel()
            raise
        except Exception as exc:  # noqa: BLE001 - logged, and shown on the card
            _log.exception("following a task failed")
            self._fail(CyberunError(_BUG.format(type(exc).__name__)))
        finally:
            with _lock:
                if _watches.get(self.key) is self:
                    del _watches[self.key]
            for aside in self._asides.values():
                aside.cancel()
            self._subscribers.changed()

    def _conclude(self) -> None:
        result = self.result()
        error = verdict_error(result)
        if error is None:
            self.finished.set_result(result)
        else:
            self.finished.set_exception(error)

    def _fail(self, exc: CyberunError) -> None:
        self.fatal = exc
        self.follower.log(f"ended: {type(exc).__name__}: {exc}")
        self.follower.connection, self.follower.problem = "error", Problem(str(exc), retrying=False)
        self.finished.set_exception(exc)

    async def _fresh_result(self) -> Mapping[str, Any]:
        return await self.follower.get_result()

    def _aside(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._asides[name] = asyncio.ensure_future(work)

    async def _find_workflow(self, workflow_id: str) -> None:
        """Fetch the workflow's name, labels and nodes. The card is more readable with them, and works without."""
        try:
            self.workflow = await task_poller(self.follower.http).workflow(workflow_id)
        except CyberunError as exc:
            self.follower.log(f"the workflow's name remains unknown: {exc}")
        else:
            self.downloads.entitle(self.workflow.nodes)
            self.changed()

    async def _find_agent(self) -> None:
        """Fetch which machine runs the task and since when, which no event carries."""
        try:
            await self.follower.get()
        except CyberunError as exc:
            self.follower.log(f"the agent remains unknown: {exc}")
        else:
            self.changed()


_lock = RLock()  # re-entrant: the garbage collector may close a card on any line
_watches: dict[_Key, TaskWatch] = {}


def watch(
    http: Http,
    task_id: str,
    policy: FollowPolicy,
    folder: Path,
    mode: Mode,
    listener: Listener,
    interest: Interest = Interest.LIVE,
) -> TaskWatch:
    """Return the process's only watch of this task, started, with the listener added to it.

    Returns at once, and is cheap enough for thousands of tasks. Release it with `leave(listener)`.
    """
    key = (http.settings, task_id, policy, folder, mode)
    with _lock:
        found = _watches.get(key)
        if found is None or found.finished.done():
            found = _watches[key] = TaskWatch(key, http)
        found.join(listener, interest)
        found.start()
    return found
