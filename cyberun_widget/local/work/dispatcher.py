"""The dispatcher: takes each task through its states to a terminal status, and gives its work to a free agent."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.local.catalogue import by_slug
from cyberun_widget.local.state.ids import iso
from cyberun_widget.local.work.agent import Agents, Job, WorkFailed
from cyberun_widget.local.work.outputs import store_outputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cyberun_widget.local.catalogue.workflow import Workflow
    from cyberun_widget.local.state.event_hub import EventHub
    from cyberun_widget.local.state.store import Store, TaskRow

_LOG: Final = logging.getLogger("cyberun_widget.local.work")
_LABELS: Final = ("local", "cpu")
_ACCEPTING: Final = 0.25  # seconds in "pending"
_PROVISIONING: Final = 0.35


class Dispatcher:
    """Runs all tasks, on the event loop. `start` resumes an earlier server's tasks, `close` stops all work.

    `slots`: number of agents that work in parallel. `speed`: divides the pauses between states; below 1 it also slows
    the work. `labels`: labels of the agents besides "local" and "cpu"; a task that needs another label waits.
    """

    def __init__(
        self,
        store: Store,
        hub: EventHub,
        *,
        slots: int,
        speed: float = 1.0,
        labels: tuple[str, ...] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.labels: tuple[str, ...] = (*_LABELS, *labels)
        self._store, self._hub, self._speed, self._clock = store, hub, speed, clock
        self._agents = Agents(slots, store.folder / "work")
        self._jobs: dict[str, asyncio.Task[None]] = {}

    @property
    def busy(self) -> int:
        """Number of running tasks, without those that wait for an agent with another label."""
        return sum(1 for task in self._store.unfinished() if task.status != "waiting")

    def start(self) -> None:
        """Resume the unfinished tasks of an earlier server; an interrupted task counts as a retry."""
        for task in self._store.unfinished():
            changes: dict[str, Any] = {"status": "pending", "agent_id": None}
            if task.status == "running":
                _LOG.info("task %s was interrupted and starts again", task.id)
                changes |= {"retry_count": task.retry_count + 1, "started_at": None}
            self._store.update_task(task.id, **changes)
            self.submit(task.id)

    def submit(self, task_id: str) -> None:
        """Start a stored task."""
        job = asyncio.create_task(self._live(task_id), name=f"task {task_id}")
        self._jobs[task_id] = job
        job.add_done_callback(lambda _: self._jobs.pop(task_id, None))

    def cancel(self, task_id: str) -> None:
        """Set a task's status to `cancelled` and stop its work; do nothing if it has already ended."""
        self._end(task_id, "cancelled")
        job = self._jobs.get(task_id)
        if job is not None:
            job.cancel()

    async def close(self) -> None:
        """Stop all work without ending the tasks: the next server resumes them."""
        jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self._agents.close()

    # --- a task's life -------------------------------------------------------------------------------------------

    async def _live(self, task_id: str) -> None:
        task = self._store.task(task_id)
        if task is None or task.ended:
            return
        workflow = by_slug(f"{task.workflow_slug}@{task.version}")
        if workflow is None:
            self._end(task_id, "failed", error="The workflow of this task is no longer there.")
            return
        folder = self._store.folder / "work" / task_id
        try:
            await self._prepare(task_id, workflow)
            output = await self._work(task, workflow, folder)
        except WorkFailed as exc:
            self._end(task_id, "failed", error=str(exc))
        except Exception as exc:  # noqa: BLE001 - logged below; the task must always end
            _LOG.exception("task %s broke the dispatcher", task_id)
            self._end(task_id, "failed", error=f"The local agent broke: {type(exc).__name__}: {exc}")
        else:
            self._end(task_id, "completed", output=output)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _prepare(self, task_id: str, workflow: Workflow) -> None:
        self._enter(task_id, "pending")
        await self._pause(_ACCEPTING)
        if not set(workflow.required_labels) <= set(self.labels):
            self._enter(task_id, "waiting")
            await asyncio.Event().wait()  # no such agent will come: ends with a cancel, or with the server
        self._enter(task_id, "provisioning")
        await self._pause(_PROVISIONING)
        self._enter(task_id, "queued")

    async def _work(self, task: TaskRow, workflow: Workflow, folder: Path) -> dict[str, Any]:
        async with self._agents.one() as agent:
            try:
                async with asyncio.timeout(workflow.task_timeout) as limit:
                    await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
                    job = Job(
                        runtime=workflow.runtime,
                        parameters=task.parameters,
                        files=self._input_files(task, workflow),
                        folder=folder,
                        pace=min(1.0, self._speed),
                        earlier=self._store.earlier_runs(task),
                    )
                    done = await agent.run(
                        job,
                        on_start=lambda: self._enter(task.id, "running", agent_id=agent.id, started_at=self._clock()),
                        on_progress=lambda facts: self._progress(task.id, facts),
                    )
                    return await store_outputs(self._store, task, workflow, done, self._clock())
            except TimeoutError:
                if not limit.expired():
                    raise
                seconds = workflow.task_timeout
                raise WorkFailed(f"The task took longer than its limit of {seconds} s and was stopped.") from None

    def _input_files(self, task: TaskRow, workflow: Workflow) -> dict[str, Path]:
        files = {}
        for item in workflow.parameters:
            key = task.parameters.get(item.key)
            if item.type == "file" and key:
                stored = self._store.object(key)
                if stored is None:
                    raise WorkFailed(f"The input file of the parameter {item.key!r} is gone; upload it again.")
                files[item.key] = stored.path
        return files

    # --- a task's progress and outcome ---------------------------------------------------------------------------

    def _enter(self, task_id: str, status: str, **changes: Any) -> None:
        if self._store.update_task(task_id, status=status, **changes):
            event = {"task_id": task_id, "status": status, "timestamp": iso(self._clock())}
            self._hub.publish(task_id, "status", event)

    def _progress(self, task_id: str, facts: dict[str, Any]) -> None:
        event = {"task_id": task_id, **facts, "timestamp": iso(self._clock())}
        self._hub.publish(task_id, "progress", event)

    def _end(
        self, task_id: str, status: str, *, error: str | None = None, output: dict[str, Any] | None = None
    ) -> None:
        """Set a task's terminal status, unless it already has one: the first is final."""
        now = self._clock()
        if not self._store.update_task(task_id, status=status, error=error, output=output, completed_at=now):
            return
        event: dict[str, Any] = {"task_id": task_id, "status": status}
        if status == "completed":
            event |= {"completed_at": iso(now), "output": output}
        elif status == "failed":
            event["error"] = error
        self._hub.publish(task_id, status, event, final=True)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)
