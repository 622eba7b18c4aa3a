"""`AsyncClient`: the API of one account, for asynchronous code."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberun_widget.api.calls import find_workflow
from cyberun_widget.api.pool import close_pool, enter_pool, leave_pool
from cyberun_widget.artifacts.result import TaskResult
from cyberun_widget.client.account import Account
from cyberun_widget.client.listing import TaskList, WorkflowList
from cyberun_widget.downloads.cache import cache_folder
from cyberun_widget.downloads.manager import Downloads
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.secrets import redact, scrub

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from cyberun_widget.policy import Mode
    from cyberun_widget.protocol.models import Task, Workflow


class AsyncClient(Account):
    """The API of one account, for asynchronous code. Errors are `CyberunError`s whose message says what to do.

    `api_key`, `base_url`, `team_id` default to CYBERUN_API_KEY (or CYBERUN_KEY), CYBERUN_BASE_URL and CYBERUN_TEAM_ID.
    Source: the API page, "Base, auth" and the tables of calls.
    """

    async def workflows(self) -> WorkflowList:
        """List the workflows this key may run."""
        return WorkflowList(await self._calls.workflows(), self)

    async def workflow(self, slug: str) -> Workflow:
        """Return one workflow with its parameters. `slug`: for example "upscale", or "upscale@2" for version 2."""
        return await self._calls.workflow(slug)

    async def upload(self, path: str | os.PathLike[str]) -> str:
        """Upload an input file of at most 500 MB, and return its key: the value for a `file` parameter.

        Raises ParameterError if the file doesn't exist or is too large.
        """
        return await self._calls.upload(path)

    async def submit(self, slug: str, /, **parameters: Any) -> str:
        """Run a workflow and return the task's id. Files given as `Path` are uploaded first.

        The parameters are checked against the workflow's definitions before anything starts: ParameterError names
        every problem. A submission whose answer is lost is never sent again.
        """
        return await self._calls.submit(slug, parameters)

    async def tasks(self, status: str | None = None, limit: int = 20) -> TaskList:
        """List the newest tasks, shown as a table in a notebook; `.open(0)` shows the first task's card.

        `status`: list only tasks with this status. `limit`: maximum number of tasks, over all pages.
        """
        return TaskList(await self._calls.tasks(status, limit), self)

    async def task(self, task_id: str) -> Task:
        """Return one task in its current state. Raises NotFoundError if there is none."""
        return await self._calls.task(task_id)

    async def result(
        self, task_id: str, *, download: Mode = "auto", download_dir: str | os.PathLike[str] | None = None
    ) -> TaskResult:
        """Return the result of a task that has ended, with its artifacts downloaded ("auto", "all") or not ("none").

        Raises CyberunError for a task that is still running: wait for it with TaskWidget(task_id).wait().
        """
        task = await self._calls.task(task_id)
        if not task.ended:
            raise CyberunError(
                f"The task is {task.status} and has no result yet. Wait for it with TaskWidget({task_id!r}).wait()."
            )
        data = await self._calls.result(task_id)
        titles: Mapping[str, str] = {}
        if task.workflow_id:
            with contextlib.suppress(CyberunError):  # node names only make the groups easier to read
                titles = (await find_workflow(self._calls.http, task.workflow_id)).nodes
        downloads = Downloads(
            task_id,
            self._calls.http,
            refresh=lambda: self._calls.result(task_id),
            folder=Path(download_dir) if download_dir is not None else cache_folder(task_id),
            mode=download,
            on_change=lambda _artifacts: None,
            titles=titles,
        )
        artifacts = await downloads.run(data, None)
        return TaskResult(
            task_id=task_id,
            status=data["task_status"],
            output=scrub(data.get("task_output")),
            artifacts=artifacts,
            error=redact(task.error) if task.error else None,
            elapsed=_seconds(task),
        )

    async def cancel(self, task_id: str) -> bool:
        """Request cancellation of a task. A task that has already ended is unchanged, and also returns True."""
        return await self._calls.cancel(task_id)

    async def aclose(self) -> None:
        """Close the running event loop's connections, including other clients'; `async with` leaves those open."""
        await close_pool()

    async def __aenter__(self) -> Self:
        enter_pool()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await leave_pool()


def _seconds(task: Task) -> float:
    """Return the seconds from a task's creation to its end; 0 if the service doesn't report them."""
    if task.completed_at is None or task.created_at is None:
        return 0.0
    return (task.completed_at - task.created_at).total_seconds()
