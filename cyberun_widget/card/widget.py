"""The card: an anywidget that shows one task live, and then its results."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import traitlets as t

from cyberun_widget.api.calls import Calls
from cyberun_widget.artifacts.model import Artifacts
from cyberun_widget.card import display as _display
from cyberun_widget.card.observers import rising
from cyberun_widget.card.publisher import publisher
from cyberun_widget.card.runs import Run, checked_id, submit
from cyberun_widget.card.session import Session
from cyberun_widget.card.traits import excerpt, travelling
from cyberun_widget.errors import ConfigurationError, CyberunError, DownloadError, ParameterError, WaitTimeout
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.batching import BatchedWidget
from cyberun_widget.policy import FollowPolicy
from cyberun_widget.render.text_card import line
from cyberun_widget.support import assets
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Generator, Mapping
    from concurrent.futures import Future

    from cyberun_widget.api.calls import HasCalls
    from cyberun_widget.artifacts.model import Artifact
    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.policy import Mode
    from cyberun_widget.protocol.events import Event

T = TypeVar("T")

_MODES: Final = ("auto", "all", "none")


class TaskWidget(BatchedWidget):
    """Shows a task live, whatever its current status, and its results once it ends. Watching starts at once.

    `client`: a `Client` or `AsyncClient`; without one, `api_key`, `base_url` and `team_id` are as for `Client`.
    `policy`: times and limits for following the task. `download`: "auto" downloads artifacts of up to 64 MiB each and
    256 MiB in total and offers the rest; "all" downloads all of them, "none" none. `download_dir`: the folder for this
    task's files, by default one in the user's cache. Other keywords are ipywidgets traits, such as `layout`.

    A task that can't be watched (no key, an invalid key, no such task) raises nothing here: the card shows the error,
    `connection` is "error", and `wait()` raises it.

    One background thread writes the traits and calls `observe` handlers.
    """

    _esm = assets.for_anywidget("card.js")
    _css = assets.for_anywidget("card.css")

    task_id = t.Unicode("").tag(sync=True)
    """The task's id."""
    status = t.Unicode("unknown").tag(sync=True)
    """The task's status, as the API reports it; "unknown" before the first answer."""
    progress = t.Float(0.0).tag(sync=True)
    """Progress of the whole task in [0, 1]: the last valid value. It decreases only if the task starts over."""
    stage = t.Unicode("").tag(sync=True)
    """The current Nerfstudio stage, "" for ComfyUI."""
    message = t.Unicode("").tag(sync=True)
    """The runtime's latest message."""
    current_node = t.Unicode("").tag(sync=True)
    """The id of the active ComfyUI node, "" if there is none."""
    step_current = t.Int(None, allow_none=True).tag(sync=True)
    """The runtime's current step, None if it reports none."""
    step_total = t.Int(None, allow_none=True).tag(sync=True)
    """The total number of steps, None if the runtime reports none."""
    error = t.Unicode(None, allow_none=True).tag(sync=True)
    """Why the task failed, or why it can't be watched; None otherwise."""
    output = t.Any(None).tag(sync=True, to_json=lambda value, _widget: excerpt(value))
    """The task's output as JSON, with signatures removed from links. The page gets at most 64 kB of it."""
    artifacts = t.Instance(Artifacts, args=()).tag(sync=True, to_json=lambda value, _widget: travelling(value))
    """The task's files, in their current state."""
    connection = t.Unicode("connecting").tag(sync=True)
    """"connecting", "live", "reconnecting", "polling", "closed" or "error"."""
    elapsed = t.Float(0.0).tag(sync=True)
    """Seconds since the task was created, up to its end."""
    eta = t.Float(None, allow_none=True).tag(sync=True)
    """Estimated seconds left, None while unknown."""
    stages = t.List(t.Dict()).tag(sync=True)
    """Nerfstudio's stages in order, each with name, state, seconds and progress."""
    density = t.Enum(("full", "compact"), default_value="full").tag(sync=True)
    """The size of the card: "full", or "compact" for a single line."""
    label = t.Unicode("").tag(sync=True)
    """Your own name for this run, shown on the card: `client.run(..., label="try 3")`."""
    notify = t.Bool(False).tag(sync=True)
    """Whether the page tells you when the task ends: in the tab's title, and by a notification if allowed."""
    _facts = t.Dict().tag(sync=True)

    _session: Session  # missing if the constructor raised

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
        _run: Run | None = None,
        **traits: Any,
    ) -> None:
        # Rebound first, so that no traceback shows the key among the local variables.
        api_key = Secret(api_key) if api_key is not None else None
        base_url = Secret(base_url) if base_url is not None else None
        unknown = [name for name in traits if not self.has_trait(name)]
        if unknown:
            raise TypeError(f"TaskWidget has no parameter {', '.join(unknown)}. See help(TaskWidget).")
        if download not in _MODES:
            raise ConfigurationError(f'download must be "auto", "all" or "none", not {download!r}.')
        task_id, problem = checked_id(task_id)
        super().__init__(task_id=task_id, **traits)
        self._session = Session(
            self,
            self._write,
            policy=policy or FollowPolicy(),
            mode=download,
            folder=Path(download_dir).expanduser() if download_dir is not None else None,
            run=_run,
        )
        if self.comm is not None:
            _kernel.route_clicks(self.comm)
        self.on_msg(self._session.requests.take)
        try:
            calls = client._calls if client is not None else Calls.resolve(api_key, base_url, team_id)  # noqa: SLF001
            if problem:
                raise ParameterError(problem)
        except CyberunError as exc:
            self._session.refuse(exc)
        else:
            self._session.open(calls)

    @classmethod
    def submitted(
        cls, client: HasCalls, slug: str, parameters: Mapping[str, Any], label: str | None = None
    ) -> TaskWidget:
        """Run a workflow and return its card, which can run it again. `Client.run` is the short form.

        `label`: the card's label, or the value of the workflow's `label` parameter if it has one. Raises the errors of
        `submit`, before a card is created.
        """
        calls = client._calls  # noqa: SLF001 - the package's own interface to a client
        task_id, given, left = background.run(submit(calls, slug, parameters, label))
        return cls(task_id, client, label=left or "", _run=Run(calls, slug, given))

    # --- waiting -----------------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None, *, files: bool = True) -> TaskResult:
        """Wait for the verdict and the files, and return the result. `timeout`: seconds.

        `files=False`: don't wait for the files. In the result, those still missing have the `state` "waiting" or
        "downloading"; their downloads continue.

        In a notebook, the kernel's other tasks keep running meanwhile; in a terminal or a script, the card is drawn on
        stderr. An interrupt ends the wait, not the task.

        Raises TaskFailed, TaskCancelled, WaitTimeout, or the CyberunError that ended the watch.
        """
        outcome = self._session.outcome
        return self._attend(outcome.files if files else outcome.verdict, timeout)

    def _attend(self, until: Future[T], timeout: float | None) -> T:
        if publisher.is_current() or background.is_current():
            raise CyberunError("This call would block a handler that watching depends on. Use on_done instead.")
        with self._session.observers.waiter():
            if not _display.attend(self, until, timeout):
                raise WaitTimeout(f"Task {self.task_id} is still {self.status} after {timeout:g} s. Call wait() again.")
        return until.result()

    def __await__(self) -> Generator[Any, None, TaskResult]:
        # Shielded: a caller that stops waiting must not cancel the outcome for the others.
        return asyncio.shield(asyncio.wrap_future(self._session.outcome.files)).__await__()

    # --- acting ------------------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Ask the service to cancel the task. Returns at once; the verdict arrives like any other."""
        self._session.cancel()

    def stop(self) -> None:
        """Stop watching. The task keeps running; `resume()` or another TaskWidget with its id watches it again."""
        self._session.stop()

    def resume(self) -> None:
        """Watch again after `stop()`."""
        self._session.resume()

    def reconnect(self) -> None:
        """Skip the pause before the next attempt, or watch again after an error."""
        self._session.reconnect()

    def fetch_again(self) -> None:
        """Request the result of an ended task again, and the files that couldn't be downloaded."""
        self._session.fetch_again()

    def run_again(self) -> None:
        """Submit the same run again: **a new, paid task**, which this card then shows.

        Returns at once. Raises CyberunError if the task hasn't ended, or wasn't submitted by `client.run`.
        """
        self._session.run_again()

    def retry(self) -> None:
        """Reconnect, resume, or fetch the result again, whichever applies. Costs nothing.

        Never starts a run; `run_again()` does. Raises CyberunError if only a new run would help.
        """
        self._session.retry()

    @property
    def previous_task_ids(self) -> tuple[str, ...]:
        """Ids of the tasks shown here before `run_again()`, oldest first; `TaskWidget(id)` shows one again."""
        return self._session.previous

    def fetch(self, key: str, timeout: float | None = None) -> Artifact:
        """Download one file of an ended task, of any size, and return it. `timeout`: seconds.

        `key`: an artifact's key or name. A file that is already downloaded is returned at once.

        Raises NotFoundError if the task has no such file, DownloadError if it can't be downloaded, WaitTimeout, or
        CyberunError if the task hasn't ended.
        """
        known = self.artifacts.get(key)
        artifact = self._attend(self._session.fetch(known.key if known else key), timeout)
        if artifact.state != "ready":
            raise DownloadError(artifact.error or f"{artifact.name} is {artifact.state}.")
        return artifact

    def save(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Copy the task's files into a folder, with a task.json that records their provenance. Returns the paths.

        Raises CyberunError if there is no result yet, or the folder can't be written.
        """
        return self._session.save(directory)

    def close(self) -> None:
        """Close the card and stop watching."""
        if hasattr(self, "_session"):
            self._session.close()
        super().close()

    # --- listening ---------------------------------------------------------------------------------------------------

    def on_event(self, handler: Callable[[Event], None]) -> None:
        """Call `handler(event)` for every valid event, in order, starting with the last 1,000 already received."""
        self._session.observers.add(_kernel.bound(handler))

    async def events(self) -> AsyncIterator[Event]:
        """Yield every valid event, in order, starting with the last 1,000 already received, until watching ends.

        Raises the CyberunError that ended the watch, if any. A failed task raises nothing.
        """
        session = self._session
        async for event in session.observers.listen(session.outcome.files):
            yield event
        fatal = session.watch.fatal if session.watch is not None else session.outcome.files.exception()
        if fatal is not None:
            raise fatal

    def on_progress(self, handler: Callable[[float], None]) -> None:
        """Call `handler(progress)`, a float in [0, 1], whenever progress rises or the task starts over."""
        self.on_event(rising(handler))

    def on_done(self, handler: Callable[[TaskResult], None]) -> None:
        """Call `handler(result)` once the verdict and the files are in, whatever `result.status` is."""
        self._session.on_done(_kernel.bound(handler))

    def observe(self, handler: Any, names: Any = t.All, type: Any = "change") -> None:  # noqa: A002 - traitlets' name
        """Call `handler(change)` when a trait changes, on the publisher's thread. See `traitlets.HasTraits.observe`."""
        super().observe(handler, names, type)
        if hasattr(self, "_session"):
            self._session.observers.observe()

    # --- showing -----------------------------------------------------------------------------------------------------

    def diagnostics(self) -> str:
        """Return a redacted log of the task and its connection, for pasting into an issue."""
        return self._session.diagnostics()

    def __repr__(self) -> str:
        return f"<TaskWidget {line(self.get_state())}>"

    def _ipython_display_(self) -> None:
        self._session.archives.show(self._repr_mimebundle_)
