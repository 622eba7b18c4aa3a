"""The REST calls, typed. `AsyncClient` makes them; `Client` is the same behind one facade that waits."""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from cyberun_widget.api.http import Http, close_pool, enter_pool, leave_pool
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.workflows import find_workflow
from cyberun_widget.artifacts.model import TaskResult
from cyberun_widget.client.listing import TaskList, WorkflowList
from cyberun_widget.downloads.cache import cache_folder, clear_cache
from cyberun_widget.downloads.manager import Downloads, Mode
from cyberun_widget.errors import ConfigurationError, CyberunError, NotFoundError, ParameterError, ProtocolError
from cyberun_widget.protocol.events import TERMINAL
from cyberun_widget.protocol.models import Task, Workflow
from cyberun_widget.protocol.parameters import check
from cyberun_widget.support.secrets import Secret, redact, scrub
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType
    from typing import Self

    from cyberun_widget.card.widget import TaskWidget

_PAGE: Final = 100  # the most that one page may hold
_UPLOAD_MAX: Final = 500 * 1000 * 1000  # bytes, the service's default
_BLOCK: Final = 1024 * 1024  # bytes read from disk at a time


class AsyncClient:
    """The API of one account, for code that awaits. Every call raises a `CyberunError` that says what to do.

    `api_key`, `base_url`, `team_id` default to CYBERUN_API_KEY (or CYBERUN_KEY), CYBERUN_BASE_URL and CYBERUN_TEAM_ID.
    Source: the API page, "Base, auth" and the tables of calls.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        base_url: str | Secret | None = None,
        team_id: str | None = None,
    ) -> None:
        # Rebound at once: no traceback of ours may have the key among its variables.
        api_key = Secret(api_key) if api_key is not None else None
        base_url = Secret(base_url) if base_url is not None else None
        self._http = Http(Settings.resolve(api_key, base_url, team_id))

    @classmethod
    def local(cls) -> AsyncClient:
        """Return a client of the embedded server on this machine, started if it isn't running. No key is needed."""
        return cls(**_local())

    @property
    def base_url(self) -> str:
        """The API's base URL."""
        return self._http.settings.base_url

    async def workflows(self) -> WorkflowList:
        """List the workflows that this key may run."""
        data = await self._get("/r/workflows")
        return WorkflowList(Workflow.from_json(item) for item in _list(data, "workflow_list"))

    async def workflow(self, slug: str) -> Workflow:
        """Return one workflow with its parameters. `slug`: such as "upscale", or "upscale@2" for its version 2."""
        return Workflow.from_json(await self._get(f"/r/workflows/slug/{_safe(slug, 'workflow')}"))

    async def upload(self, path: str | os.PathLike[str]) -> str:
        """Upload an input file of at most 500 MB, and return its key: the value for a `file` parameter.

        Raises ParameterError where there is no such file or it is too large.
        """
        file = Path(path)
        try:
            size = (await asyncio.to_thread(file.stat)).st_size
        except OSError as exc:
            raise ParameterError(f"The file {file} can't be read: {exc.strerror}.") from None
        if size > _UPLOAD_MAX:
            raise ParameterError(f"{file.name} is {size / 1e6:,.0f} MB; the service takes files of at most 500 MB.")
        mime = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        wanted = {"file_name": file.name, "file_size": size, "content_type": mime}
        answer = (await self._http.call("POST", "/r/files/presign", body=wanted)).data
        key, url, headers = (_field(answer, name) for name in ("file_key", "upload_url", "upload_headers"))
        if not (isinstance(key, str) and isinstance(url, str) and isinstance(headers, dict)):
            raise ProtocolError("The service's answer to the upload isn't what the API says.")
        url, headers = Secret(url), {str(name): Secret(str(value)) for name, value in headers.items()}
        await self._http.upload(url, headers, _blocks(file))
        return key

    async def submit(self, slug: str, /, **parameters: Any) -> str:
        """Run a workflow and return the task's id. Files given as `Path` are uploaded first.

        The parameters are checked against the workflow's own definitions before anything is started: ParameterError
        names everything that is wrong with them. A submission whose answer is lost is never sent twice.
        """
        checked = check(await self.workflow(slug), parameters)
        for name, value in checked.items():
            if isinstance(value, Path):
                checked[name] = await self.upload(value)
        try:
            answer = await self._http.call(
                "POST", f"/r/workflows/slug/{_safe(slug, 'workflow')}/run", body={"parameters": checked}
            )
        except ConnectionError as exc:
            lost = str(exc)
        else:
            task_id = _field(answer.data, "task_id")
            if not isinstance(task_id, str) or not task_id:
                raise ProtocolError("The service took the run but gave no task_id; look for it with client.tasks().")
            return task_id
        raise CyberunError(
            f"{lost} Whether the task was started isn't known: look at client.tasks() before you submit it again."
        )

    async def tasks(self, status: str | None = None, limit: int = 20) -> TaskList:
        """List the newest tasks. `status`: only those in it. `limit`: how many at most, over all pages."""
        if limit < 1:
            raise ParameterError("limit must be 1 or more.")
        found: list[Task] = []
        page = 1
        while len(found) < limit:
            query: dict[str, str | int] = {"current_page": page, "per_page": min(limit, _PAGE)}
            if status is not None:
                query["status"] = status
            data = (await self._http.call("GET", "/r/tasks", params=query)).data
            items = _list(data, "task_list")
            found += [Task.from_json(item) for item in items]
            total = (data.get("page_meta") or {}).get("total_count")
            if not items or (isinstance(total, int) and len(found) >= total):
                break
            page += 1
        return TaskList(found[:limit], self)

    async def task(self, task_id: str) -> Task:
        """Return one task as it is now. Raises NotFoundError where there is none."""
        return Task.from_json(await self._get(f"/r/tasks/{_safe(task_id, 'task')}"), task_id)

    async def result(
        self, task_id: str, *, download: Mode = "auto", download_dir: str | os.PathLike[str] | None = None
    ) -> TaskResult:
        """Return the result of a task that has ended, its artifacts downloaded ("auto", "all") or not ("none").

        Raises CyberunError for a task that goes on: wait for it with TaskWidget(task_id).wait().
        """
        task = await self.task(task_id)
        if not task.ended:
            raise CyberunError(
                f"The task is {task.status}; it has no result yet. Wait for it with TaskWidget({task_id!r}).wait()."
            )
        path = f"/r/tasks/{_safe(task_id, 'task')}/result"
        data = await self._get(path)
        status = data.get("task_status") if isinstance(data, dict) else None
        if status not in TERMINAL:
            raise ProtocolError("The service's answer about the result has no verdict.")

        async def refresh() -> Mapping[str, Any]:
            again: Mapping[str, Any] = await self._get(path)
            return again

        titles: Mapping[str, str] = {}
        if task.workflow_id:
            with contextlib.suppress(CyberunError):  # the nodes' names only make the groups kinder
                titles = (await find_workflow(self._http, task.workflow_id)).nodes
        folder = Path(download_dir) if download_dir is not None else cache_folder(task_id)
        downloads = Downloads(
            task_id,
            self._http,
            refresh=refresh,
            folder=folder,
            mode=download,
            on_change=lambda _artifacts: None,
            titles=titles,
        )
        artifacts = await downloads.run(data, None)
        elapsed = (
            (task.completed_at - task.created_at).total_seconds() if task.completed_at and task.created_at else 0.0
        )
        return TaskResult(
            task_id=task_id,
            status=status,
            output=scrub(data.get("task_output")),
            artifacts=artifacts,
            error=redact(task.error) if task.error else None,
            elapsed=elapsed,
        )

    async def cancel(self, task_id: str) -> bool:
        """Ask for a task to be cancelled. One that has ended already stays as it is; that also gives True."""
        answer = await self._http.call("POST", f"/r/tasks/{_safe(task_id, 'task')}/cancel")
        return isinstance(answer.data, dict) and answer.data.get("success") is True

    def clear_cache(self) -> int:
        """Delete the downloaded artifacts of all tasks from the cache folder. Returns the bytes that were freed."""
        return clear_cache()

    async def aclose(self) -> None:
        """Close the connections of the running event loop, other clients' too; `async with` spares theirs."""
        await close_pool()

    async def __aenter__(self) -> Self:
        enter_pool()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await leave_pool()

    async def _get(self, path: str) -> Any:
        return (await self._http.call("GET", path)).data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"


class Client:
    """The API of one account, for code that waits: a notebook cell, a script. See `AsyncClient` for each call.

    Works inside a running event loop too (a notebook's kernel has one): the network is on a thread of its own.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        base_url: str | Secret | None = None,
        team_id: str | None = None,
    ) -> None:
        api_key = Secret(api_key) if api_key is not None else None
        base_url = Secret(base_url) if base_url is not None else None
        self._async = AsyncClient(api_key, base_url=base_url, team_id=team_id)

    @classmethod
    def local(cls) -> Client:
        """Return a client of the embedded server on this machine, started if it isn't running. No key is needed."""
        return cls(**_local())

    @property
    def base_url(self) -> str:
        """The API's base URL."""
        return self._async.base_url

    def workflows(self) -> WorkflowList:
        """List the workflows that this key may run."""
        return background.run(self._async.workflows())

    def workflow(self, slug: str) -> Workflow:
        """Return one workflow with its parameters. See `AsyncClient.workflow`."""
        return background.run(self._async.workflow(slug))

    def upload(self, path: str | os.PathLike[str]) -> str:
        """Upload an input file and return its key. See `AsyncClient.upload`."""
        return background.run(self._async.upload(path))

    def submit(self, slug: str, /, **parameters: Any) -> str:
        """Run a workflow and return the task's id. See `AsyncClient.submit`."""
        return background.run(self._async.submit(slug, **parameters))

    def run(self, slug: str, /, **parameters: Any) -> TaskWidget:
        """Run a workflow and return the card that watches the task."""
        from cyberun_widget.card.widget import TaskWidget  # noqa: PLC0415 - the widget imports the client

        return TaskWidget.submitted(self, slug, parameters)

    def tasks(self, status: str | None = None, limit: int = 20) -> TaskList:
        """List the newest tasks, as a table in a notebook; `.open(0)` shows the first one's card."""
        return background.run(self._async.tasks(status, limit))

    def task(self, task_id: str) -> Task:
        """Return one task as it is now."""
        return background.run(self._async.task(task_id))

    def result(
        self, task_id: str, *, download: Mode = "auto", download_dir: str | os.PathLike[str] | None = None
    ) -> TaskResult:
        """Return the result of a task that has ended. See `AsyncClient.result`."""
        return background.run(self._async.result(task_id, download=download, download_dir=download_dir))

    def cancel(self, task_id: str) -> bool:
        """Ask for a task to be cancelled. One that has ended already stays as it is; that also gives True."""
        return background.run(self._async.cancel(task_id))

    def clear_cache(self) -> int:
        """Delete the downloaded artifacts of all tasks from the cache folder. Returns the bytes that were freed."""
        return self._async.clear_cache()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"


def _local() -> dict[str, Any]:
    from cyberun_widget.local import ensure  # noqa: PLC0415 - needs an extra

    try:
        base_url, key = ensure()
    except ImportError as exc:  # its words name the extra
        problem = str(exc)
    except OSError as exc:
        problem = f"The local server doesn't start: {exc}"
    else:
        return {"api_key": Secret(key), "base_url": base_url}
    raise ConfigurationError(problem)


async def _blocks(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as handle:
        while block := await asyncio.to_thread(handle.read, _BLOCK):
            yield block


def _safe(name: str, what: str) -> str:
    """Return an id or slug as one segment of a path, whatever it holds."""
    if not isinstance(name, str) or not name.strip():
        raise NotFoundError(f"The {what} id is empty.")
    return quote(name.strip(), safe="@")


def _field(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, dict) else None


def _list(data: Any, name: str) -> list[Any]:
    items = _field(data, name)
    if not isinstance(items, list):
        raise ProtocolError(f"The service's answer has no {name}.")
    return items
