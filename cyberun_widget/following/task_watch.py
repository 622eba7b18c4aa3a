"""The tasks that this process follows: one stream a task, however many cards show it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from concurrent.futures import Future
from threading import RLock
from typing import TYPE_CHECKING, Final, TypeAlias

from cyberun_widget.api.calls import find_workflow, task_path
from cyberun_widget.artifacts.result import TaskResult, verdict_error
from cyberun_widget.downloads.manager import Downloads
from cyberun_widget.errors import AuthError, CyberunError, NotFoundError, ParameterError
from cyberun_widget.following.follower import Follower, Problem
from cyberun_widget.following.listener import Interest
from cyberun_widget.support.backoff import Backoff
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
    from cyberun_widget.protocol.state import TaskState

_log = logging.getLogger(__name__)

KEPT: Final = 1000  # events that stay at hand for those who come later
_CANCEL_PAUSE: Final = 1.0  # seconds before the second try of a cancel request that didn't get through
_CANCEL_TRIES: Final = 8  # in a row, once nobody looks at the task any more
_Key: TypeAlias = "tuple[Settings, str, FollowPolicy, Path, Mode]"


class TaskWatch:
    """One task being followed, its result fetched when it ends.

    Shared by all who look at the task in this process: `watch()` gives it, `leave()` hands it back, and it ends with
    the last listener. All attributes and properties may be read from any thread, none is changed in place, and the
    newest value is always complete: read them whenever `Listener.changed` says so.

    `state`: what is known of the task; `state.ended` is True from the verdict on, before the result is here.
    `finished`: a Future of the TaskResult, done once the result and the files are in; raises TaskFailed,
    TaskCancelled or the CyberunError that ended the watching (`fatal` then). `connection`, `problem`, `last_news`:
    how the following goes. `artifacts`, `workflow`: what is known of the files and of the workflow.
    `clock`: the monotonic seconds that all times in here refer to.
    """

    def __init__(self, key: _Key, http: Http) -> None:
        _settings, task_id, policy, folder, mode = key
        self.key = key
        self.finished: Future[TaskResult] = Future()
        self.fatal: CyberunError | None = None
        self.workflow: Workflow | None = None
        self.cancelling = False
        self.cancel_problem: str | None = None
        self.clock = time.monotonic
        self.follower = Follower(http, task_id, policy, self, clock=self.clock, random=random.random)
        self.downloads = Downloads(
            task_id,
            http,
            refresh=self._fresh_result,
            folder=folder,
            mode=mode,
            policy=policy,
            on_change=lambda _artifacts: self._notify(),
        )
        self._http = http
        self._listeners: tuple[tuple[Listener, Interest], ...] = ()
        self._order = RLock()  # of events: none reaches a listener while the earlier ones are still being handed over
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._asides: dict[str, asyncio.Task[None]] = {}  # small questions that the card can do without
        self._work: Future[None] | None = None

    # --- those who look ----------------------------------------------------------------------------------------------

    def join(self, listener: Listener, interest: Interest = Interest.LIVE) -> None:
        """Tell a listener what happens from now on. A listener that is here already only changes its interest."""
        self.attend(listener, interest, join=True)

    def attend(self, listener: Listener, interest: Interest, *, join: bool = False) -> None:
        """Change how closely a listener looks. One that isn't here, or no longer, stays out unless it is to `join`.

        A listener that comes to `EVENTS` is given the events seen so far first, the last 1,000 of them; it stays at
        `EVENTS` until it leaves, so that none is ever given twice.
        """
        with self._order:
            before = next((had for item, had in self._listeners if item is listener), None)
            if before is Interest.EVENTS or (before is None and not join):
                return
            if interest is Interest.EVENTS:
                for event in self._events:
                    listener.happened(event)
            others = tuple(pair for pair in self._listeners if pair[0] is not listener)
            self._listeners = (*others, (listener, interest))

    def start(self) -> None:
        """Begin to follow, unless that has begun."""
        if self._work is None:
            self._work = background.submit(self._run())

    def leave(self, listener: Listener) -> None:
        """Stop telling a listener. When the last one leaves, the watching ends; the task goes on."""
        with _lock:
            with self._order:
                self._listeners = tuple(pair for pair in self._listeners if pair[0] is not listener)
            if self._listeners or self.finished.done():
                return
            _watches.pop(self.key, None)
        if self._work is not None:
            self._work.cancel()

    def changed(self) -> None:
        """Pass on that something changed (the follower calls this on the loop's thread)."""
        state = self.follower.state
        if state.workflow_id and "workflow" not in self._asides:
            self._aside("workflow", self._find_workflow(state.workflow_id))
        if state.status == "running" and not state.gpu_type and "agent" not in self._asides:
            self._aside("agent", self._find_agent())
        self._notify()

    def happened(self, event: Event) -> None:
        """Pass on an event."""
        with self._order:
            self._events.append(event)
            for listener, interest in self._listeners:
                if interest is Interest.EVENTS:
                    listener.happened(event)

    # --- what there is to read ---------------------------------------------------------------------------------------

    @property
    def task_id(self) -> str:
        """The task's id."""
        return self.key[1]

    @property
    def state(self) -> TaskState:
        """What is known of the task."""
        return self.follower.state

    @property
    def connection(self) -> str:
        """The trait's word: "connecting", "live", "reconnecting", "polling", "closed" or "error"."""
        return self.follower.connection

    @property
    def problem(self) -> Problem | None:
        """What stands in the way, None if nothing does."""
        return self.follower.problem

    @property
    def last_news(self) -> float | None:
        """The clock at the last sign of life, None before the first."""
        return self.follower.last_news

    @property
    def artifacts(self) -> Artifacts:
        """What is known of the task's files."""
        return self.downloads.artifacts

    # --- what can be asked for ---------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Ask the service to cancel the task, again and again until it has heard."""
        if not self.follower.state.ended and not self.cancelling:
            self.cancelling, self.cancel_problem = True, None
            background.submit(self._cancel())

    def nudge(self) -> None:
        """Try again now what waits for its next try."""
        background.call(self.follower.nudge)

    def fetch(self, key: str) -> Future[Artifact]:
        """Download one artifact, whatever its size."""
        return background.submit(self.downloads.fetch(key))

    # --- on the loop's thread ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self.follower.run()
            if self.follower.result is not None:
                await self.downloads.run(self.follower.result, self.follower.state.output)
            self._conclude()
        except CyberunError as exc:
            self._fail(exc)
        except asyncio.CancelledError:
            self.finished.cancel()
            raise
        except Exception as exc:  # noqa: BLE001 - logged, and told on the card
            # A fault of our own: the card must say so rather than stand still for ever.
            _log.exception("following a task failed")
            what = f"Watching stopped because of a bug in cyberun-widget ({type(exc).__name__})."
            advice = "The task is still running: watch it again, and please report what diagnostics() says."
            self._fail(CyberunError(f"{what} {advice}"))
        finally:
            with _lock:
                if _watches.get(self.key) is self:
                    del _watches[self.key]
            for aside in self._asides.values():
                aside.cancel()
            self._notify()

    def _notify(self) -> None:
        for listener, _interest in self._listeners:
            listener.changed()

    def _conclude(self) -> None:
        result = self.result()
        error = verdict_error(result)
        if error is None:
            self.finished.set_result(result)
        else:
            self.finished.set_exception(error)

    def _fail(self, exc: CyberunError) -> None:
        self.fatal = exc
        self.follower.story.tell(self.clock(), f"ended: {type(exc).__name__}: {exc}")
        self.follower.connection, self.follower.problem = "error", Problem(str(exc), retrying=False)
        self.finished.set_exception(exc)

    def result(self) -> TaskResult:
        """Return what is known of the task's end."""
        state, problem = self.follower.state, self.follower.problem
        return TaskResult(
            task_id=state.task_id,
            status=state.status,
            output=scrub(state.output),
            artifacts=self.artifacts,
            error=redact(state.error) if state.error else problem.text if problem else None,
            elapsed=state.elapsed,
        )

    async def _fresh_result(self) -> Mapping[str, Any]:
        answer = await self._http.call("GET", f"{task_path(self.follower.state.task_id)}/result")
        fresh: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        return fresh

    def _aside(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._asides[name] = asyncio.ensure_future(work)

    async def _find_workflow(self, workflow_id: str) -> None:
        """Learn the workflow's name, labels and nodes: they make the card kinder, and it does without them."""
        try:
            self.workflow = await find_workflow(self._http, workflow_id)
        except CyberunError as exc:
            self.follower.story.tell(self.clock(), f"the workflow's name stays unknown: {exc}")
        else:
            self.downloads.entitle(self.workflow.nodes)
            self.changed()

    async def _find_agent(self) -> None:
        """Learn which machine runs the task, and since when: no event tells."""
        try:
            await self.follower.get()
        except CyberunError as exc:
            self.follower.story.tell(self.clock(), f"the agent stays unknown: {exc}")
        else:
            self.changed()

    async def _cancel(self) -> None:
        backoff = Backoff(_CANCEL_PAUSE, max(_CANCEL_PAUSE, self.key[2].backoff_max), random.random)
        while not self.follower.state.ended and self.fatal is None:
            try:
                await self._http.call("POST", f"{task_path(self.follower.state.task_id)}/cancel")
            except (AuthError, NotFoundError, ParameterError) as exc:
                self.cancelling, self.cancel_problem = False, f"The task could not be cancelled: {exc}"
                break
            except CyberunError as exc:
                self.follower.story.tell(self.clock(), f"cancel: {exc}")
                self.cancel_problem = f"The cancel request has not been delivered yet: {exc}"
                self.changed()
                pause = backoff.next(at_least=getattr(exc, "retry_after", None))
                if not self._listeners and backoff.failures >= _CANCEL_TRIES:
                    break
                await asyncio.sleep(pause)
                continue
            self.cancel_problem = None
            self.follower.story.tell(self.clock(), "cancel requested")
            self.follower.nudge()
            break
        self.changed()


# Re-entrant, as `_order` is: the garbage collector may close a card, which leaves its watch, on any line in here.
_lock = RLock()
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
    """Return the process's one watch of this task, started, with the listener joined to it.

    Cheap enough for thousands, and returns at once. Hand it back with `leave(listener)`.
    """
    key = (http.settings, task_id, policy, folder, mode)
    with _lock:
        while True:
            found = _watches.get(key)
            if found is None or found.finished.done():
                found = _watches[key] = TaskWatch(key, http)
            found.join(listener, interest)
            if _watches.get(key) is found:  # else the collector has just now closed the last card it had
                break
        found.start()
    return found
