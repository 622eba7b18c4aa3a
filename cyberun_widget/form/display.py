"""A form's static output: what a saved notebook shows without a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberun_widget.card.display import kept
from cyberun_widget.render import static_list
from cyberun_widget.render.source import literal
from cyberun_widget.support.words import say

if TYPE_CHECKING:
    from cyberun_widget.form.widget import WorkflowForm


def bundle(form: WorkflowForm) -> dict[str, str]:
    """Return a form's static output: its values, the code that recreates it, and the archive of its newest run."""
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
            return say("form.on" if value else "form.off")
        case {"file": str() as name}:
            return name
        case _:
            return str(value)
