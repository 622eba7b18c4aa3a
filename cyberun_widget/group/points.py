"""One point of a sweep: the group's internal record, and the views of it for the user and the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.errors import CyberunError
from cyberun_widget.protocol.fields import cause
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cyberun_widget.artifacts.model import Artifacts
    from cyberun_widget.artifacts.result import TaskResult
    from cyberun_widget.following.task_watch import TaskWatch
    from cyberun_widget.group.ledger.entry import Entry
    from cyberun_widget.group.plan.candidates import Search

ENDED: Final = frozenset({"completed", "failed", "cancelled", "error"})
"""The final statuses, which change only if the user acts."""
STATUSES: Final = (
    "planned",
    "submitting",
    "unknown",
    "submitted",
    "pending",
    "waiting",
    "provisioning",
    "queued",
    "running",
    "completed",
    "failed",
    "cancelled",
    "error",
)
"""Every status, in the order of a point's life. `unknown`: its submission was never answered; `error`: its task can't
be watched. The others, except the first two, are the API's."""

_WORDS: Final = {
    "planned": "planned",
    "claimed": "submitting",
    "sending": "submitting",
    "unknown": "unknown",
    "refused": "failed",
}
_METRICS: Final = 40  # maximum number of metrics per point
_METRICS_FILE: Final = "metrics.json"
_METRICS_SIZE: Final = 1_000_000  # maximum bytes of a metrics file
_NO_METRIC: Final = frozenset({"image_count", "size", "width", "height", "batch"})
_OUTPUTS: Final = 24  # maximum number of files sent to the page


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a sweep in its current state.

    `parameters`: as submitted. `status`: a task's status, or `planned`, `submitting`, `unknown` (its submission was
    never answered), `error` (its task can't be watched). `progress`: [0, 1]. `elapsed`: seconds from the task's
    creation to its end, 0.0 before. `metrics`: the numbers among its outputs and in its `metrics.json`. `former`: the
    ids of tasks replaced by a retry.
    """

    index: int
    parameters: Mapping[str, Any]
    task_id: str | None = None
    status: str = "planned"
    result: TaskResult | None = None
    error: str | None = None
    progress: float = 0.0
    elapsed: float = 0.0
    gpu: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    former: tuple[str, ...] = ()

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"<Point {self.index} {self.status}: {told}>"


@dataclass(slots=True, eq=False)
class Cell:
    """A point and its internal state. Written only on the network loop; readable from any thread.

    `place`: its position on each axis. `watch`: the watch on its task, None once its files are complete. `sent`: what
    the page was sent last.
    """

    index: int
    key: str
    place: tuple[int, ...]
    parameters: Mapping[str, Any]
    entry: Entry
    watch: TaskWatch | None = None
    result: TaskResult | None = None
    fatal: str | None = None
    gpu: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    search: Search | None = None
    sent: Mapping[str, Any] | None = None

    @property
    def task_id(self) -> str | None:
        """The task of the current attempt."""
        return self.entry.task_id

    @property
    def status(self) -> str:
        """See `STATUSES`."""
        if self.entry.state != "submitted":
            return _WORDS[self.entry.state]
        if self.fatal is not None:
            return "error"
        if self.result is not None:
            return self.result.status
        status = self.watch.state.status if self.watch is not None else "unknown"
        return "submitted" if status == "unknown" else status

    @property
    def ended(self) -> bool:
        """Whether only files remain to wait for."""
        return self.status in ENDED

    @property
    def settled(self) -> bool:
        """Whether only the user can change it: it ended and its files are complete, or it needs a decision."""
        if self.entry.state != "submitted":
            return self.entry.state in ("unknown", "refused")
        return self.result is not None or self.fatal is not None

    @property
    def error(self) -> str | None:
        """The full error message."""
        if self.entry.state != "submitted":
            return self.entry.error
        if self.fatal is not None:
            return self.fatal
        if self.result is not None:
            return self.result.error
        return self.watch.state.error if self.watch is not None else None

    @property
    def progress(self) -> float:
        """[0, 1]; 1.0 once the point has ended."""
        if self.ended:
            return 1.0
        return self.watch.state.progress if self.watch is not None else 0.0

    @property
    def elapsed(self) -> float:
        """Seconds the task took, 0.0 until it ends."""
        if self.result is not None:
            return self.result.elapsed
        return self.watch.state.elapsed if self.watch is not None and self.watch.state.ended else 0.0

    @property
    def artifacts(self) -> Artifacts | tuple[()]:
        """Its files in their current state."""
        if self.result is not None:
            return self.result.artifacts
        return self.watch.artifacts if self.watch is not None else ()

    def point(self) -> Point:
        """Return the point for the user."""
        error = self.error
        return Point(
            index=self.index,
            parameters=dict(self.parameters),
            task_id=self.task_id,
            status=self.status,
            result=self.result,
            error=clean(error, lines=True) if error else None,
            progress=self.progress,
            elapsed=self.elapsed,
            gpu=self.gpu,
            metrics=dict(self.metrics),
            former=self.entry.former,
        )

    def wire(self) -> dict[str, Any]:
        """Return the point for the page: small JSON without the parameters, which never change."""
        error = self.error
        return {
            "status": self.status,
            "percent": int(100 * self.progress + 1e-6),
            "error": clean(cause(error), limit=300) if error else "",
            "task": self.task_id,
            "seconds": round(self.elapsed, 2),
            "gpu": self.gpu,
            "metrics": dict(self.metrics),
            "outputs": [
                {"key": item.key, "kind": item.kind, "name": item.name, "shown": item.poster is not None}
                for item in self.artifacts[:_OUTPUTS]
            ],
            "attempt": self.entry.attempt,
        }


def metrics_of(result: TaskResult, inputs: Collection[str]) -> dict[str, float]:
    """Return the numbers of a result by name, from its output and from a file `metrics.json`.

    Leaves out numbers that only repeat one of the workflow's `inputs`, or count files. Blocks briefly to read the file.
    """
    found: dict[str, float] = {}
    if isinstance(result.output, dict):
        _collect(result.output, "", found)
        for name in ("metrics", "scalars", "stats"):
            _collect(result.output.get(name), "", found)
    for item in result.artifacts:
        if item.name == _METRICS_FILE and item.path is not None and (item.size or 0) <= _METRICS_SIZE:
            try:
                _collect(item.json(), "", found)
            except (CyberunError, OSError, ValueError):
                continue  # a file named as JSON that isn't JSON has no numbers
    told = [(name, value) for name, value in found.items() if name not in _NO_METRIC and name not in inputs]
    return dict(told[:_METRICS])


def _collect(value: Any, prefix: str, found: dict[str, float]) -> None:
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if isinstance(item, bool) or not isinstance(item, (int, float)):
            continue
        try:
            number = float(item)
        except OverflowError:
            continue
        if isfinite(number):
            found.setdefault(clean(prefix + str(name), limit=60), item)
