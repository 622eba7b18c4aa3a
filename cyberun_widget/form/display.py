"""Where a form is seen: live in a notebook, with a static copy that stays in the saved one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cyberun_widget.card.display import kept
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.render import static_list
from cyberun_widget.render.source import literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.form.widget import WorkflowForm


class FormArchives:
    """The static outputs of one form: one for each time it was shown. They hold the values and the last result."""

    def __init__(self) -> None:
        self._display_ids: list[str] = []

    def show(self, form: WorkflowForm, mimebundle: Callable[[], Any]) -> None:
        """Show the form in the cell that runs."""
        if _kernel.host() in ("terminal", "script"):
            sys.stdout.write(f"{form!r}\n")  # the form is this expression's value: what a terminal shows of it
            return
        made = mimebundle()
        live, metadata = made if isinstance(made, tuple) else (made, {})
        live = {**(live or {}), "text/plain": repr(form)}
        self._display_ids.append(_kernel.display_pair(live, bundle(form), metadata))

    def rewrite(self, form: WorkflowForm) -> None:
        """Put in what is known now."""
        for display_id in self._display_ids:
            _kernel.update(display_id, bundle(form))


def bundle(form: WorkflowForm) -> dict[str, str]:
    """Return a form without its kernel: its values, how to make it again, and the archive of its newest run."""
    shown = form.get_state(["values", "_fields", "_workflow"])
    labels = {item["key"]: item["label"] for item in shown["_fields"]}
    values = {labels[key]: _words(value) for key, value in shown["values"].items() if value is not None}
    about = shown["_workflow"]
    markup = static_list.form(about["name"], about["slug"], values, f"WorkflowForm({literal(about['slug'])})")
    newest = kept(form.tasks[0])["text/html"] if form.tasks else ""
    return {"text/html": markup + newest, "text/plain": repr(form)}


def _words(value: Any) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case {"file": str() as name}:
            return name
        case _:
            return str(value)
