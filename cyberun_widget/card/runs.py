"""The runs behind a card: how the current one ends, and submitting it again, never twice for one request."""

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

_FORMS: Final = "cyberun_widget.form.widget"  # loaded for those who ask for a form: nobody else pays for it
_log = logging.getLogger(__name__)

Then = Literal["watch", "stop", "cancel", "drop"]


@dataclass(frozen=True, slots=True)
class Run:
    """Who submitted what: the account, the workflow's slug, the parameters as they were given.

    `edit`: puts the parameters into the form that the run came from, None where there is none.
    """

    calls: Calls
    slug: str
    parameters: Mapping[str, Any]
    edit: Callable[[], object] | None = None


def checked_id(task_id: object) -> tuple[str, str]:
    """Return a task id as it may be shown, and why it can't be one ('' where it can). A key is never shown."""
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
    """Submit a run; return the task's id, its parameters, and the label unless the workflow has a parameter `label`."""
    given = dict(parameters)
    if label is not None and any(item.key == "label" for item in (await calls.workflow(slug)).parameters):
        given, label = {**given, "label": label}, None
    return await calls.submit(slug, given), given, label


class Rerun:
    """Submits a run again. `begin(task_id, then)` is called with the new task, on the network loop; `fail` with words.

    What is asked while the answer is on its way (stop, cancel, close) is done to the new task: `then` says what.
    """

    def __init__(self, run: Run | None, begin: Callable[[str, Then], None], fail: Callable[[str], None]) -> None:
        self.run = run
        self.submitting = False
        self._begin, self._fail = begin, fail
        self._lock = Lock()
        self._then: Then = "watch"

    def start(self) -> None:
        """Submit the run, unless that is under way. Returns at once. Raises CyberunError where it is unknown."""
        if self.run is None:
            raise CyberunError("This task was not started here. Start a new one with client.run().")
        with self._lock:
            if self.submitting:
                return
            self.submitting, self._then = True, "watch"
        background.submit(self._submit(self.run))

    def instead(self, then: Then) -> bool:
        """Say what is to become of the run being submitted. Returns False where none is."""
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
        except Exception as exc:  # noqa: BLE001 - logged, and said on the card: money may have been spent
            _log.exception("running %s again failed", run.slug)
            problem = f"Running it again failed ({type(exc).__name__}). Check client.tasks() before trying again."
        with self._lock:
            self.submitting, then = False, self._then
        if problem is not None:
            self._fail(problem)
        elif task_id is not None and then == "drop":
            _log.warning("task %s was started, but its card was closed meanwhile; the task goes on", task_id)
        elif task_id is not None:
            self._begin(task_id, then)


class _Form(Protocol):
    comm: Any
    model_id: Any

    def close(self) -> None: ...


class Editing:
    """The form below a card, on which its run can be changed and run again. Nothing is paid for before that."""

    opener: ClassVar[Callable[[Calls, str, Mapping[str, Any]], _Form] | None] = None
    """Makes a form on the values of a run. The forms' layer, which is above, puts it in once it is loaded."""

    def __init__(self) -> None:
        self._form: _Form | None = None
        self._lock = Lock()

    @property
    def model_id(self) -> str:
        """The form's, for the page; "" while there is none."""
        form = self._form
        return "" if form is None or form.comm is None else str(form.model_id)

    def open(self, calls: Calls, slug: str, parameters: Mapping[str, Any]) -> None:
        """Open the form, unless it is open. Blocks for the workflow's definition, and raises what that does."""
        with self._lock:
            if type(self).opener is None:
                importlib.import_module(_FORMS)
            make = type(self).opener
            if make is not None and not self.model_id:
                self._form = make(calls, slug, parameters)

    def close(self) -> None:
        """Close the form; the runs that came of it go on."""
        form, self._form = self._form, None
        if form is not None:
            form.close()


class Outcome:
    """How one run ends, for those who wait. Whoever settles it first has the word.

    `verdict` gives the TaskResult as soon as the task has ended, `files` once its files are in too; both raise
    TaskFailed, TaskCancelled or the CyberunError that ended the watching.
    """

    def __init__(self) -> None:
        self.verdict: Future[TaskResult] = Future()
        self.files: Future[TaskResult] = Future()

    def done(self) -> bool:
        """Whether nothing more is to come."""
        return self.files.done()

    def fail(self, why: CyberunError) -> None:
        """End the waiting, with a reason."""
        for future in (self.verdict, self.files):
            with contextlib.suppress(InvalidStateError):
                future.set_exception(why)

    def take(self, watch: TaskWatch) -> None:
        """Settle what a watch has news of."""
        if watch.finished.done():
            if not watch.finished.cancelled():
                self._settle(self.verdict, watch.finished)
                self._settle(self.files, watch.finished)
            else:
                self.fail(CyberunError("Watching ended. The task is still running."))
        elif not self.verdict.done() and watch.state.ended and (watch.artifacts or watch.problem is not None):
            # The files are named, or it is known that they can't be had yet: the rest may take its time.
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
