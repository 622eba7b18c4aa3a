"""The redacted story of a watch, to paste into an issue."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from cyberun_widget.jupyter.kernel import has_subshells, host
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from cyberun_widget.following.task_watch import TaskWatch

_PACKAGES: Final = ("cyberun-widget", "ipykernel", "ipywidgets", "anywidget", "httpx", "jupyterlab", "notebook")


def report(traits: Mapping[str, Any], watch: TaskWatch | None) -> str:
    """Return how a task was watched: versions, settings without the key, and what happened when.

    `traits`: the card's, as `get_state()` gives them.
    """
    lines = [
        "cyberun-widget diagnostics (no key and no signed link is in here)",
        f"python {platform.python_version()} on {platform.system()}; host: {host()}; subshells: {has_subshells()}",
        ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        "task {task_id}: status {status}, progress {progress:.3f}, connection {connection}".format_map(traits),
    ]
    if traits["error"]:
        lines.append(f"error: {traits['error']}")
    if watch is not None:
        follower, settings = watch.follower, watch.key[0]
        counts = ", ".join(f"{name} {count}" for name, count in sorted(follower.journal.counts.items()) if count)
        lines += [
            f"service {settings.base_url}; policy {watch.key[2]}",
            f"counts: {counts or 'none'}; attempt {follower.state.attempt}",
            *(f"artifact {item!r}" for item in watch.artifacts),
            "seconds    what happened",
            *follower.journal.lines(),
        ]
    return clean("\n".join(lines), lines=True)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
