"""What stands behind one card: the watch, its outcome, running again, what is shown and kept.

Threads: the verbs may be called from any thread; `changed` and `happened` come from the network loop, `publish` from
the publisher.
"""

from __future__ import annotations

import contextlib
import logging
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from cyberun_widget.artifacts.export import save_all
from cyberun_widget.card.display import Archives
from cyberun_widget.card.event_dispatch import Audience
from cyberun_widget.card.page_requests import Desk
from cyberun_widget.card.publisher import publisher
from cyberun_widget.card.traits import view
from cyberun_widget.downloads.cache import cache_folder
from cyberun_widget.errors import CyberunError
from cyberun_widget.following.listener import Interest
from cyberun_widget.following.task_watch import watch
from cyberun_widget.support.threads import background
from cyberun_widget.support.units import many
from cyberun_widget.support.words import say

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from cyberun_widget.api.calls import Calls
    from cyberun_widget.artifacts.model import Artifacts
    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.card.ports import Surface
    from cyberun_widget.following.task_watch import TaskWatch
    from cyberun_widget.policy import FollowPolicy, Mode
    from cyberun_widget.protocol.events import Event

_log = logging.getLogger(__name__)

Run = tuple["Calls", str, dict[str, Any]]
"""Who submitted a run, its workflow's slug, and its parameters."""


class Session:
    """One card's life. `write` sets the card's traits and tells the page; only `publish` calls it once watching began.

    `outcome` gives the TaskResult, or raises TaskFailed, TaskCancelled or the CyberunError that ended the watching.
    """

    def __init__(
        self,
        card: Surface,
        write: Callable[[Mapping[str, Any]], None],
        *,
        policy: FollowPolicy,
        mode: Mode,
        folder: Path | None,
        run: Run | None = None,
    ) -> None:
        self.outcome: Future[TaskResult] = Future()
        self.watch: TaskWatch | None = None
        self.audience = Audience()
        self.archives = Archives()
        self.requests = Desk(self)
        self._card, self._write = card, write
        self._policy, self._mode, self._folder = policy, mode, folder
        self._calls: Calls | None = None
        self._lock = RLock()  # re-entrant: the garbage collector may close a card on any line
        self._run = run
        self._submitting = False
        self._stopped = self._closed = False
        self._saved: str | None = None

    # --- beginnings and ends -----------------------------------------------------------------------------------------

    def open(self, calls: Calls) -> None:
        """Begin to watch the card's task."""
        self._calls = calls
        self._begin(self.task_id)

    def refuse(self, exc: CyberunError) -> None:
        """Show what can't even be begun."""
        self._write(
            {
                "connection": "error",
                "error": str(exc),
                "_facts": {
                    "problem": {"text": str(exc), "retrying": False},
                    "cause": str(exc),
                    "can_retry": False,
                    "actions": [],
                },
            }
        )
        self.outcome.set_exception(exc)

    def stop(self) -> None:
        """Stop watching; the task goes on."""
        self._leave(CyberunError(f"The watching of task {self.task_id} was stopped; the task itself goes on."))
        publisher.offer(self)

    def close(self) -> None:
        """Stop watching, for good."""
        self._closed = True
        self._leave(CyberunError(f"The card of task {self.task_id} was closed; the task itself goes on."))
        publisher.forget(self)

    def _begin(self, task_id: str) -> None:
        """Watch a task: the card's, or the one that has taken its place.

        The new id reaches the trait by the publisher's hand, as everything does.
        """
        folder = self._folder or cache_folder(task_id)
        with self._lock:  # the publisher must never settle a new outcome with an old watch's verdict
            if self._calls is None or self._closed:
                return
            if self.watch is not None:
                self.watch.leave(self)
            self.audience.clear()
            self.watch, self._stopped = (
                watch(self._calls.http, task_id, self._policy, folder, self._mode, self, Interest.EVENTS),
                False,
            )
            if self.outcome.done():
                self.outcome = Future()
        publisher.offer(self)

    def _leave(self, why: CyberunError) -> None:
        with self._lock:
            current = self.watch
            if current is None or self.outcome.done():
                return
            self._stopped = True
            outcome = self.outcome
        current.leave(self)
        with contextlib.suppress(InvalidStateError):
            outcome.set_exception(why)

    # --- what the user or the page asks for --------------------------------------------------------------------------

    def cancel(self) -> None:
        """Ask the service to cancel the task."""
        if self.watch is not None and not self.outcome.done():
            self.watch.cancel()
            publisher.offer(self)

    def reconnect(self) -> None:
        """Try again now what waits for its next try, or watch again after an error."""
        with self._lock:
            current = self.watch
            if current is not None and not self._stopped and not current.finished.done():
                current.nudge()
            elif current is None or current.fatal is not None:
                self._begin(self.task_id)

    def resume(self) -> None:
        """Watch again after `stop()`."""
        with self._lock:
            if self._stopped:
                self._begin(self.task_id)

    def fetch_again(self) -> None:
        """Ask again for the result of a task that has ended, and for the files that could not be fetched."""
        with self._lock:
            current = self.watch
            if current is None or not current.follower.state.ended:
                return
            if not current.finished.done():
                current.nudge()
            else:
                self._begin(self.task_id)

    def retry(self) -> None:
        """Do what helps and costs nothing. Raises CyberunError where only a new run would."""
        current = self.watch
        if self._stopped:
            self.resume()
        elif current is not None and current.follower.state.ended:
            if current.follower.problem is None and current.follower.state.status in ("failed", "cancelled"):
                raise CyberunError(
                    f"Task {self.task_id} has ended: run_again() starts a new one, which is paid for like the first."
                )
            self.fetch_again()
        else:
            self.reconnect()

    def run_again(self) -> None:
        """Submit the same run once more: a new, paid task. A second call while that is under way does nothing.

        Raises CyberunError where the run isn't over, or wasn't submitted here.
        """
        with self._lock:
            if self._run is None:
                raise CyberunError("This task wasn't started here; start a new one with client.run().")
            if not self.outcome.done():
                raise CyberunError("The task goes on; it can be run again once it has ended.")
            if self._submitting or self._closed:
                return
            self._submitting = True
        background.submit(self._submit(*self._run))

    async def _submit(self, calls: Calls, slug: str, parameters: dict[str, Any]) -> None:
        try:
            task_id = await calls.submit(slug, parameters)
        except CyberunError as exc:
            self.requests.tell(f"It could not be run again: {exc}")
        else:
            if self._closed:
                _log.warning("task %s was started, but its card was closed meanwhile", task_id)
            self._saved = None
            self._begin(task_id)
        finally:
            self._submitting = False

    def fetch(self, key: str) -> None:
        """Download one file, whatever its size."""
        if self.watch is None:
            raise CyberunError("The task isn't being watched.")
        self.watch.fetch(key)

    def set_poster(self, key: str, picture: bytes) -> None:
        """Take a picture that the page made of a model as its poster."""
        if self.watch is not None:
            background.submit(self.watch.downloads.set_poster(key, picture))

    def save(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Copy the files into a folder, with a task.json that tells where they come from."""
        state = self._card.get_state()
        if not self.artifacts and not self.outcome.done():
            raise CyberunError(f"The task is {state['status']}; there is nothing to save yet. wait() for it first.")
        return save_all(self.artifacts, directory, self._provenance(state))

    def save_all(self) -> None:
        """Copy the files into a folder of the working directory, and say so on the card."""
        folder = Path.cwd() / f"cyberun-{self.task_id[:13]}"
        saved = self.save(folder)
        self._saved = say("card.saved", files=many(len(saved), "file"), folder=folder.name)
        publisher.offer(self)

    # --- for the watch (on the network loop) -------------------------------------------------------------------------

    def changed(self) -> None:
        """Have the card published when its turn comes."""
        publisher.offer(self)

    def happened(self, event: Event) -> None:
        """Pass one event to those who asked for every one of them."""
        self.audience.tell(event)

    # --- for the page ------------------------------------------------------------------------------------------------

    @property
    def task_id(self) -> str:
        """The task's id."""
        return str(self._card.task_id)

    @property
    def artifacts(self) -> Artifacts:
        """The task's files as the page knows them."""
        files: Artifacts = self._card.artifacts
        return files

    def refresh(self) -> None:
        """Send the whole state to the page."""
        self._card.send_state()

    def send(self, content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a custom message to the page; nothing happens where there is none."""
        if self._card.comm is not None:
            self._card.send(dict(content), list(buffers))

    # --- for the publisher (on its thread) ---------------------------------------------------------------------------

    @property
    def urgent(self) -> bool:
        """Whether the news can't wait: a verdict, a fatal problem."""
        current = self.watch
        return current is not None and current.finished.done() and not self.outcome.done()

    @property
    def restless(self) -> bool:
        """Whether the page counts on a heartbeat: something is going on."""
        return self.watch is not None and not self.outcome.done()

    def publish(self) -> None:
        """Write the newest state to the traits, and the verdict to those who wait."""
        with self._lock:
            current, outcome = self.watch, self.outcome
        if current is None:
            return
        over = current.finished.done()
        try:
            self._write(
                view(
                    current,
                    current.clock(),
                    saved=self._saved,
                    stopped=self._stopped,
                    can_rerun=self._run is not None,
                )
            )
            if over:
                if not outcome.done():
                    self.requests.push(self.artifacts)
                    self.archives.expire()
                self.archives.rewrite(self._card)
        finally:  # whatever can't be shown, those who wait get the verdict
            if over and not outcome.done():
                _settle(outcome, current.finished)

    def _provenance(self, state: Mapping[str, Any]) -> dict[str, Any]:
        facts: Mapping[str, Any] = state["_facts"]
        known = self.watch.follower.state if self.watch else None
        slug, parameters = (self._run[1], self._run[2]) if self._run else ("", None)
        return {
            "task_id": state["task_id"],
            "status": state["status"],
            "workflow": slug or facts.get("title", ""),
            "parameters": parameters,
            "tool_type": facts.get("tool", ""),
            "gpu_type": facts.get("gpu", ""),
            "created_at": facts.get("created"),
            "started_at": facts.get("started"),
            "completed_at": facts.get("ended"),
            "elapsed_seconds": state["elapsed"],
            "retry_count": known.retry_count if known else 0,
            "output": known.output if known else None,
        }


def _settle(outcome: Future[TaskResult], finished: Future[TaskResult]) -> None:
    """Give an outcome what a finished future holds, unless somebody was first."""
    with contextlib.suppress(InvalidStateError):
        if finished.cancelled():
            outcome.set_exception(CyberunError("The watching ended; the task itself goes on."))
        elif (error := finished.exception()) is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(finished.result())
