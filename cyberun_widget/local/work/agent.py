"""The agent: takes tasks through their states and does their work in processes of their own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.local.catalogue import by_slug
from cyberun_widget.local.state.ids import iso, named_uuid
from cyberun_widget.local.state.store import ObjectRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.local.catalogue.workflow import Workflow
    from cyberun_widget.local.state.event_hub import Hub
    from cyberun_widget.local.state.store import Store, TaskRow

_LOG: Final = logging.getLogger("cyberun_widget.local.work.agent")
_LINE_MAX: Final = 1 << 20  # bytes of one line of a worker's news
_LABELS: Final = ("local", "cpu")
GPU_TYPE: Final = "CPU (local)"


class _Failed(Exception):  # noqa: N818 - the task's failure, not the agent's
    """The work didn't succeed; the message is the task's error."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """`slots`: tasks worked on at once. `speed`: divides the pauses between states; below 1 it slows the work as well.

    `labels`: what the agent offers beside "local" and "cpu"; a task that needs another one waits.
    """

    slots: int = max(2, (os.cpu_count() or 2) // 2)
    speed: float = 1.0
    labels: tuple[str, ...] = ()


class Agent:
    """One agent. Lives on the event loop; `start` resumes what an earlier server left, `close` stops all work."""

    def __init__(self, store: Store, hub: Hub, settings: AgentSettings, clock: Callable[[], float] = time.time) -> None:
        self.labels: tuple[str, ...] = (*_LABELS, *settings.labels)
        self.id = named_uuid("agent")
        self._store, self._hub, self._settings, self._clock = store, hub, settings, clock
        self._slots = asyncio.Semaphore(settings.slots)
        self._jobs: dict[str, asyncio.Task[None]] = {}

    @property
    def busy(self) -> int:
        """How many tasks are under way (those that wait for another agent don't count)."""
        return sum(1 for task in self._store.unfinished() if task.status != "waiting")

    def start(self) -> None:
        """Take up the tasks that an earlier server left without a verdict; interrupted ones count as a retry."""
        for task in self._store.unfinished():
            if task.status == "running":
                _LOG.info("task %s was interrupted and starts again", task.id)
                self._store.update_task(task.id, retry_count=task.retry_count + 1, started_at=None)
            self._store.update_task(task.id, status="pending", agent_id=None)
            self.submit(task.id)

    def submit(self, task_id: str) -> None:
        """Take a stored task."""
        job = asyncio.create_task(self._live(task_id), name=f"task {task_id}")
        self._jobs[task_id] = job
        job.add_done_callback(lambda _: self._jobs.pop(task_id, None))

    async def cancel(self, task_id: str) -> None:
        """Stop a task's work and give it the verdict `cancelled`; nothing where it has one already."""
        task = self._store.task(task_id)
        if task is None or task.ended:
            return
        self._store.update_task(task_id, status="cancelled", completed_at=self._clock())
        self._hub.publish(task_id, "cancelled", {"task_id": task_id, "status": "cancelled"}, final=True)
        job = self._jobs.get(task_id)
        if job is not None:
            job.cancel()

    async def close(self) -> None:
        """Stop all work without a verdict: the next server takes it up."""
        jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    # --- a task's life -------------------------------------------------------------------------------------------

    async def _live(self, task_id: str) -> None:
        task = self._store.task(task_id)
        workflow = by_slug(f"{task.workflow_slug}@{task.version}") if task else None
        if task is None:
            return
        if workflow is None:
            self._end_failed(task_id, "The workflow of this task is no longer there.")
            return
        folder = self._store.folder / "work" / task_id
        try:
            await self._prepare(task_id, workflow)
            async with self._slots:
                output = await asyncio.wait_for(self._work(task, workflow, folder), workflow.task_timeout)
        except _Failed as exc:
            self._end_failed(task_id, str(exc))
        except TimeoutError:
            limit = workflow.task_timeout
            self._end_failed(task_id, f"The task took longer than its limit of {limit} s and was stopped.")
        except Exception as exc:  # noqa: BLE001 - told by the log and by the task
            # Whatever goes wrong here, the task must end with a verdict.
            _LOG.exception("task %s broke the agent", task_id)
            self._end_failed(task_id, f"The local agent broke: {type(exc).__name__}: {exc}")
        else:
            now = self._clock()
            self._store.update_task(task_id, status="completed", output=output, completed_at=now)
            event = {"task_id": task_id, "status": "completed", "completed_at": iso(now), "output": output}
            self._hub.publish(task_id, "completed", event, final=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _prepare(self, task_id: str, workflow: Workflow) -> None:
        self._status(task_id, "pending")
        await self._pause(0.25)
        if not set(workflow.required_labels) <= set(self.labels):
            self._status(task_id, "waiting")
            await asyncio.Event().wait()  # for an agent that never comes; only a cancel or the server's end helps
        self._status(task_id, "provisioning", agent_id=self.id)
        await self._pause(0.35)
        self._status(task_id, "queued")

    async def _work(self, task: TaskRow, workflow: Workflow, folder: Path) -> dict[str, Any]:
        await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
        log = await asyncio.to_thread((folder / "stderr.log").open, "wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{__package__}.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
            env=_environment(), limit=_LINE_MAX, start_new_session=os.name == "posix",
        )  # fmt: skip
        try:
            done = await self._listen(task, workflow, folder, process)
        finally:
            await _stop(process)
        return await self._collect(task, workflow, done)

    async def _listen(
        self, task: TaskRow, workflow: Workflow, folder: Path, process: asyncio.subprocess.Process
    ) -> dict[str, Any]:
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101
        while line := await process.stdout.readline():
            news: dict[str, Any] = json.loads(line)
            match news.pop("kind"):
                case "ready":
                    self._status(task.id, "running", started_at=self._clock())
                    job = {
                        "runtime": workflow.runtime,
                        "parameters": task.parameters,
                        "folder": str(folder),
                        "files": self._files(task, workflow),
                        "pace": min(1.0, self._settings.speed),
                    }
                    process.stdin.write(json.dumps(job).encode() + b"\n")
                    await process.stdin.drain()
                case "progress":
                    self._hub.publish(
                        task.id, "progress", {"task_id": task.id, **news, "timestamp": iso(self._clock())}
                    )
                case "failed":
                    raise _Failed(str(news["error"]))
                case "done":
                    return news
        code = await process.wait()
        log = await asyncio.to_thread((folder / "stderr.log").read_text, "utf-8", "replace")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise _Failed(f"The worker process {how} before it was done.\n\n{log[-4000:]}".rstrip())

    def _files(self, task: TaskRow, workflow: Workflow) -> dict[str, str]:
        files = {}
        for item in workflow.parameters:
            key = task.parameters.get(item.key)
            if item.type == "file" and key:
                stored = self._store.object(key)
                if stored is None:
                    raise _Failed(f"The input file of the parameter {item.key!r} is gone; upload it again.")
                files[item.key] = str(stored.path)
        return files

    # --- its outcome ---------------------------------------------------------------------------------------------

    async def _collect(self, task: TaskRow, workflow: Workflow, done: dict[str, Any]) -> dict[str, Any]:
        """Move the files into the object store. Returns the task's output in the shape it was asked for in."""
        outputs: dict[str, Any] = {}
        for item in done["outputs"]:
            path = Path(item["path"])
            size, etag = await asyncio.to_thread(_measure, path)
            key = f"outputs/{task.id}/{task.retry_count}/{item['key']}/{item['name']}"
            target = self._store.object_path(key)
            os.replace(path, target)  # noqa: PTH105 - atomic, and over what an interrupted try left
            self._store.add_object(ObjectRow(key, item["mime"], item["name"], size, etag, self._clock(), target))
            parts = item["key"].split(".")
            outputs[item["key"]] = {
                "s3_key": key,
                "file_name": item["name"],
                "content_type": item["mime"],
                "size": size,
                "node_id": item["node_id"],
                "type": parts[1] if len(parts) > 1 else parts[0],
            }
        if task.parameters.get("delivery") == "local":
            pictures = [item for item in outputs.values() if item["type"] == "images"]
            return {"storage_key": pictures[-1]["s3_key"], "image_count": len(pictures)}
        return {"outputs": outputs, "workflow": workflow.slug, **done["facts"]}

    def _end_failed(self, task_id: str, error: str) -> None:
        self._store.update_task(task_id, status="failed", error=error, completed_at=self._clock())
        self._hub.publish(task_id, "failed", {"task_id": task_id, "status": "failed", "error": error}, final=True)

    def _status(self, task_id: str, status: str, **changes: Any) -> None:
        self._store.update_task(task_id, status=status, **changes)
        event = {"task_id": task_id, "status": status, "timestamp": iso(self._clock())}
        self._hub.publish(task_id, "status", event)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._settings.speed)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()  # nothing of the worker's is worth a goodbye: its folder goes with it
    await process.wait()


def _measure(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, f'"{digest.hexdigest()[:32]}"'


def _environment() -> dict[str, str]:
    """Return the environment of a worker: without keys, and with one thread for linear algebra."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CYBERUN_")}
    return kept | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
