"""The form: an anywidget with fields for a workflow's parameters, which starts runs and shows their cards."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import traitlets as t
from ipywidgets import widget_serialization

from cyberun_widget.api.calls import Calls
from cyberun_widget.card.observers import call_handler
from cyberun_widget.card.page_channel import PageChannel
from cyberun_widget.card.runs import Editing
from cyberun_widget.comparison.widget import Comparison
from cyberun_widget.form.display import bundle
from cyberun_widget.form.messages import FORM_REQUESTS
from cyberun_widget.form.requests import routes
from cyberun_widget.form.session import Account, FormSession
from cyberun_widget.form.values import to_page
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.batching import BatchedWidget
from cyberun_widget.jupyter.static_copies import StaticCopies
from cyberun_widget.support import assets
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cyberun_widget.api.calls import HasCalls
    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.card.widget import TaskWidget


class WorkflowForm(BatchedWidget):
    """A form for a workflow's parameters that starts runs and shows their cards below it.

    `slug`: for example "upscale", or "upscale@2" for version 2. `client`: a `Client` or `AsyncClient`; without one, the
    key and the address come from the environment, as for `Client()`. `values`: initial values; other fields start with
    their defaults. An invalid value is accepted, and the form shows the error at its field.

    Raises NotFoundError for an unknown workflow, ParameterError for a value that no field takes, and whatever else
    `Client.workflow` raises.
    """

    _esm = assets.for_anywidget("form.js")
    _css = assets.for_anywidget("form.css")

    values = t.Dict().tag(sync=True, to_json=lambda value, _widget: to_page(value))
    """Field -> value, None if empty; a file is a `Path` or the key of an uploaded file. Assign a new dict to change it;
    fields missing from the dict are reset to their defaults."""
    errors = t.Dict(key_trait=t.Unicode(), value_trait=t.Unicode()).tag(sync=True)
    """Field -> error message for its value."""
    valid = t.Bool(default_value=False).tag(sync=True)
    """Whether the form can be run."""
    tasks: t.List[TaskWidget] = t.List().tag(sync=True, **widget_serialization)
    """The cards of the runs this form started, newest first."""
    _fields: t.List[dict[str, Any]] = t.List().tag(sync=True)
    _workflow = t.Dict().tag(sync=True)
    _live = t.Float(None, allow_none=True).tag(sync=True)  # seconds without a change before a live run starts
    _problem = t.Unicode("").tag(sync=True)  # the error of a live run
    _comparison = t.Instance(Comparison, allow_none=True).tag(sync=True, **widget_serialization)
    _seen = t.Dict().tag(sync=True)  # page -> the number of its latest change included in `values`

    _session: FormSession

    def __init__(self, slug: str, /, client: HasCalls | None = None, **values: Any) -> None:
        calls = client._calls if client is not None else Calls.resolve()  # noqa: SLF001 - package-internal
        workflow = background.run(calls.workflow(slug))
        self._session = FormSession(calls, slug, workflow, self._write, self._announce, random=random.SystemRandom())
        self._run_handlers: list[Callable[[TaskWidget], None]] = []
        self._archives = StaticCopies(lambda: bundle(self))
        begin = self._session.normal(values)
        super().__init__(
            _fields=[field.to_json() for field in self._session.fields],
            _workflow={"slug": slug, "name": workflow.name, "description": workflow.description},
        )
        self._session.accept(begin)
        if self.comm is not None:
            _kernel.route_clicks(self.comm)
        self._channel = PageChannel(self, FORM_REQUESTS, routes(self._session))
        self.on_msg(self._channel.take)

    def run(self) -> TaskWidget:
        """Start a paid run with the form's values, and return its card, which also appears below the form.

        Returns once the run is submitted. Draws a seed if the field is empty. Raises ParameterError if a value is
        invalid, and whatever else `Client.submit` raises.
        """
        self._session.accept(self.values)  # the dict may have been changed in place
        return self._session.run()

    def on_run(self, handler: Callable[[TaskWidget], None]) -> None:
        """Call `handler(task)` for each run started, from the page or from code."""
        self._run_handlers.append(_kernel.bound(handler))

    def live(self, delay: float = 0.5, on_change: Callable[[TaskResult], None] | None = None) -> None:
        """Run automatically: **a new, paid run each time the values change and then rest for `delay` seconds**.

        Each run cancels the one before it, and `on_change(result)` is called with results of the newest values only.
        Values that are already running aren't run again; invalid values start nothing. `stop_live()` turns this off.
        """
        handler = _kernel.bound(on_change) if on_change is not None else None
        self._session.go_live(delay, lambda result: call_handler(handler, result) if handler is not None else None)

    def stop_live(self) -> None:
        """Stop running automatically. The newest run continues."""
        self._session.end_live()

    def to_code(self) -> str:
        """Return Python code for the same run: a complete cell, without the API key."""
        self._session.accept(self.values)
        return self._session.code()

    def close(self) -> None:
        """Close the form. Its tasks keep running, and their cards stay."""
        if hasattr(self, "_session"):
            self._session.close()
        super().close()

    def _ipython_display_(self) -> None:
        self._archives.show(self, self._repr_mimebundle_)

    def _announce(self, card: TaskWidget) -> None:
        card.on_done(lambda _result: self._archives.rewrite())
        for handler in tuple(self._run_handlers):
            call_handler(handler, card)

    @t.validate("values")
    def _normal_values(self, proposal: Any) -> dict[str, Any]:
        return self._session.normal(proposal["value"])

    @t.observe("values")
    def _values_changed(self, _change: Any) -> None:
        self._session.accept(self.values)

    def __repr__(self) -> str:
        shown = ", ".join(f"{key}={value!r}" for key, value in to_page(self.values).items() if value is not None)
        return f"<WorkflowForm {self._session.slug}: {shown}>"


def form_on(calls: Calls, slug: str, parameters: Mapping[str, Any]) -> WorkflowForm:
    """Return a form with the values of an earlier run. It shows an error for values the workflow no longer takes."""
    form = WorkflowForm(slug, Account(calls))
    form.values = {key: value for key, value in parameters.items() if key in form.values}
    gone = [key for key in parameters if key not in form.values]
    if gone:
        form._write({"_problem": f"The workflow no longer takes {', '.join(gone)}."})  # noqa: SLF001 - same module
    return form


Editing.opener = form_on
