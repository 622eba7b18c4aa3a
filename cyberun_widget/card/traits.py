"""What a card shows of a watch: the values of the widget's traits. Pure.

The page, the archive and the terminal all draw from this one mapping, so that they can't tell different stories.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.protocol.fields import cause
from cyberun_widget.support.secrets import redact, scrub

if TYPE_CHECKING:
    from datetime import datetime

    from cyberun_widget.artifacts.model import Artifacts
    from cyberun_widget.card.ports import Action
    from cyberun_widget.following.follower import Problem
    from cyberun_widget.following.task_watch import TaskWatch
    from cyberun_widget.protocol.state import TaskState

_WORTH_A_CLICK: Final = 3.0  # seconds of pause that a person may want to cut short
_LOOK: Final = {"image": 0, "video": 1, "model": 2, "audio": 3, "json": 4, "table": 5, "text": 6}


def view(watch: TaskWatch, now: float, *, saved: str | None, stopped: bool, can_rerun: bool) -> dict[str, Any]:
    """Return trait name -> value. `now`: the watch's clock."""
    follower = watch.follower
    state, problem = follower.state, follower.problem
    error = str(watch.fatal) if watch.fatal else redact(state.error) if state.error else None
    connection = follower.connection
    if stopped and connection not in ("closed", "error"):
        connection = "closed"
    return {
        "task_id": state.task_id,
        "status": state.status,
        "progress": state.progress,
        "stage": state.stage,
        "message": redact(state.message),
        "current_node": state.current_node,
        "step_current": state.step_current,
        "step_total": state.step_total,
        "error": error,
        "output": scrub(state.output),
        "artifacts": watch.artifacts,
        "connection": connection,
        "elapsed": round(state.elapsed_at(now), 2),
        "eta": state.eta_at(now),
        "stages": [
            {"name": item.name, "state": item.state, "seconds": item.seconds_at(now), "progress": item.progress}
            for item in state.stages
        ],
        "_facts": {
            **_about(watch, state),
            "speed": state.speed_at(now),
            "attempt": state.attempt,
            "news": None if follower.last_news is None else max(0.0, now - follower.last_news),
            **_trouble(problem, watch, now),
            "failed_at": _failed_at(state, watch),
            **_cause(error),
            "note": redact(state.note),
            "download": _download(watch.artifacts, ended=state.ended and not watch.finished.done()),
            "saved": saved,
            "stopped": stopped,
            "can_retry": _can_retry(watch, stopped=stopped, can_rerun=can_rerun),
            "actions": _actions(watch, stopped=stopped, can_rerun=can_rerun),
        },
    }


def _about(watch: TaskWatch, state: TaskState) -> dict[str, Any]:
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


def _can_retry(watch: TaskWatch, *, stopped: bool, can_rerun: bool) -> bool:
    """Whether a button makes sense: try now, watch again, fetch the result again, or run the workflow again."""
    state, problem = watch.follower.state, watch.follower.problem
    stuck = problem is not None and (state.ended or problem.pause >= _WORTH_A_CLICK)
    return stopped or stuck or watch.fatal is not None or (can_rerun and state.status in ("failed", "cancelled"))


def _actions(watch: TaskWatch, *, stopped: bool, can_rerun: bool) -> list[Action]:
    """Return the buttons that apply, see `ports.Action`."""
    state, problem = watch.follower.state, watch.follower.problem
    files = watch.artifacts
    lost = watch.fatal is not None and not state.ended
    watched = not (state.ended or stopped or lost)
    applies: dict[Action, bool] = {
        "cancel": watched and not watch.cancelling,
        "reconnect": lost or (watched and problem is not None and problem.pause >= _WORTH_A_CLICK),
        "resume": stopped and not state.ended,
        "fetch_again": state.ended and (stopped or problem is not None or any(f.state == "failed" for f in files)),
        "run_again": can_rerun and state.status in ("failed", "cancelled") and watch.finished.done(),
        "save_all": len(files) > 0,
    }
    return [action for action, so in applies.items() if so]


def _failed_at(state: TaskState, watch: TaskWatch) -> str:
    if state.status != "failed":
        return ""
    if state.stage:
        return state.stage
    names = watch.workflow.nodes if watch.workflow else {}
    return names.get(state.current_node, state.current_node)


def shown(artifacts: Artifacts) -> list[dict[str, Any]]:
    """Return the files as the page lays them out: group by group, and in each what is looked at before what is read."""
    items = artifacts.to_json()
    groups = list(dict.fromkeys(item["group"] for item in items))
    return sorted(items, key=lambda item: (groups.index(item["group"]), _LOOK.get(item["kind"], len(_LOOK))))


def _cause(error: str | None) -> dict[str, str]:
    """Split an error into what the card says at once, and the whole of it where there is more."""
    told = cause(error or "")
    return {"cause": told, "details": "" if told == (error or "").strip() else error or ""}


def _download(artifacts: Artifacts, *, ended: bool) -> dict[str, Any] | None:
    """Return how far the downloads are, None where none is going on."""
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
