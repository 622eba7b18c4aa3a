"""The card's texts, derived from the widget's traits, for the archive and the terminal. Pure.

The page does the same in `frontend/src/card`, from the same vocabulary (`support/words.json`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from cyberun_widget.support import units
from cyberun_widget.support.text import clean
from cyberun_widget.support.words import WORDS, say, stage_doing, stage_name, status_doing, status_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Tone = Literal["wait", "run", "ok", "bad", "warn"]

ENDED: Final = ("completed", "failed", "cancelled")
_VALUE: Final = 32  # characters of a parameter's value
_TONES: Final[dict[str, Tone]] = {"running": "run", "completed": "ok", "failed": "bad"}
_TOOK: Final = {"completed": "card.completed_in", "failed": "card.failed_after", "cancelled": "card.cancelled_after"}


@dataclass(frozen=True, slots=True)
class CardText:
    """The parts of a card as text, "" for a part without content.

    `about`: the parameters that differ from the defaults. `tone` determines the colour. `live`: the task is running or
    waiting, and is being watched. `time`: how long it has been running or waiting, or took, in words; `elapsed`: the
    duration alone.
    """

    title: str
    label: str
    task_id: str
    about: str
    pill: str
    tone: Tone
    percent: str
    steps: str
    node: str
    message: str
    elapsed: str
    time: str
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


def card_text(traits: Mapping[str, Any]) -> CardText:
    """Return the text of a widget's state, as returned by `TaskWidget.get_state()`. Traits may be missing."""
    status = str(traits.get("status") or "unknown")
    facts: Mapping[str, Any] = traits.get("_facts") or {}
    ended = status in ENDED
    lost = traits.get("connection") == "error" and not ended
    live = not ended and not lost and not facts.get("stopped")
    running = status == "running"
    bad = status == "failed" or lost
    error = clean(traits.get("error")) or say("card.no_error") if bad else ""
    progress = min(1.0, max(0.0, _number(traits.get("progress"))))
    steps = _steps(traits) if status != "completed" else ""
    seconds = _number(traits.get("elapsed"))
    speed = _number(facts.get("speed")) if running else 0.0
    attempt = _number(facts.get("attempt"))
    return CardText(
        title=clean(facts.get("title")) or say("card.untitled"),
        label=clean(traits.get("label")),
        task_id=clean(traits.get("task_id")),
        about=" · ".join(_parameter(name, value) for name, value in (facts.get("parameters") or {}).items()),
        pill=_pill(status, traits, lost=lost, cancelling=bool(facts.get("cancel")) and not ended),
        tone="bad" if lost else _TONES.get(status, "wait"),
        percent="" if status == "completed" or not (progress or (running and steps)) else units.percent(progress),
        steps=steps,
        node="" if status == "completed" else _node(traits, facts, failed=status == "failed"),
        message=_message(status, traits, facts, begun=bool(progress or steps)) if live else "",
        elapsed=units.clock(seconds) if seconds else "",
        time=_time(status, seconds) if seconds else "",
        eta=units.time_left(_number(traits.get("eta"))) if running and live and traits.get("eta") else "",
        cause=clean(facts.get("cause")) or error.split("\n", 1)[0] if bad else "",
        details=clean(facts.get("details"), lines=True) if bad else "",
        note=_note(facts, live=live),
        connection=_connection(traits, facts, ended=ended),
        gpu=clean(facts.get("gpu")),
        attempt=say("card.attempt", number=units.count(attempt)) if attempt > 1 else "",
        files=files_text(traits.get("artifacts") or []),
        speed=units.speed(speed) if speed > 0 else "",
        live=live,
    )


def _parameter(name: str, value: Any) -> str:
    given = "\u2013" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = clean(given)
    return f"{clean(name)} {text if len(text) <= _VALUE else f'{text[:_VALUE]}…'}"


def _steps(traits: Mapping[str, Any]) -> str:
    done, total = _number(traits.get("step_current")), _number(traits.get("step_total"))
    return say("card.step", current=units.count(done), total=units.count(total)) if total else ""


def _pill(status: str, traits: Mapping[str, Any], *, lost: bool, cancelling: bool) -> str:
    if lost:
        return say("card.lost")
    if cancelling:
        return say("card.cancelling")
    stage = clean(traits.get("stage")) if status == "running" else ""
    return stage_doing(stage) or clean(status_name(status))


def _node(traits: Mapping[str, Any], facts: Mapping[str, Any], *, failed: bool) -> str:
    if failed:
        return stage_name(clean(facts.get("failed_at")))
    return "" if traits.get("stages") else clean(facts.get("node")) or clean(traits.get("current_node"))


def _message(status: str, traits: Mapping[str, Any], facts: Mapping[str, Any], *, begun: bool) -> str:
    if said := clean(traits.get("message")):
        return said
    labels = ", ".join(clean(label) for label in facts.get("labels") or ())
    if status == "waiting" and labels:
        return f"{say('card.labels')} {labels}"
    return "" if status == "running" and begun else status_doing(status)


def _time(status: str, seconds: float) -> str:
    if status in _TOOK:
        return say(_TOOK[status], time=units.span(seconds))
    running = status == "running" or not status_doing(status)
    return say("card.elapsed" if running else "card.waiting", time=units.clock(seconds))


def _note(facts: Mapping[str, Any], *, live: bool) -> str:
    if facts.get("stopped"):
        return say("card.paused")
    if facts.get("cancel") and live:
        return say("card.cancel_requested")
    problem = facts.get("problem") or {}
    return clean(problem.get("text")) or clean(facts.get("note")) if live else ""


def _connection(traits: Mapping[str, Any], facts: Mapping[str, Any], *, ended: bool) -> str:
    if ended:
        return ""
    if facts.get("stopped"):
        return say("connection.stopped")
    connection, wait = str(traits.get("connection") or ""), _number(facts.get("retry_in"))
    if connection == "reconnecting" and wait:
        return say("connection.reconnecting_in", seconds=max(1, round(wait)))
    return str(WORDS["connection"].get(connection, ""))


def files_text(artifacts: Sequence[Mapping[str, Any]]) -> str:
    """Return the number of files and their total size: "2 files · 1.2 MB"; "" if there are none."""
    if not artifacts:
        return ""
    size = sum(item.get("size") or 0 for item in artifacts)
    return " · ".join([units.many(len(artifacts), "file"), *([units.data_size(size)] if size else [])])


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and value == value else 0.0  # noqa: PLR0124 - excludes NaN
