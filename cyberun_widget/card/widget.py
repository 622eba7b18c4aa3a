"""The card: one anywidget that shows one task, live, and its results."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets as t

from cyberun_widget.api.calls import Calls
from cyberun_widget.artifacts.export import save_all
from cyberun_widget.artifacts.model import Artifacts, TaskResult
from cyberun_widget.card import display as _show
from cyberun_widget.card.diagnostics import report
from cyberun_widget.card.event_dispatch import Audience, callbacks, rising
from cyberun_widget.card.page_requests import Desk
from cyberun_widget.card.publisher import publisher
from cyberun_widget.card.traits import shown, view
from cyberun_widget.downloads.cache import cache_folder
from cyberun_widget.errors import ConfigurationError, CyberunError, ParameterError, WaitTimeout
from cyberun_widget.following.task_watch import watch
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.policy import FollowPolicy
from cyberun_widget.render.text import line
from cyberun_widget.support import assets
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Generator, Mapping

    from cyberun_widget.api.calls import HasCalls
    from cyberun_widget.downloads.manager import Mode
    from cyberun_widget.following.task_watch import Watch
    from cyberun_widget.protocol.events import Event

_log = logging.getLogger(__name__)
_MODES: Final = ("auto", "all", "none")


class TaskWidget(anywidget.AnyWidget):
    """Shows a task from wherever it stands, live, and its results when they come. Watching begins at once.

    `client`: a `Client` or `AsyncClient`; without one, `api_key`, `base_url` and `team_id` are as for `Client`.
    `policy`: the times and limits of following. `download`: "auto" fetches artifacts of up to 64 MiB each and 256 MiB
    in all and offers the rest; "all"; "none". `download_dir`: the folder for this task's files, by default one in the
    user's cache. Anything else is an ipywidgets trait, such as `layout`.

    What can't be watched (no key, a wrong one, no such task) doesn't raise here: the card says it, `connection` is
    "error", and `wait()` raises it.

    Traits are written by one background thread, and so are `observe` handlers called on it.
    """

    _esm = assets.for_anywidget("card.js")
    _css = assets.for_anywidget("card.css")

    task_id = t.Unicode("").tag(sync=True)
    """The task's id."""
    status = t.Unicode("unknown").tag(sync=True)
    """The API's word for where the task is; "unknown" before the first answer."""
    progress = t.Float(0.0).tag(sync=True)
    """[0, 1] over the whole task: the last valid value. It steps back only when the task itself starts over."""
    stage = t.Unicode("").tag(sync=True)
    """The Nerfstudio stage, "" for ComfyUI."""
    message = t.Unicode("").tag(sync=True)
    """The runtime's latest words."""
    current_node = t.Unicode("").tag(sync=True)
    """The ComfyUI node id that is active, "" if there is none."""
    step_current = t.Int(None, allow_none=True).tag(sync=True)
    """The step the runtime is at, None where it reports none."""
    step_total = t.Int(None, allow_none=True).tag(sync=True)
    """How many steps there are, None where it reports none."""
    error = t.Unicode(None, allow_none=True).tag(sync=True)
    """Why the task failed, or why it can't be watched."""
    output = t.Any(None).tag(sync=True)
    """The output that the service gave with the verdict, JSON. Links in it have lost their signatures."""
    artifacts = t.Instance(Artifacts, args=()).tag(sync=True, to_json=lambda value, _widget: shown(value))
    """The task's files, as they are now."""
    connection = t.Unicode("connecting").tag(sync=True)
    """"connecting", "live", "reconnecting", "polling", "closed" or "error"."""
    elapsed = t.Float(0.0).tag(sync=True)
    """Seconds since the task was created; frozen at its end."""
    eta = t.Float(None, allow_none=True).tag(sync=True)
    """Seconds probably left, None while nobody can know."""
    stages = t.List(t.Dict()).tag(sync=True)
    """Nerfstudio's stages in order: name, state, seconds, progress."""
    density = t.Enum(("full", "compact"), default_value="full").tag(sync=True)
    """How much room the card takes: "full", or one line."""
    _facts = t.Dict().tag(sync=True)
    _beat = t.Int(0).tag(sync=True)

    _watch: Watch | None = None
    _batch: list[Any] | None = None  # the changes that the publisher is just writing

    def __init__(
        self,
        task_id: str,
        client: HasCalls | None = None,
        *,
        api_key: str | Secret | None = None,
        base_url: str | Secret | None = None,
        team_id: str | None = None,
        policy: FollowPolicy | None = None,
        download: Mode = "auto",
        download_dir: str | os.PathLike[str] | None = None,
        **traits: Any,
    ) -> None:
        # Rebound at once: no traceback of ours may have the key among its variables.
        api_key = Secret(api_key) if api_key is not None else None
        base_url = Secret(base_url) if base_url is not None else None
        unknown = [name for name in traits if not self.has_trait(name)]
        if unknown:
            raise TypeError(f"TaskWidget takes no {', '.join(unknown)}. See help(TaskWidget).")
        if download not in _MODES:
            raise ConfigurationError(f'download must be "auto", "all" or "none", not {download!r}.')
        self._lock, self._writing = Lock(), RLock()
        super().__init__(task_id=str(task_id), **traits)
        self._policy = policy or FollowPolicy()
        self._mode, self._dir = download, Path(download_dir).expanduser() if download_dir is not None else None
        self._rerun: tuple[Calls, str, dict[str, Any]] | None = None
        self._rerunning = False
        self._audience = Audience()
        self._outcome: Future[TaskResult] = Future()
        self._stopped = False
        self._saved: str | None = None
        self._archives: list[str] = []  # display ids, one for each time the card was shown
        self._archived: Artifacts | None = None  # what the archives show
        self._desk = Desk(self)
        if self.comm is not None:
            _kernel.route_clicks(self.comm)
        self.on_msg(self._desk.take)
        self._calls: Calls | None = None
        try:
            self._calls = client._calls if client is not None else Calls.resolve(api_key, base_url, team_id)  # noqa: SLF001
            if not self.task_id.strip():
                raise ParameterError("The task id is empty. client.tasks() lists your tasks.")
        except CyberunError as exc:
            self._refuse(exc)
        else:
            self._begin()

    @classmethod
    def submitted(cls, client: HasCalls, slug: str, parameters: Mapping[str, Any]) -> TaskWidget:
        """Run a workflow and return its card, which can run it again. `Client.run` is the short form.

        Raises what `submit` raises, before there is a card.
        """
        calls = client._calls  # noqa: SLF001 - what a client is to this package
        task_id = background.run(calls.submit(slug, parameters))
        card = cls(task_id, client)
        card._rerun = (calls, slug, dict(parameters))
        return card

    # --- for the user ------------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> TaskResult:
        """Wait for the verdict and the files, and return the result. `timeout`: seconds.

        In a notebook the kernel's other tasks go on meanwhile; in a terminal or a script the card is drawn on stderr.
        Interrupting ends the waiting, not the task.

        Raises TaskFailed, TaskCancelled, WaitTimeout, or the CyberunError that ended the watching.
        """
        if publisher.is_current() or background.is_current():
            raise CyberunError(
                "wait() was called in a handler that the watching itself waits for; use on_done instead."
            )
        if not _show.attend(self, self._outcome, timeout):
            raise WaitTimeout(
                f"Task {self.task_id} is {self.status} after {timeout:g} s of waiting. It goes on; call wait() again."
            )
        return self._outcome.result()

    def __await__(self) -> Generator[Any, None, TaskResult]:
        # Shielded: who gives up waiting must not take the outcome away from the others.
        return asyncio.shield(asyncio.wrap_future(self._outcome)).__await__()

    def cancel(self) -> None:
        """Ask the service to cancel the task. Returns at once; the verdict comes as any other does."""
        if self._watch is not None and not self._outcome.done():
            self._watch.cancel()
            publisher.offer(self)

    def stop(self) -> None:
        """Stop watching. The task goes on; `retry()`, or another TaskWidget with its id, watches it again."""
        self._leave(CyberunError(f"The watching of task {self.task_id} was stopped; the task itself goes on."))
        publisher.offer(self)

    def retry(self) -> None:
        """Go on: try again now, watch again after an error or `stop()`, or run a failed task's workflow once more."""
        current = self._watch
        ended = current is not None and current.follower.state.status in ("failed", "cancelled")
        if ended and self._rerun is not None and self._outcome.done():
            with self._lock:
                twice, self._rerunning = self._rerunning, True
            if not twice:  # a double click must not be paid for twice
                background.submit(self._run_again(*self._rerun))
        elif current is None or self._stopped or current.finished.done():
            self._begin()
        else:
            current.nudge()

    def on_event(self, handler: Callable[[Event], None]) -> None:
        """Call `handler(event)` for every sound event, in order, those already seen first (the last 1,000)."""
        self._audience.add(_kernel.bound(handler))

    async def events(self) -> AsyncIterator[Event]:
        """Yield every sound event, in order, those already seen first (the last 1,000), until the watching ends.

        Raises the CyberunError that ended the watching, if one did; a failed task is not one.
        """
        async for event in self._audience.listen(self._outcome):
            yield event
        current = self._watch
        fatal = current.fatal if current is not None else self._outcome.exception()
        if fatal is not None:
            raise fatal

    def on_progress(self, handler: Callable[[float], None]) -> None:
        """Call `handler(progress)`, a float in [0, 1], whenever it has risen or the task started over."""
        self.on_event(rising(handler))

    def on_done(self, handler: Callable[[TaskResult], None]) -> None:
        """Call `handler(result)` once the verdict and the files are in, at once if they are: see `result.status`."""
        handler = _kernel.bound(handler)

        def passed(_future: Future[TaskResult]) -> None:
            if self._watch is not None and self._watch.follower.state.ended:
                callbacks.call(handler, self._watch.result())

        self._outcome.add_done_callback(passed)

    def save(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Copy the task's files into a folder, with a task.json that tells where they come from. Returns the paths.

        Raises CyberunError while there is no result, or where the folder can't be written.
        """
        if not self.artifacts and not self._outcome.done():
            raise CyberunError(f"The task is {self.status}; there is nothing to save yet. wait() for it first.")
        return save_all(self.artifacts, directory, self._provenance())

    def diagnostics(self) -> str:
        """Return the redacted story of the connection, made to be pasted into an issue."""
        return report(self, self._watch)

    def close(self) -> None:
        """Close the card, and stop watching."""
        self._leave(CyberunError(f"The card of task {self.task_id} was closed; the task itself goes on."))
        publisher.forget(self)
        with getattr(self, "_writing", contextlib.nullcontext()):  # a constructor that raised made no lock
            super().close()

    # --- for the watch (on the loop's thread) ------------------------------------------------------------------------

    def changed(self) -> None:
        """Something is different: publish it when it's our turn."""
        publisher.offer(self)

    def happened(self, event: Event) -> None:
        """One event: to those who asked for every one of them."""
        self._audience.tell(event)

    # --- for the desk ------------------------------------------------------------------------------------------------

    @property
    def watched(self) -> Watch | None:
        """The watch behind the card, None where nothing can be watched."""
        return self._watch

    def note_saved(self, words: str) -> None:
        """Show where the files were saved."""
        self._saved = words
        publisher.offer(self)

    # --- for the publisher (on its thread) ---------------------------------------------------------------------------

    @property
    def urgent(self) -> bool:
        """Whether the news can't wait: a verdict, a fatal problem."""
        current = self._watch
        return current is not None and current.finished.done() and not self._outcome.done()

    @property
    def restless(self) -> bool:
        """Whether the page counts on a heartbeat: something is going on."""
        return self._watch is not None and not self._outcome.done()

    def publish(self) -> None:
        """Write the newest state to the traits, and the verdict to those who wait."""
        with self._lock:
            current, outcome = self._watch, self._outcome
        if current is None:
            return
        over = current.finished.done()
        now = current.clock()
        try:
            values = view(current, now, saved=self._saved, stopped=self._stopped, can_rerun=self._rerun is not None)
            self._write(values)
            if over and not outcome.done():
                self._desk.push(self.artifacts)
                self._archived = None
            if over:
                self._rewrite_archives()
        finally:  # whatever can't be shown, those who wait get the verdict
            if over and not outcome.done():
                _settle(outcome, current.finished)

    def _write(self, values: Mapping[str, Any]) -> None:
        """Set the traits, send them as one message, and only then let the observers see them.

        Not with `hold_sync`: it keeps one set for all threads, and a trait that the user sets meanwhile would break it.
        """
        with self._writing:
            self._batch = []
            for name, value in {**values, "_beat": self._beat + 1}.items():
                if getattr(self, name) != value:  # most are as they were, and a trait checks and copies
                    setattr(self, name, value)
            changes, self._batch = self._batch, None
            names = [change["name"] for change in changes]
            if self.comm is not None and names:
                self.send_state(names)
        for change in changes:
            try:
                t.HasTraits.notify_change(self, change)
            except Exception:  # noqa: BLE001 - a handler of the user's raised: logged with its traceback
                _log.exception("an observe handler for %s of task %s raised", change["name"], self.task_id)

    def notify_change(self, change: Any) -> None:
        """Keep together what the publisher writes; anybody else's change goes out at once, as in any widget."""
        if self._batch is not None and publisher.is_current():
            self._batch.append(change)
        else:
            super().notify_change(change)

    # --- showing -----------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<TaskWidget {line(self.get_state())}>"

    def _ipython_display_(self) -> None:
        display_id = _show.display(self, self._repr_mimebundle_)
        if display_id is not None:
            self._archives.append(display_id)

    def _rewrite_archives(self) -> None:
        """Put what is known at the end into the outputs that stay; again when a picture comes after it."""
        if self._archives and self.artifacts != self._archived:
            bundle = _show.kept(self)
            for display_id in self._archives:
                _kernel.update(display_id, bundle)
        self._archived = self.artifacts

    # --- beginnings and ends -----------------------------------------------------------------------------------------

    def _begin(self, task_id: str | None = None) -> None:
        """Watch the task, or another one: its id goes into the trait by the publisher's hand, as all else does."""
        if self._calls is None:
            return
        task_id = task_id or self.task_id
        self._audience.clear()
        folder = self._dir or cache_folder(task_id)
        begun = watch(self._calls.http, task_id, self._policy, folder, self._mode, self)
        with self._lock:  # the publisher must never settle a new outcome with an old watch's verdict
            self._watch, self._stopped = begun, False
            if self._outcome.done():
                self._outcome = Future()
        publisher.offer(self)

    def _refuse(self, exc: CyberunError) -> None:
        """Show what can't even be begun. Runs in the constructor, before there is anybody else who writes traits."""
        self.connection, self.error = "error", str(exc)
        self._facts = {"problem": {"text": str(exc), "retrying": False}, "cause": str(exc), "can_retry": False}
        self._outcome.set_exception(exc)

    def _leave(self, why: CyberunError) -> None:
        current = self._watch
        if current is None or self._outcome.done():
            return
        self._stopped = True
        current.leave(self)
        _settle(self._outcome, _raising(why))

    async def _run_again(self, calls: Calls, slug: str, parameters: dict[str, Any]) -> None:
        try:
            task_id = await calls.submit(slug, parameters)
        except CyberunError as exc:
            self._desk.tell(f"It could not be run again: {exc}")
        else:
            self._saved = None
            self._begin(task_id)
        finally:
            self._rerunning = False

    def _provenance(self) -> dict[str, Any]:
        current = self._watch
        state = current.follower.state if current else None
        slug, parameters = (self._rerun[1], self._rerun[2]) if self._rerun else ("", None)
        return {
            "task_id": self.task_id,
            "status": self.status,
            "workflow": slug or self._facts.get("title", ""),
            "parameters": parameters,
            "tool_type": self._facts.get("tool", ""),
            "gpu_type": self._facts.get("gpu", ""),
            "created_at": self._facts.get("created"),
            "started_at": self._facts.get("started"),
            "completed_at": self._facts.get("ended"),
            "elapsed_seconds": self.elapsed,
            "retry_count": state.retry_count if state else 0,
            "output": self.output,
        }


def _raising(error: CyberunError) -> Future[TaskResult]:
    future: Future[TaskResult] = Future()
    future.set_exception(error)
    return future


def _settle(outcome: Future[TaskResult], finished: Future[TaskResult]) -> None:
    """Give an outcome what a finished future holds, unless somebody was first."""
    with contextlib.suppress(InvalidStateError):
        if finished.cancelled():
            outcome.set_exception(CyberunError("The watching ended; the task itself goes on."))
        elif (error := finished.exception()) is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(finished.result())
