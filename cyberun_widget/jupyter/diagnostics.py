"""Diagnostics to paste into an issue: versions, host, and the redacted log of a connection."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from cyberun_widget.jupyter.kernel import has_subshells, host
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_PACKAGES: Final = ("cyberun-widget", "ipykernel", "ipywidgets", "anywidget", "httpx", "jupyterlab", "notebook")


def report(traits: Mapping[str, Any], story: Sequence[str]) -> str:
    """Return a report on how a task was watched: versions, settings without the key, and a log with times.

    `traits`: the card's traits, as returned by `get_state()`. `story`: the lines of the watch's log.
    """
    lines = [
        "cyberun-widget diagnostics (no key and no signed link is in here)",
        f"python {platform.python_version()} on {platform.system()}; host: {host()}; subshells: {has_subshells()}",
        ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        "task {task_id}: status {status}, progress {progress:.3f}, connection {connection}".format_map(traits),
    ]
    facts = traits["_facts"]
    about = [facts.get("title"), facts.get("gpu"), facts.get("failed_at") and f"failed at {facts['failed_at']}"]
    times = [f"{name} {facts[name]}" for name in ("created", "started", "ended") if facts.get(name)]
    lines += [", ".join(filter(None, part)) for part in (about, times) if any(part)]
    if traits["error"]:
        lines.append(f"error: {traits['error']}")
    return clean("\n".join([*lines, *story]), lines=True)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
