"""The session behind one card: the watch, its outcome, running again, what is shown and saved.

Threads: the actions may be called from any thread; the network loop calls `changed` and `happened`, the publisher calls
`publish`. Nothing here blocks.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.artifacts.export import save_all
from cyberun_widget.card.actions import Actions
from cyberun_widget.card.display import Archives
from cyberun_widget.card.observers import Observers, call_handler
from cyberun_widget.card.page_requests import PageRequests
from cyberun_widget.card.publisher import publisher
from cyberun_widget.card.runs import Editing, Outcome, Rerun
from cyberun_widget.card.traits import Own, posters, provenance, view
from cyberun_widget.downloads.cache import cache_folder
from cyberun_widget.errors import CyberunError
from cyberun_widget.following.listener import Interest
from cyberun_widget.following.task_watch import watch
from cyberun_widget.jupyter.diagnostics import report
from cyberun_widget.support.filenames import folder_name
from cyberun_widget.support.secrets import scrub
from cyberun_widget.support.threads import background
from cyberun_widget.support.units import many
from cyberun_widget.support.words import say

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from cyberun_widget.api.calls import Calls
    from cyberun_widget.artifacts.model import Artifacts
    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.card.ports import Surface, Write
    from cyberun_widget.card.runs import Run
    from cyberun_widget.following.task_watch import TaskWatch
    from cyberun_widget.policy import FollowPolicy, Mode
    from cyberun_widget.protocol.events import Event

_PROCESS: Final = secrets.token_hex(6)


class Session(Actions):
    """The session of one card.

    `write` sets the card's traits and updates the page; once watching has started, only `publish` calls it. `watch` and
    `outcome` belong to the run that the card shows; running again replaces both.
    """

    def __init__(
        self,
        card: Surface,
        write: Write,
        *,
        policy: FollowPolicy,
        mode: Mode,
        folder: Path | None,
        run: Run | None = None,
    ) -> None:
        self.outcome = Outcome()
        self.watch: TaskWatch | None = None
        self.observers = Observers(self.attend)
        self.archives = Archives(card)
        self.requests = PageRequests(self)
        self.editing = Editing()
        self.rerun = Rerun(run, self._replace, self.requests.tell)
        self.previous: tuple[str, ...] = ()
        self._card, self._write = card, write
        self._policy, self._mode, self._folder = policy, mode, folder
        self._calls: Calls | None = None
        self._lock = RLock()  # re-entrant: the garbage collector may close a card on any line
        self._stopped = self._closed = False
        self._fresh = self._notify_sent = False
        self._saved: str | None = None
        self._output: tuple[Any, Any] = (None, None)  # the watch's, and cleaned

    # --- starting and stopping ---------------------------------------------------------------------------------------

    def open(self, calls: Calls) -> None:
        """Start watching the card's task."""
        self._calls = calls
        self._begin(self.task_id, fresh=self.rerun.run is not None)

    def refuse(self, exc: CyberunError) -> None:
        """Show why the task can't be watched at all."""
        facts = {"problem": {"text": str(exc), "retrying": False}, "cause": str(exc), "actions": []}
        self._write({"connection": "error", "error": str(exc), "_facts": facts})
        self.outcome.fail(exc)

    def stop(self) -> None:
        """Stop watching. The task keeps running."""
        self.rerun.instead("stop")
        if self.watch is not None:  # collects the events so far, for handlers added later
            self.watch.attend(self, Interest.EVENTS)
        self._end(CyberunError(f"Watching of task {self.task_id} was stopped. The task is still running."))
        publisher.offer(self)

    def close(self) -> None:
        """Stop watching permanently."""
        self.rerun.instead("drop")
        with self._lock:
            self._closed, current = True, self.watch
        self._end(CyberunError(f"The card of task {self.task_id} was closed. The task is still running."))
        if current is not None:
            current.leave(self)
        self.editing.close()
        publisher.forget(self)

    def _begin(self, task_id: str, *, fresh: bool = False) -> None:
        """Watch the card's task, or the one that replaces it. `fresh`: it has just been submitted.

        The publisher writes the new id to the trait, like every other value.
        """
        with self._lock:  # the publisher must never settle a new outcome with an old watch's verdict
            if self._calls is None or self._closed:
                return
            if self.watch is not None:
                self.watch.leave(self)
            self.observers.clear()
            folder = self._folder or cache_folder(task_id)
            self.watch = watch(
                self._calls.http, task_id, self._policy, folder, self._mode, self, self.observers.interest
            )
            self._stopped, self._fresh = False, fresh
            self._note_going()
            if self.outcome.done():
                self.outcome = Outcome()
        publisher.offer(self)

    def _end(self, why: CyberunError) -> None:
        """Leave a watch before its end, and fail waiting callers with the reason."""
        with self._lock:
            current, outcome = self.watch, self.outcome
            if current is None or outcome.done():
                return
            self._stopped = True
        current.leave(self)
        outcome.fail(why)

    def on_done(self, handler: Callable[[TaskResult], None]) -> None:
        """Call a handler with the result of the current run once its verdict and files are in."""

        def passed(_future: Future[TaskResult]) -> None:
            if self.watch is not None and self.watch.follower.state.ended:
                call_handler(handler, self.watch.result())

        self.outcome.files.add_done_callback(passed)

    def story(self) -> list[str]:
        """Return the log of the watch as lines: settings without the key, counts, and what happened when."""
        if self.watch is None:
            return []
        follower, settings = self.watch.follower, self.watch.key[0]
        counts = ", ".join(f"{name} {count}" for name, count in sorted(follower.journal.counts.items()) if count)
        return [
            f"service {settings.base_url}; policy {self._policy}",
            f"counts: {counts or 'none'}; attempt {follower.state.attempt}",
            *(f"artifact {item!r}" for item in self.watch.artifacts),
            "seconds    what happened",
            *follower.journal.lines(),
        ]

    def diagnostics(self) -> str:
        """Return a redacted log of the task and its connection, for pasting into an issue."""
        return report(self._card.get_state(), self.story())

    def _note_going(self) -> None:
        """Remember that the task has been seen active, so that its verdict counts as news."""
        if self.watch is not None and self.watch.state.status != "unknown" and not self.watch.state.ended:
            self._fresh = True

    # --- files ------------------------------------------------------------------------------------------------------

    def set_poster(self, key: str, picture: bytes) -> None:
        """Set a picture that the page rendered of a model as its poster."""
        if self.watch is not None:
            background.submit(self.watch.downloads.set_poster(key, picture))

    def save(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Copy the files into a folder, with a task.json that records their provenance."""
        if not self.artifacts and not self.outcome.done():
            status = self.watch.state.status if self.watch else "unknown"
            raise CyberunError(f"The task is {status}; there is nothing to save yet. Call wait() first.")
        return save_all(self.artifacts, directory, provenance(self.watch, self._own(), self.task_id))

    def save_all(self) -> None:
        """Copy the files into a folder of the working directory, and show that on the card."""
        folder = Path.cwd() / folder_name(f"cyberun-{self.task_id[:13]}")
        saved = self.save(folder)
        # Only the folder's name: this is saved in notebooks, which are shared.
        self._saved = say("card.saved", files=many(len(saved), "file"), folder=folder.name)
        publisher.offer(self)

    # --- observers ---------------------------------------------------------------------------------------------------

    def look(self, view: str, visible: bool) -> None:
        """Note whether one of the page's views of the card is visible."""
        self.observers.look(view, visible=visible)
        publisher.offer(self, urgent=visible)

    def set_notify(self, on: bool) -> None:
        """Turn the notification at the end of the task on or off."""
        self._card.notify = on

    def attend(self) -> None:
        """Set how closely the task is followed, by what its observers need."""
        if self.watch is not None:
            self.watch.attend(self, self.observers.interest)

    # --- for the watch (on the network loop) -------------------------------------------------------------------------

    def changed(self) -> None:
        """Schedule the card for publishing; a verdict or a fatal problem is urgent."""
        self._note_going()
        publisher.offer(self, urgent=self.watch is not None and self.watch.finished.done())

    def happened(self, event: Event) -> None:
        """Pass an event to the handlers that receive every event."""
        self.observers.tell(event)

    # --- for the page ------------------------------------------------------------------------------------------------

    @property
    def task_id(self) -> str:
        """The id of the watched task, or else of the task that the card was created for."""
        return str(self._card.task_id) if self.watch is None else self.watch.task_id

    @property
    def artifacts(self) -> Artifacts:
        """The task's files, as last sent to the page."""
        files: Artifacts = self._card.artifacts
        return files

    def send_state(self) -> None:
        """Send the whole state to the page."""
        self._card.send_state()
        self.beat()

    def send(self, content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a custom message to the page, if there is one."""
        if self._card.comm is not None:
            self._card.send(dict(content), list(buffers))

    # --- for the publisher (on its thread) ---------------------------------------------------------------------------

    @property
    def out_of_sight(self) -> bool:
        """Whether the card currently has no observer."""
        return self.observers.away

    def beat(self) -> None:
        """Send the page a heartbeat of this kernel, for all its cards."""
        self.requests.beat(_PROCESS)

    def publish(self) -> None:
        """Write the latest state to the traits, and settle the outcome for waiting callers."""
        with self._lock:
            current, outcome, own = self.watch, self.outcome, self._own()
        if current is None or self._closed:
            return
        over = current.finished.done()
        if self._card.notify and not self._notify_sent:
            self._notify_sent = True
            self.requests.push_notify()
        try:
            values = view(current, current.clock(), own)
            self._write(values, extras=posters(values["artifacts"]), quiet=self.observers.out_of_sight and not over)
            if over:
                if not outcome.done():
                    self.requests.push(self.artifacts)
                    self.archives.expire()
                self.archives.rewrite()
        finally:  # waiting callers get the verdict even if it can't be shown
            outcome.take(current)
            publisher.pulse(self, going_on=not outcome.done())

    def _own(self) -> Own:
        raw = self.watch.state.output if self.watch else None
        if raw is not self._output[0]:  # cleaned only when it changes: it may be megabytes
            self._output = (raw, scrub(raw))
        return Own(
            process=_PROCESS,
            output=self._output[1],
            saved=self._saved,
            stopped=self._stopped,
            submitting=self.rerun.submitting,
            run=self.rerun.run,
            previous=self.previous,
            fresh=self._fresh,
            form=self.editing.model_id,
        )
