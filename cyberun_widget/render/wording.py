"""What is said about a task, in words: from the widget's traits, for the archive and the terminal. Pure.

The page says the same in `frontend/src/card/view_model.ts`; who changes a word here changes it there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

Tone = Literal["wait", "run", "ok", "bad", "warn"]

ENDED: Final = ("completed", "failed", "cancelled")
STAGES: Final = {
    "download": ("Download", "Downloading"),
    "process_data": ("Process data", "Processing data"),
    "train": ("Train", "Training"),
    "export": ("Export", "Exporting"),
    "upload": ("Upload", "Uploading"),
}
"""The API's stages: their name, and the word for being in one."""

_STATUS: Final = {
    "unknown": "Connecting",
    "pending": "Pending",
    "waiting": "Waiting for an agent",
    "provisioning": "Provisioning",
    "queued": "Queued",
    "running": "Running",
    "completed": "Completed",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
_CONNECTION: Final = {
    "connecting": "Connecting",
    "live": "Live",
    "reconnecting": "Reconnecting…",
    "polling": "Polling every few seconds",
    "error": "Not connected",
}
_TONES: Final[dict[str, Tone]] = {"running": "run", "completed": "ok", "failed": "bad"}
_MINUTE, _HOUR = 60, 3600
_ROUNDED: Final = 100  # numbers from here on carry no decimals


@dataclass(frozen=True, slots=True)
class Words:
    """The parts of a card as text, "" for a part that has nothing to say.

    `tone` is what the colour follows. `live`: the task is going on and is being watched.
    """

    title: str
    task_id: str
    pill: str
    tone: Tone
    percent: str
    steps: str
    node: str
    message: str
    elapsed: str
    eta: str
    cause: str
    details: str
    note: str
    connection: str
    gpu: str
    attempt: str
    files: str
    speed: str
    live: bool


def words(traits: Mapping[str, Any]) -> Words:
    """Return the words for a widget's state, as `TaskWidget.get_state()` gives it. Missing traits are no error."""
    status = str(traits.get("status") or "unknown")
    facts: Mapping[str, Any] = traits.get("_facts") or {}
    ended = status in ENDED
    lost = traits.get("connection") == "error" and not ended
    live = not ended and not lost and not facts.get("stopped")
    running = status == "running"
    bad = status == "failed" or lost
    error = clean(traits.get("error") or "No cause was given.") if bad else ""
    progress = _fraction(traits.get("progress"))
    done, total = traits.get("step_current"), traits.get("step_total")
    steps = f"step {done or 0:,} of {total:,}" if total and status != "completed" else ""
    speed = facts.get("speed") if running else None
    return Words(
        title=clean(facts.get("title")) or "Task",
        task_id=clean(traits.get("task_id")),
        pill=_pill(status, traits, lost=lost, cancelling=bool(facts.get("cancel")) and not ended),
        tone="bad" if lost else _TONES.get(status, "wait"),
        percent="" if (not progress and not (running and steps)) or status == "completed" else percent(progress),
        steps=steps,
        node="" if status == "completed" else _node(traits, facts, failed=status == "failed"),
        message=_message(traits, facts) if live else "",
        elapsed=clock(_number(traits.get("elapsed"))) if traits.get("elapsed") else "",
        eta=left(_number(traits.get("eta"))) if running and live and traits.get("eta") else "",
        cause=clean(facts.get("cause")) or error.split("\n", 1)[0] if bad else "",
        details=clean(facts.get("details"), lines=True) if bad else "",
        note=_note(facts, live=live),
        connection=_connection(traits, facts, ended=ended),
        gpu=clean(facts.get("gpu")),
        attempt=f"attempt {facts['attempt']}" if _number(facts.get("attempt")) > 1 else "",
        files=_files(traits.get("artifacts") or []),
        speed=_speed(speed) if speed else "",
        live=live,
    )


def _pill(status: str, traits: Mapping[str, Any], *, lost: bool, cancelling: bool) -> str:
    if lost:
        return "Can’t watch"
    if cancelling:
        return "Cancelling"
    stage = clean(traits.get("stage")) if status == "running" else ""
    return STAGES.get(stage, ("", stage))[1] or _STATUS.get(status, clean(status))


def _node(traits: Mapping[str, Any], facts: Mapping[str, Any], *, failed: bool) -> str:
    if failed:
        where = clean(facts.get("failed_at"))
        return STAGES.get(where, (where,))[0]
    return "" if traits.get("stages") else clean(facts.get("node")) or clean(traits.get("current_node"))


def _message(traits: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    labels = ", ".join(clean(label) for label in facts.get("labels") or ())
    waits = f"No agent is free with {labels}." if traits.get("status") == "waiting" and labels else ""
    return clean(traits.get("message")) or waits


def _note(facts: Mapping[str, Any], *, live: bool) -> str:
    if facts.get("stopped"):
        return "Not watched from here any more. The task itself goes on."
    if facts.get("cancel") and live:
        return "Cancel was requested; the verdict will show here."
    problem = facts.get("problem") or {}
    return clean(problem.get("text")) or clean(facts.get("note")) if live else ""


def _connection(traits: Mapping[str, Any], facts: Mapping[str, Any], *, ended: bool) -> str:
    if ended:
        return ""
    if facts.get("stopped"):
        return "Not watching"
    connection = str(traits.get("connection") or "")
    wait = facts.get("retry_in")
    if connection == "reconnecting" and wait:
        return f"Reconnecting in {max(1, round(_number(wait)))} s"
    return _CONNECTION.get(connection, "")


def _files(artifacts: Any) -> str:
    if not artifacts:
        return ""
    size = sum(item.get("size") or 0 for item in artifacts)
    many = f"{len(artifacts):,} file{'s' if len(artifacts) > 1 else ''}"
    return f"{many} · {weight(size)}" if size else many


def _speed(speed: Any) -> str:
    value = _number(speed)
    if value < 1:
        return f"{1 / value:.1f} s/step"
    return f"{value:.1f} steps/s" if value < 10 else f"{value:.0f} steps/s"  # noqa: PLR2004 - two digits are enough


def stage_name(name: object) -> str:
    """Return a stage's name for people; one that we don't know as it is."""
    known = clean(name)
    return STAGES.get(known, (known,))[0]


def clock(seconds: float) -> str:
    """Return a duration as 0:14, 8:10 or 1:02:03."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, _HOUR)
    minutes, last = divmod(rest, _MINUTE)
    return f"{hours}:{minutes:02}:{last:02}" if hours else f"{minutes}:{last:02}"


def running_time(seconds: float) -> str:
    """Return how long something plays: as `clock` does, in tenths where it is over in no time."""
    return clock(seconds) if seconds >= 1 else f"{seconds:.1f} s"


def left(seconds: float) -> str:
    """Return how long something will take, no more exact than anybody can know."""
    if seconds < 5:  # noqa: PLR2004
        return "a few seconds left"
    if seconds < 1.5 * _MINUTE:
        return f"about {seconds:.0f} s left"
    if seconds < 1.5 * _HOUR:
        return f"about {seconds / _MINUTE:.0f} min left"
    return f"about {seconds / _HOUR:.1f} h left"


def percent(progress: float) -> str:
    """Return a fraction as 35 %, never rounded up: 100 % is the end."""
    return f"{int(100 * progress + 1e-6)} %"


def weight(size: float) -> str:
    """Return bytes as 812 kB or 12.4 MB. Powers of 1,000."""
    units = ("B", "kB", "MB", "GB", "TB")
    unit = 0
    while size >= 1000 and unit < len(units) - 1:  # noqa: PLR2004
        size, unit = size / 1000, unit + 1
    number = f"{size:.0f}" if not unit or size >= _ROUNDED else f"{size:.1f}".removesuffix(".0")
    return f"{number} {units[unit]}"


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and value == value else 0.0  # noqa: PLR0124 - not a NaN


def _fraction(value: Any) -> float:
    return min(1.0, max(0.0, _number(value)))
