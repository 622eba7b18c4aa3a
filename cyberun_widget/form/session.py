"""The state behind one form: its current values, the runs it started, the files being uploaded.

Threads: every method may be called from any thread unless it says otherwise.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.api.settings import DEFAULT_BASE_URL
from cyberun_widget.card.runs import Run as CardRun
from cyberun_widget.card.widget import TaskWidget
from cyberun_widget.comparison.widget import Comparison
from cyberun_widget.errors import CyberunError
from cyberun_widget.following.cancelling import TRIES, deliver
from cyberun_widget.form.field import field
from cyberun_widget.form.live_runs import LiveRuns
from cyberun_widget.form.uploads import UploadedFiles, Uploads
from cyberun_widget.form.values import errors, filled, submitted
from cyberun_widget.protocol.validation import check
from cyberun_widget.render.source import client_expression, run_code
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from random import Random

    from cyberun_widget.api.calls import Calls
    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.protocol.models import Workflow

_CANCEL_PAUSE: Final = 30.0  # maximum seconds between two attempts to cancel a replaced live run
_PAGES: Final = 15  # pages whose latest change is remembered
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """Anything with an account's calls, such as a client."""

    _calls: Calls


@dataclass(frozen=True, slots=True)
class Run:
    """A run that the form started, and its parameters."""

    card: TaskWidget
    parameters: dict[str, Any]


class FormSession:
    """The state of one form. `write` sets the form's traits; `started` is called with each new card, newest first.

    `random`: draws seeds, and adds jitter to the retries of a cancel request.
    """

    def __init__(
        self,
        calls: Calls,
        slug: str,
        workflow: Workflow,
        write: Callable[[Mapping[str, Any]], None],
        started: Callable[[TaskWidget], None],
        *,
        random: Random,
    ) -> None:
        self.slug, self.workflow = slug, workflow
        self.fields = [field(parameter) for parameter in workflow.parameters]
        self.uploads = Uploads()
        self._calls, self._write, self._started, self._random = calls, write, started, random
        self._files = UploadedFiles(calls.upload)
        self._lock = RLock()
        self._values: dict[str, Any] = {}
        self._seen: dict[str, int] = {}
        self._runs: list[Run] = []  # newest first
        self._starting = False
        self._live: LiveRuns[TaskResult] | None = None
        self._live_card: TaskWidget | None = None
        self._comparison: Comparison | None = None
        self._submitted: dict[str, dict[str, Any]] = {}  # live runs not shown yet: task id -> parameters

    # --- values ------------------------------------------------------------------------------------------------------

    def normal(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a value for each field. Raises ParameterError for an unknown name."""
        return filled(self.fields, values)

    def accept(self, values: Mapping[str, Any]) -> None:
        """Set the form's values, validate them, and update live runs. Invalid values are kept."""
        with self._lock:
            self._values = self.normal(values)
        self._show()

    def _show(self) -> None:
        """Write the newest values to the traits. Holds no lock while writing: a user's observer may start a run."""
        shown: dict[str, Any] | None = None
        while shown != self._values:  # another thread may have changed them: the newest values are written last
            with self._lock:
                shown, seen, live = self._values, self._seen, self._live
            found = errors(self.workflow, shown)
            self._write({"values": shown, "errors": found, "valid": not found, "_seen": seen})
            if live is not None:
                background.call(live.change, None if found else _given(shown))

    def change(self, key: str, value: Any, *, seen: tuple[str, int] | None = None) -> None:
        """Set one field's value. `seen`: the page that sent the change, and the change's number, which it waits for."""
        with self._lock:
            if seen is not None:
                page, number = seen
                self._seen = {**dict(list(self._seen.items())[-_PAGES:]), page: number}
            changed = {**self._values, key: value}
        self.accept(changed)

    def draw_seed(self, key: str) -> None:
        """Draw a new seed for one field."""
        seeds = [item for item in self.fields if item.control == "seed" and item.key == key]
        self.accept({**self._values, **submitted(seeds, {}, self._draw)})

    def use(self, run: str) -> None:
        """Load the values of an earlier run. `run`: its card's model id. Raises CyberunError if there is none."""
        self.accept(self._run_of(run).parameters)

    def code(self) -> str:
        """Return Python code for the same run."""
        with self._lock:
            return run_code(self.slug, submitted(self.fields, self._values, self._draw), client=self._client_code())

    # --- runs --------------------------------------------------------------------------------------------------------

    def run(self, *, new_seeds: bool = False) -> TaskWidget:
        """Start a paid run with the form's values, and return its card. Blocks during uploads and submission.

        Raises ParameterError if the values are invalid, and whatever `Calls.submit` raises.
        """
        parameters = self._parameters(new_seeds=new_seeds)
        return self._add(background.run(self._submit(parameters)), parameters)

    def run_from_page(self, *, new_seeds: bool) -> Future[None]:
        """Start a paid run; the card appears once it has started. A second click before that starts nothing.

        Raises ParameterError if the values are invalid, CyberunError for the second click.
        """
        with self._lock:
            if self._starting:
                raise CyberunError("A run is already being started.")
            self._starting = True
        try:
            parameters = self._parameters(new_seeds=new_seeds)
        except BaseException:
            self._starting = False
            raise
        return background.submit(self._run(parameters))

    async def _run(self, parameters: dict[str, Any]) -> None:
        try:
            self._add(await self._submit(parameters), parameters)
        finally:
            self._starting = False

    def _parameters(self, *, new_seeds: bool) -> dict[str, Any]:
        values = self._values
        check(self.workflow, values)
        parameters = submitted(self.fields, values, self._draw, new_seeds=new_seeds)
        if new_seeds:  # show the values that are run
            seeds = [item.key for item in self.fields if item.control == "seed"]
            self.accept({**values, **{key: parameters[key] for key in seeds}})
        return parameters

    async def _submit(self, parameters: Mapping[str, Any]) -> str:
        return await self._calls.start(self.slug, await self._files.resolve(check(self.workflow, parameters)))

    def _add(self, task_id: str, parameters: dict[str, Any]) -> TaskWidget:
        card = TaskWidget(task_id, Account(self._calls), _run=self._card_run(parameters))
        with self._lock:
            older, self._runs = self._runs, [Run(card, parameters), *self._runs]
        for run in older[:1]:
            run.card.density = "compact"
        cards: list[TaskWidget] = []
        while cards != (newest := [run.card for run in self._runs]):  # two runs may start at the same time
            cards = newest
            self._write({"tasks": cards})
        self._started(card)
        return card

    def _card_run(self, parameters: dict[str, Any]) -> CardRun:
        return CardRun(self._calls, self.slug, parameters, edit=lambda: self.accept(parameters))

    def unfold(self, run: str, *, open_: bool) -> None:
        """Expand a run's card, or collapse it to one line."""
        self._run_of(run).card.density = "full" if open_ else "compact"

    def compare(self, runs: Sequence[str]) -> None:
        """Show runs side by side, below the form."""
        with self._lock:
            cards = [self._run_of(run).card for run in runs]
        before, self._comparison = self._comparison, Comparison(cards)
        self._write({"_comparison": self._comparison})
        if before is not None:
            before.close()  # the page already shows the new one

    def _run_of(self, run: str) -> Run:
        found = next((each for each in self._runs if each.card.model_id == run), None)
        if found is None:
            raise CyberunError("That run is no longer in this form.")
        return found

    # --- live --------------------------------------------------------------------------------------------------------

    def go_live(self, delay: float, finished: Callable[[TaskResult], None] = lambda _result: None) -> None:
        """Start a paid run whenever the values stay unchanged for `delay` seconds.

        `finished`: called on the network loop with the result of the newest run.
        """
        self.end_live()
        live = LiveRuns[Any](
            delay=delay,
            submit=self._submit_live,
            cancel=self._cancel,
            result=self._live_result,
            finished=lambda _values, result: finished(result),
            failed=lambda _values, exc: self._write({"_problem": str(exc)}),
            known=_given(self._values),
        )
        with self._lock:
            self._live = live
        background.submit(live.run())
        self._write({"_live": delay, "_problem": ""})

    def end_live(self) -> None:
        """Stop starting runs automatically; the newest continues."""
        with self._lock:
            live, self._live, self._live_card = self._live, None, None
        self._write({"_live": None})
        if live is not None:
            background.call(live.stop)

    async def _submit_live(self, values: Mapping[str, Any]) -> str:
        parameters = submitted(self.fields, values, self._draw)
        task_id = await self._submit(parameters)
        self._submitted[task_id] = parameters
        return task_id

    async def _live_result(self, task_id: str) -> TaskResult:
        """Show a live run and wait for its end. Called only for the newest: a replaced run is never shown."""
        parameters = self._submitted.pop(task_id)
        card = self._live_card
        if card is None:
            card = self._live_card = self._add(task_id, parameters)
        else:
            with self._lock:
                self._runs = [replace(run, parameters=parameters) if run.card is card else run for run in self._runs]
            card._session.follow(task_id, self._card_run(parameters))  # noqa: SLF001 - same package
        return await card

    async def _cancel(self, task_id: str) -> None:
        def missed(exc: CyberunError, tries: int) -> bool:
            _log.info("cancelling the replaced run %s: %s", task_id, exc)
            return tries < TRIES

        self._submitted.pop(task_id, None)
        await deliver(lambda: self._calls.cancel(task_id), missed, self._random.random, pause_max=_CANCEL_PAUSE)

    # --- helpers -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop live runs; cards and tasks are unaffected."""
        self.end_live()

    def _draw(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def _client_code(self) -> str:
        usual = os.environ.get("CYBERUN_BASE_URL") or DEFAULT_BASE_URL
        return client_expression(self._calls.settings.base_url, usual.rstrip("/"))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of non-empty fields. An empty seed is drawn when a run starts, not here."""
    return {key: value for key, value in values.items() if value is not None}
