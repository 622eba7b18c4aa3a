"""The actions of a card, called by its methods and by the page. Only `run_again` costs money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberun_widget.card.publisher import publisher
from cyberun_widget.errors import CyberunError

if TYPE_CHECKING:
    from concurrent.futures import Future
    from threading import RLock

    from cyberun_widget.api.calls import Calls
    from cyberun_widget.artifacts.model import Artifact
    from cyberun_widget.card.runs import Editing, Outcome, Rerun, Run, Then
    from cyberun_widget.following.task_watch import TaskWatch


class Actions:
    """The actions of a session. They return at once unless noted, and may be called from any thread."""

    outcome: Outcome
    watch: TaskWatch | None
    rerun: Rerun
    editing: Editing
    previous: tuple[str, ...]
    _calls: Calls | None
    _lock: RLock
    _stopped: bool
    _closed: bool
    _saved: str | None

    @property
    def task_id(self) -> str:
        """The id of the task that the card shows."""
        raise NotImplementedError

    @property
    def out_of_sight(self) -> bool:
        """Whether the card currently has no observer."""
        raise NotImplementedError

    def beat(self) -> None:
        """Send the page a heartbeat of this kernel."""
        raise NotImplementedError

    def publish(self) -> None:
        """Write the latest state to the page."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop watching. The task keeps running."""
        raise NotImplementedError

    def _begin(self, task_id: str, *, fresh: bool = False) -> None:
        raise NotImplementedError

    def cancel(self) -> None:
        """Ask the service to cancel the task, or the one being submitted to replace it."""
        with self._lock:
            current, over = self.watch, self.outcome.done()
        if not self.rerun.instead("cancel") and current is not None and not over:
            current.cancel()
            publisher.offer(self)

    def reconnect(self) -> None:
        """Skip the pause before the next attempt, or watch again after an error."""
        with self._lock:
            current = self.watch
            if current is None or self._stopped:
                return
            if current.finished.done():
                if current.fatal is not None:
                    self._begin(current.task_id)
                return
        current.nudge()

    def resume(self) -> None:
        """Watch again after `stop()`."""
        with self._lock:
            if self._stopped and self.watch is not None:
                self._begin(self.watch.task_id)

    def fetch_again(self) -> None:
        """Request the result of an ended task again, and the files that couldn't be downloaded."""
        with self._lock:
            current = self.watch
            if current is None or not current.state.ended:
                return
            if self._stopped or current.finished.done():
                self._begin(current.task_id)
                return
        current.nudge()

    def retry(self) -> None:
        """Do whichever of these helps at no cost. Raises CyberunError if only a new run would help."""
        current = self.watch
        if self._stopped:
            self.resume()
        elif current is not None and current.state.ended:
            if current.problem is None and current.state.status in ("failed", "cancelled"):
                raise CyberunError(
                    f"Task {self.task_id} has ended. run_again() starts a new run, which is charged like the first."
                )
            self.fetch_again()
        else:
            self.reconnect()

    def run_again(self) -> None:
        """Submit the same run again: a new, paid task. Does nothing while a submission is in progress.

        Raises CyberunError if the run hasn't ended, or wasn't submitted here.
        """
        with self._lock:
            if self._closed:
                return
            if not self.rerun.submitting and (self._stopped or not self.outcome.done()):
                raise CyberunError("The task is still running. It can be run again once it has ended.")
            self.rerun.start()
        publisher.offer(self)

    def edit(self) -> None:
        """Open a form with the run's values, for another run. Costs nothing; blocks while it fetches the workflow.

        Raises CyberunError if the run's values are unknown.
        """
        with self._lock:
            run, current, calls = self.rerun.run, self.watch, self._calls
        if run is not None and run.edit is not None:
            run.edit()
            return
        if run is not None:
            self.editing.open(run.calls, run.slug, run.parameters)
        elif current is not None and calls is not None and current.workflow and current.state.parameters:
            self.editing.open(calls, current.workflow.slug, current.state.parameters)
        else:
            slug = current.workflow.slug if current is not None and current.workflow else ""
            form = f"WorkflowForm({slug!r})" if slug else "WorkflowForm(slug)"
            raise CyberunError(
                "This task wasn't started here, and the service doesn't report the values that it ran with. "
                f"{form} opens its workflow's form with the defaults."
            )
        publisher.offer(self, urgent=True)

    def follow(self, task_id: str, run: Run) -> None:
        """Show another run in place of the current one, which keeps running. Later waits are for the new run."""
        with self._lock:
            self.rerun.run = run
        self._replace(task_id, "watch")

    def _replace(self, task_id: str, then: Then) -> None:
        """Show a newly submitted run in place of the previous one."""
        with self._lock:
            self.previous += (self.task_id,)
            self._saved = None
            self._begin(task_id, fresh=True)
        if then == "stop":
            self.stop()
        elif then == "cancel":
            self.cancel()

    def fetch(self, key: str) -> Future[Artifact]:
        """Download one file of any size. Raises CyberunError if no task is watched, or it hasn't ended."""
        if self.watch is None:
            raise CyberunError("This task isn't being watched, so its files can't be downloaded.")
        if not self.watch.state.ended:
            raise CyberunError(f"The task is {self.watch.state.status}; it has no files yet. Call wait() first.")
        return self.watch.fetch(key)
