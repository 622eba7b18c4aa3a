"""A workflow in the API's format. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.local.state.ids import iso, named_uuid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberun_widget.local.catalogue.parameters import Parameter

_SINCE: Final = 1_767_225_600.0  # fictitious creation date of the workflows: 2026-01-01


def node(class_type: str, title: str, **inputs: Any) -> dict[str, Any]:
    """Return one node of a graph in ComfyUI's API format."""
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title}}


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow. `runtime`: the module in `runtimes` that does the work; `task_timeout`: seconds."""

    slug: str
    version: int
    name: str
    description: str
    tool_type: str
    runtime: str
    parameters: tuple[Parameter, ...]
    graph: Mapping[str, Any] | None = None
    required_labels: tuple[str, ...] = ()
    task_timeout: int = 900

    @property
    def id(self) -> str:
        """The workflow's id, the same after every start and for every version."""
        return named_uuid("workflow:" + self.slug)

    def summary(self) -> dict[str, Any]:
        """Return the workflow as shown in a list."""
        return {
            "id": self.id,
            "workflow_slug": self.slug,
            "version": self.version,
            "display_name": self.name,
            "description": self.description,
            "tool_type": self.tool_type,
            "required_labels": list(self.required_labels),
            "task_timeout": self.task_timeout,
            "created_at": iso(_SINCE),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the complete workflow."""
        return self.summary() | {
            "parameters": [item.to_json() for item in self.parameters],
            "workflow_json": self.graph,
        }
