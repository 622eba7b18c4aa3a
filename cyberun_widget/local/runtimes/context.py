"""A runtime's interface to its task: parameters, input files, output paths, and progress reports."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PERIOD: Final = 0.06  # seconds between progress events; a node's or stage's first and last are always sent


class RuntimeFailure(Exception):  # noqa: N818 - the task's failure, not the program's
    """The task can't run with these parameters. The message becomes the task's error."""


@dataclass(frozen=True, slots=True)
class Output:
    """One file made. `key`: the output's identifier, `"9.images.0"`; `node_id`: the node that made it."""

    key: str
    name: str
    mime: str
    node_id: str
    path: Path


@dataclass(slots=True)
class Context:
    """A running task. `files`: the uploaded files' paths by parameter; `emit` sends one progress event.

    `pace`: 1 runs at full speed; 0.5 doubles the time between calls of `progress`.
    `earlier`: number of earlier tasks with the same workflow and parameters.
    """

    folder: Path
    parameters: Mapping[str, Any]
    emit: Callable[[dict[str, Any]], None]
    files: Mapping[str, Path] = field(default_factory=dict)
    pace: float = 1.0
    earlier: int = 0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    outputs: list[Output] = field(default_factory=list)
    _where: tuple[str, str] = ("", "")
    _sent: float = float("-inf")
    _worked: float | None = None

    def progress(
        self, fraction: float, *, node: str = "", stage: str = "", step: int | None = None, total: int | None = None,
        message: str = "",
    ) -> None:  # fmt: skip
        """Report the progress of the whole task, in [0, 1]. Call it often: calls in quick succession are dropped."""
        now = self.clock()
        if self.pace < 1 and self._worked is not None:
            self.sleep((now - self._worked) * (1 / self.pace - 1))
            now = self.clock()
        self._worked = now
        begins = (node, stage) != self._where
        if not begins and now - self._sent < _PERIOD and step != total:
            return
        self._where, self._sent = (node, stage), now
        event: dict[str, Any] = {
            "progress": round(min(1.0, max(0.0, fraction)), 4),
            "current_node": node or None,
            "step_current": step,
            "step_total": total,
        }
        if stage:
            event |= {"stage": stage, "message": message}
        self.emit(event)

    def output(self, key: str, name: str, mime: str, node: str = "") -> Path:
        """Register an output file and return the path to write it to."""
        path = self.folder / f"{len(self.outputs):03d}-{name}"
        self.outputs.append(Output(key, name, mime, node, path))
        return path
