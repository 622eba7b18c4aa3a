"""The public types, as the user's own checker sees them. Type-checked by mypy, never run."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, assert_type

from PIL.Image import Image

from cyberun_widget import (
    Artifact,
    AsyncClient,
    Client,
    CyberunError,
    DownloadError,
    FollowPolicy,
    NetworkError,
    RateLimitError,
    ServerError,
    SubmissionUnknownError,
    TaskCancelled,
    TaskFailed,
    TaskGroup,
    TaskResult,
    TaskWidget,
    WaitTimeout,
    WorkflowForm,
    compare,
)
from cyberun_widget.artifacts.model import Artifacts
from cyberun_widget.client.listing import TaskList, WorkflowList
from cyberun_widget.comparison.widget import Comparison
from cyberun_widget.content.kinds import Kind
from cyberun_widget.group.points import Point
from cyberun_widget.protocol.events import Event
from cyberun_widget.protocol.models import Parameter, Task, Workflow
from cyberun_widget.protocol.sse import SSEDecoder, SSEMessage

client = Client("sk-key", base_url="https://example.com/api/v1", team_id=None)
assert_type(Client.local(), Client)
assert_type(client.upload("photo.png"), str)
assert_type(client.submit("portrait", seed=7), str)
assert_type(client.run("portrait", seed=7), TaskWidget)
assert_type(client.tasks(status="running", limit=5)[0], Task)
assert_type(client.tasks(), TaskList)
assert_type(client.tasks().open(0), TaskWidget)
assert_type(client.workflows(), WorkflowList)
assert_type(client.workflows()[0], Workflow)
assert_type(client.workflow("portrait@2"), Workflow)
assert_type(client.task("id"), Task)
assert_type(client.result("id", download="none"), TaskResult)
assert_type(client.cancel("id"), bool)
assert_type(client.clear_cache(), int)
assert_type(client.base_url, str)

widget = TaskWidget(
    "id",
    client,
    policy=FollowPolicy(
        poll_interval=1,
        idle_timeout=30,
        connect_timeout=5,
        backoff_initial=0.5,
        backoff_max=10,
        sse_retry_interval=60,
        max_failures=None,
        download_idle_timeout=5,
        download_tries=3,
        download_timeout=None,
    ),
    download="all",
    download_dir=Path("downloads"),
)
TaskWidget("id", api_key="sk-key", base_url=None, team_id=None)
assert_type(client.run("portrait", label="try 3", seed=7), TaskWidget)
assert_type(widget.wait(timeout=1.5), TaskResult)
assert_type(widget.wait(files=False), TaskResult)
assert_type(widget.fetch("9.images.0", timeout=60), Artifact)
assert_type(widget.previous_task_ids, tuple[str, ...])
assert_type(widget.save("folder"), list[Path])
assert_type(widget.diagnostics(), str)
assert_type(widget.events(), AsyncIterator[Event])
widget.cancel()
widget.stop()
widget.resume()
widget.reconnect()
widget.fetch_again()
widget.run_again()
widget.retry()
assert_type((widget.task_id, widget.status, widget.stage, widget.message), tuple[str, str, str, str])
assert_type((widget.connection, widget.current_node), tuple[str, str])
assert_type((widget.progress, widget.elapsed), tuple[float, float])
assert_type(widget.artifacts, Artifacts)
widget.observe(print, names="progress")
widget.close()
widget.label = "try 4"
widget.notify = True

group = client.map("portrait", grid={"seed": range(8)}, zip={"steps": [20, 30]}, name="try", in_flight=2, guidance=7)
client.map("portrait", {"seed": [1, 2]}, start="first", fresh=True)
assert_type(group, TaskGroup)
TaskGroup(["id", widget], client)
assert_type(group.points, list[Point])
assert_type(group.points[0].parameters, Mapping[str, Any])
assert_type(group.points[0].task_id, "str | None")
assert_type(group.points[0].result, "TaskResult | None")
assert_type(group.points[0].error, "str | None")
assert_type(group.wait(timeout=1.5), list[Point])
assert_type(group.as_completed(), Iterator[Point])
assert_type(group.images(rows="seed", columns=None), Image)
assert_type(group.best("psnr", maximise=True), Point)
assert_type(group.extend(grid={"steps": [40, 50]}), int)
assert_type(group.retry_failed(), int)
assert_type(group.save("folder"), list[Path])
assert_type(group.to_code(), str)
group.start(3)
group.cancel()


form = WorkflowForm("portrait", client, seed=7)
WorkflowForm("portrait", client=client, seed=7)
assert_type(form.run(), TaskWidget)
assert_type(form.valid, bool)
assert_type(form.to_code(), str)
form.values = {"seed": 8}
form.on_run(lambda task: task.cancel())
assert_type(compare(widget, widget.wait(), widget.artifacts[0]), Comparison)


def described(workflow: Workflow, task: Task) -> None:
    """Take what the lists hold."""
    assert_type((workflow.id, workflow.slug, workflow.name, workflow.description), tuple[str, str, str, str])
    assert_type(workflow.parameters, tuple[Parameter, ...])
    assert_type((task.id, task.status, task.workflow_id), tuple[str, str, str])
    assert_type((task.ended, task.retry_count), tuple[bool, int])
    assert_type(task.created_at, "dt.datetime | None")


def progressed(progress: float) -> None:
    """Take what `on_progress` gives."""


def done(result: TaskResult) -> None:
    """Take what `on_done` gives."""
    assert_type(result.status, str)
    assert_type(result.output, Any)
    assert_type(result.error, "str | None")
    assert_type(result.elapsed, float)
    assert_type(result.artifacts, Artifacts)
    assert_type(result.artifacts["9.images.0"], Artifact)
    assert_type(result.artifacts[1:], Artifacts)
    assert_type(result.artifacts.first("image"), "Artifact | None")
    several: Sequence[Artifact] = result.artifacts.images
    for artifact in several:
        assert_type(artifact.kind, Kind)
        assert_type((artifact.kind, artifact.key, artifact.name, artifact.mime)[1:], tuple[str, str, str])
        assert_type(artifact.size, "int | None")
        assert_type(artifact.path, "Path | None")
        assert_type(artifact.bytes(), bytes)
        assert_type(artifact.image(), Image)
        assert_type(artifact.save("folder"), Path)
        assert_type(artifact.text(), str)
        assert_type(artifact.json(), Any)
        assert_type(artifact.error, "str | None")
        assert_type(artifact.url_expires_at, "dt.datetime | None")


def happened(event: Event) -> None:
    """Take what `on_event` gives."""
    assert_type(event.type, str)


widget.on_progress(progressed)
widget.on_done(done)
widget.on_event(happened)
form.live(delay=0.5, on_change=done)


async def asynchronous() -> None:
    """Use the client and the widget of code that awaits."""
    async with AsyncClient("sk-key") as asking:
        assert_type(await asking.submit("portrait"), str)
        assert_type(await asking.tasks(status="running", limit=5), TaskList)
        assert_type(await asking.workflows(), WorkflowList)
        assert_type(await asking.workflow("portrait"), Workflow)
        assert_type(await asking.upload(Path("photo.png")), str)
        assert_type(await asking.task("id"), Task)
        assert_type(await asking.cancel("id"), bool)
        TaskWidget("id", asking)
        assert_type(await asking.result("id"), TaskResult)
    assert_type(await widget, TaskResult)
    assert_type(await group, list[Point])
    async for point in group:
        assert_type(point, Point)
    async for event in widget.events():
        happened(event)


def told(error: CyberunError) -> object:  # noqa: PLR0911 - one a type
    """Take errors apart."""
    match error:
        case TaskFailed() | TaskCancelled():
            return error.result
        case RateLimitError():
            return assert_type(error.retry_after, "float | None")
        case ServerError():
            return assert_type((error.status, error.retry_after), tuple[int, "float | None"])
        case SubmissionUnknownError():
            return assert_type((error.slug, error.at), tuple[str, dt.datetime])
        case NetworkError():
            lost: ConnectionError = error
            return assert_type(error.sent, bool) and lost
        case DownloadError():
            return assert_type(error.status, "int | None")
        case WaitTimeout():
            timeout: TimeoutError = error
            return timeout
    return None


decoder = SSEDecoder()
assert_type(decoder.feed(b"data: x\n\n"), list[SSEMessage])
