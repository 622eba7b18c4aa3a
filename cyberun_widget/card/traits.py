"""The trait values that a card derives from its watch. Pure.

The page, the archive and the terminal are all rendered from this one mapping, so they can't disagree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.protocol.fields import cause
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cyberun_widget.artifacts.model import Artifact, Artifacts
    from cyberun_widget.card.ports import Action
    from cyberun_widget.card.runs import Run
    from cyberun_widget.following.follower import Problem
    from cyberun_widget.following.task_watch import TaskWatch
    from cyberun_widget.protocol.models import Workflow
    from cyberun_widget.protocol.state import TaskState

_WORTH_A_CLICK: Final = 3.0  # seconds of pause from which a button to retry now is offered
_PARAMETERS: Final = 24  # parameters that the card shows
_VALUE: Final = 80  # characters of a parameter's value
_OUTPUT: Final = 65_536  # characters of the output sent to the page
_LOOK: Final = {"image": 0, "video": 1, "model": 2, "audio": 3, "json": 4, "table": 5, "text": 6}


@dataclass(frozen=True, slots=True)
class Own:
    """The state of a card that isn't part of its watch.

    `process`: the id of the kernel process, which its heartbeats carry. `previous`: ids of the tasks that the card
    showed before it was run again, oldest first. `output`: the watch's output, cleaned. `fresh`: the task was active
    when first seen, so its verdict is news. `form`: the model id of the form below the card, "" for none.
    """

    process: str = ""
    output: Any = None
    saved: str | None = None
    stopped: bool = False
    submitting: bool = False
    run: Run | None = None
    previous: tuple[str, ...] = ()
    fresh: bool = False
    form: str = ""


def view(watch: TaskWatch, now: float, own: Own) -> dict[str, Any]:
    """Return trait name -> value. `now`: the time on the watch's clock, in seconds."""
    state, problem = watch.state, watch.problem
    error = str(watch.fatal) if watch.fatal else state.error
    error = clean(error, lines=True) if error else None
    connection = watch.connection
    if own.stopped and connection not in ("closed", "error"):
        connection = "closed"
    artifacts = watch.artifacts
    given = own.run.parameters if own.run else state.parameters
    return {
        "task_id": state.task_id,
        "status": state.status,
        "progress": state.progress,
        "stage": state.stage,
        "message": state.message,
        "current_node": state.current_node,
        "step_current": state.step_current,
        "step_total": state.step_total,
        "error": error,
        "output": own.output,
        "artifacts": artifacts,
        "connection": connection,
        "elapsed": round(state.elapsed_at(now), 2),
        "eta": state.eta_at(now),
        "stages": [
            {"name": item.name, "state": item.state, "seconds": item.seconds_at(now), "progress": item.progress}
            for item in state.stages
        ],
        "_facts": {
            **_about(watch, state, now),
            "speed": state.speed_at(now),
            "attempt": state.attempt,
            "news": None if watch.last_news is None else max(0.0, now - watch.last_news),
            **_trouble(problem, watch, now),
            "failed_at": _failed_at(state, watch),
            **_cause(error),
            "note": state.note,
            "download": _download(artifacts, ended=state.ended and not watch.finished.done()),
            "parameters": chosen(given, watch.workflow),
            "previous": list(own.previous),
            "saved": own.saved,
            "fresh": own.fresh,
            "form": own.form,
            "stopped": own.stopped,
            "actions": _actions(watch, own, artifacts),
            "process": own.process,
        },
    }


def _about(watch: TaskWatch, state: TaskState, now: float) -> dict[str, Any]:
    workflow = watch.workflow
    return {
        "title": (workflow.name if workflow else "") or state.workflow_name,
        "tool": state.tool_type or (workflow.tool_type if workflow else ""),
        "gpu": state.gpu_type,
        "labels": list(workflow.required_labels if workflow else ()),
        "created": _iso(state.created_at),
        "started": _iso(state.started_at),
        "ended": _iso(state.completed_at),
        "waited": state.waited,
        "ran": state.ran_at(now),
        "node": workflow.nodes.get(state.current_node, "") if workflow else "",
    }


def _trouble(problem: Problem | None, watch: TaskWatch, now: float) -> dict[str, Any]:
    shown: dict[str, Any] | None = None
    retry_in = None
    if watch.cancel_problem:
        shown = {"text": watch.cancel_problem, "retrying": watch.cancelling}
    elif problem is not None:
        shown = {"text": problem.text, "retrying": problem.retrying}
        retry_in = None if problem.retry_at is None else max(0.0, problem.retry_at - now)
    requested = watch.cancelling and not watch.follower.state.ended
    return {"problem": shown, "retry_in": retry_in, "cancel": "requested" if requested else ""}


def _actions(watch: TaskWatch, own: Own, files: Artifacts) -> list[Action]:
    """Return the buttons that apply, see `ports.Action`."""
    state, problem = watch.state, watch.problem
    lost = watch.fatal is not None and not state.ended
    watched = not (state.ended or own.stopped or lost)
    over = state.status in ("failed", "cancelled") and watch.finished.done()
    applies: dict[Action, bool] = {
        "cancel": watched and not watch.cancelling,
        "reconnect": lost or (watched and problem is not None and problem.pause >= _WORTH_A_CLICK),
        "resume": own.stopped and not state.ended,
        "fetch_again": state.ended and (own.stopped or problem is not None or any(f.state == "failed" for f in files)),
        "run_again": over and own.run is not None and not own.submitting,
        "save_all": len(files) > 0,
    }
    return [action for action, so in applies.items() if so]


def chosen(given: Mapping[str, Any], workflow: Workflow | None) -> dict[str, Any]:
    """Return the parameters that differ from the workflow's defaults, in its order, short enough for a line of text.

    At most 24 parameters, with values of at most 80 characters. A file is reduced to its name.
    """
    order = [parameter.key for parameter in workflow.parameters] if workflow else []
    defaults = {parameter.key: parameter.default for parameter in workflow.parameters} if workflow else {}
    names = sorted(given, key=lambda name: order.index(name) if name in order else len(order))
    files = {parameter.key for parameter in workflow.parameters if parameter.type == "file"} if workflow else set()
    told = [name for name in names if name not in defaults or given[name] != defaults[name]]
    return {clean(name, limit=_VALUE): _value(given[name], is_file=name in files) for name in told[:_PARAMETERS]}


def _value(value: Any, *, is_file: bool) -> Any:
    match value:
        case bool() | float() | None:
            return value
        case int() if abs(value) < 2**53:  # larger ones lose precision in JavaScript
            return value
        case PurePath():
            return clean(value.name, limit=_VALUE)
        case str() if is_file:
            return clean(value.replace("\\", "/").rsplit("/", 1)[-1], limit=_VALUE)
        case str() | int():
            return clean(value, limit=_VALUE)
        case _:
            return clean(json.dumps(value, default=lambda odd: type(odd).__name__, ensure_ascii=False), limit=_VALUE)


def _failed_at(state: TaskState, watch: TaskWatch) -> str:
    if state.status != "failed":
        return ""
    if state.stage:
        return state.stage
    names = watch.workflow.nodes if watch.workflow else {}
    return names.get(state.current_node, state.current_node)


def shown(artifacts: Iterable[Artifact]) -> list[dict[str, Any]]:
    """Return the files in display order: by group, and within a group pictures, videos and models before text."""
    items = [{**item.to_json(), "revision": revision(item)} for item in artifacts]
    groups = {group: index for index, group in enumerate(dict.fromkeys(item["group"] for item in items))}
    return sorted(items, key=lambda item: (groups[item["group"]], _LOOK.get(item["kind"], len(_LOOK))))


def revision(artifact: Artifact) -> str:
    """Return an id for the current content of an artifact's file, "" while it isn't downloaded. Reads from disk."""
    try:
        found = artifact.path.stat() if artifact.path is not None else None
    except OSError:
        return ""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}" if found else ""


def travelling(artifacts: Artifacts) -> list[dict[str, Any]]:
    """Return the files as they are sent to the page: like `shown`, but without paths on this machine.

    Posters are sent separately, each once: see `posters`.
    """
    return [{**item, "poster": None, "path": None} for item in shown(artifacts)]


def posters(artifacts: Artifacts) -> dict[str, bytes]:
    """Return the posters, keyed by their names in the page's model."""
    return {f"_poster:{item.key}": item.poster for item in artifacts if item.poster is not None}


def excerpt(value: Any, room: int = _OUTPUT) -> Any:
    """Return a JSON value of the same shape, truncated to about `room` characters; ellipses mark what was cut."""
    return _cut(value, [room])


def _cut(value: Any, left: list[int]) -> Any:
    match value:
        case str():
            kept = value[: max(0, left[0])]
            left[0] -= len(kept) + 2
            return value if len(kept) == len(value) else f"{kept}…"
        case dict():
            part: dict[str, Any] = {}
            for key, item in value.items():
                if left[0] <= 0:
                    return {**part, "…": f"{len(value) - len(part):,} more"}
                left[0] -= len(key) + 4
                part[key if len(key) <= _VALUE else f"{key[:_VALUE]}…"] = _cut(item, left)
            return part
        case list():
            items: list[Any] = []
            for item in value:
                if left[0] <= 0:
                    return [*items, f"… {len(value) - len(items):,} more"]
                items.append(_cut(item, left))
            return items
        case _:
            left[0] -= 8
            return value


def _cause(error: str | None) -> dict[str, str]:
    """Split an error into the text that the card shows at first, and the full text if it is longer."""
    told = cause(error or "")
    return {"cause": told, "details": "" if told == (error or "").strip() else error or ""}


def _download(artifacts: Artifacts, *, ended: bool) -> dict[str, Any] | None:
    """Return the progress of the downloads, None if none is active."""
    wanted = [item for item in artifacts if item.state != "offered"]
    if not wanted or not (ended or any(item.state in ("waiting", "downloading") for item in wanted)):
        return None
    sizes = [item.size for item in wanted]
    return {
        "done": sum(item.state in ("ready", "failed") for item in wanted),
        "total": len(wanted),
        "received": sum(item.received for item in wanted),
        "size": None if None in sizes else sum(size or 0 for size in sizes),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def provenance(watch: TaskWatch | None, own: Own, task_id: str) -> dict[str, Any]:
    """Return the provenance of a task's files, for the `task.json` saved with them."""
    if watch is None:
        return {"task_id": task_id}
    state, run = watch.state, own.run
    workflow = watch.workflow
    return {
        "task_id": task_id,
        "status": state.status,
        "workflow": run.slug if run else (workflow.slug if workflow else "") or state.workflow_name,
        "parameters": run.parameters if run else state.parameters or None,
        "tool_type": state.tool_type or (workflow.tool_type if workflow else ""),
        "gpu_type": state.gpu_type,
        "created_at": _iso(state.created_at),
        "started_at": _iso(state.started_at),
        "completed_at": _iso(state.completed_at),
        "elapsed_seconds": round(state.elapsed, 2),
        "retry_count": state.retry_count,
        "output": state.output,
    }
