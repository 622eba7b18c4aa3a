"""The runs behind a card: how the current one ends, and submitting it again, at most once per request."""

from __future__ import annotations

import contextlib
import importlib
import logging
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Protocol

from cyberun_widget.artifacts.result import verdict_error
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.secrets import looks_like_key
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cyberun_widget.api.calls import Calls
    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.following.task_watch import TaskWatch

_FORMS: Final = "cyberun_widget.form.widget"  # imported only when a form is opened
_log = logging.getLogger(__name__)

Then = Literal["watch", "stop", "cancel", "drop"]


@dataclass(frozen=True, slots=True)
class Run:
    """What was submitted, and by whom: the account, the workflow's slug, the parameters as given.

    `edit`: puts the parameters back into the form that the run came from; None if it didn't come from a form.
    """

    calls: Calls
    slug: str
    parameters: Mapping[str, Any]
    edit: Callable[[], object] | None = None


def checked_id(task_id: object) -> tuple[str, str]:
    """Return a task id that is safe to show, and why it is invalid ("" if it is valid). A key is never shown."""
    text = str(task_id)
    if looks_like_key(text):
        problem = (
            "The task id looks like an API key, so it is not shown. Pass the key as api_key=... or set "
            "CYBERUN_API_KEY; client.tasks() lists your tasks."
        )
        return "", problem
    return text, "" if text.strip() else "The task id is empty. client.tasks() lists your tasks."


async def submit(
    calls: Calls, slug: str, parameters: Mapping[str, Any], label: str | None
) -> tuple[str, dict[str, Any], str | None]:
    """Submit a run. Return the task id, its parameters, and the label, None if the workflow has a `label` parameter."""
    given = dict(parameters)
    if label is not None and any(item.key == "label" for item in (await calls.workflow(slug)).parameters):
        given, label = {**given, "label": label}, None
    return await calls.submit(slug, given), given, label


class Rerun:
    """Submits a run again. On the network loop, calls `begin(task_id, then)` for the new task, or `fail(text)`.

    A stop, cancel or close requested before the answer arrives is applied to the new task: `then` says which.
    """

    def __init__(self, run: Run | None, begin: Callable[[str, Then], None], fail: Callable[[str], None]) -> None:
        self.run = run
        self.submitting = False
        self._begin, self._fail = begin, fail
        self._lock = Lock()
        self._then: Then = "watch"

    def start(self) -> None:
        """Submit the run, unless that is in progress. Returns at once. Raises CyberunError if the run is unknown."""
        if self.run is None:
            raise CyberunError("This task was not started here. Start a new one with client.run().")
        with self._lock:
            if self.submitting:
                return
            self.submitting, self._then = True, "watch"
        background.submit(self._submit(self.run))

    def instead(self, then: Then) -> bool:
        """Set what happens to the run being submitted. Returns False if there is none."""
        with self._lock:
            if self.submitting and self._then != "drop":
                self._then = then
            return self.submitting

    async def _submit(self, run: Run) -> None:
        task_id = problem = None
        try:
            task_id = await run.calls.submit(run.slug, run.parameters)
        except CyberunError as exc:
            problem = f"Could not run it again: {exc}"
        except Exception as exc:  # noqa: BLE001 - logged, and shown on the card: money may have been spent
            _log.exception("running %s again failed", run.slug)
            problem = f"Running it again failed ({type(exc).__name__}). Check client.tasks() before trying again."
        with self._lock:
            self.submitting, then = False, self._then
        if problem is not None:
            self._fail(problem)
        elif task_id is not None and then == "drop":
            _log.warning("task %s was started, but its card has been closed; the task keeps running", task_id)
        elif task_id is not None:
            self._begin(task_id, then)


class _Form(Protocol):
    comm: Any
    model_id: Any

    def close(self) -> None: ...


class Editing:
    """The form below a card, for running its task again with changes. Opening it costs nothing."""

    opener: ClassVar[Callable[[Calls, str, Mapping[str, Any]], _Form] | None] = None
    """Makes a form filled with a run's values. Set by `cyberun_widget.form`, a layer above, when it is imported."""

    def __init__(self) -> None:
        self._form: _Form | None = None
        self._lock = Lock()

    @property
    def model_id(self) -> str:
        """The form's model id, for the page; "" while there is none."""
        form = self._form
        return "" if form is None or form.comm is None else str(form.model_id)

    def open(self, calls: Calls, slug: str, parameters: Mapping[str, Any]) -> None:
        """Open the form, unless it is open. Blocks while it fetches the workflow. Raises CyberunError if that fails."""
        with self._lock:
            if type(self).opener is None:
                importlib.import_module(_FORMS)
            make = type(self).opener
            if make is not None and not self.model_id:
                self._form = make(calls, slug, parameters)

    def close(self) -> None:
        """Close the form. Runs started from it continue."""
        form, self._form = self._form, None
        if form is not None:
            form.close()


class Outcome:
    """The outcome of one run, for callers that wait for it. The first to settle it wins.

    `verdict` resolves to the TaskResult as soon as the task has ended, `files` once its files are downloaded too. Both
    raise TaskFailed, TaskCancelled or the CyberunError that ended the watch.
    """

    def __init__(self) -> None:
        self.verdict: Future[TaskResult] = Future()
        self.files: Future[TaskResult] = Future()

    def done(self) -> bool:
        """Whether both futures are settled."""
        return self.files.done()

    def fail(self, why: CyberunError) -> None:
        """Settle both futures with an error."""
        for future in (self.verdict, self.files):
            with contextlib.suppress(InvalidStateError):
                future.set_exception(why)

    def take(self, watch: TaskWatch) -> None:
        """Settle what the watch already knows."""
        if watch.finished.done():
            if not watch.finished.cancelled():
                self._settle(self.verdict, watch.finished)
                self._settle(self.files, watch.finished)
            else:
                self.fail(CyberunError("Watching ended. The task is still running."))
        elif not self.verdict.done() and watch.state.ended and (watch.artifacts or watch.problem is not None):
            # Either the files are listed, or it is known that they aren't available yet: no need to wait for the rest.
            known: Future[TaskResult] = Future()
            result = watch.result()
            error = verdict_error(result)
            if error is None:
                known.set_result(result)
            else:
                known.set_exception(error)
            self._settle(self.verdict, known)

    @staticmethod
    def _settle(waiting: Future[TaskResult], known: Future[TaskResult]) -> None:
        with contextlib.suppress(InvalidStateError):
            if (error := known.exception()) is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(known.result())
