"""The typed REST operations of one account. All code above `api` calls the service through `Calls`."""

from __future__ import annotations

import asyncio
import json
import mimetypes
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from cyberun_widget.errors import (
    NetworkError,
    ParameterError,
    ProtocolError,
    ServerError,
    SubmissionUnknownError,
)
from cyberun_widget.protocol.events import TERMINAL
from cyberun_widget.protocol.models import Task, Workflow
from cyberun_widget.protocol.validation import check
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.units import data_size
from cyberun_widget.support.urls import segment

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    from cyberun_widget.api.answers import Reply

_PAGE: Final = 100  # maximum tasks per page
UPLOAD_MAX: Final = 500 * 1000 * 1000  # bytes; the service's default
_BLOCK: Final = 1024 * 1024  # bytes per read from disk


class HasCalls(Protocol):
    """Anything with an account's calls: `Client`, `AsyncClient`. Cards, forms and groups accept either."""

    @property
    def _calls(self) -> Calls: ...


class Calls:
    """The REST operations of one account, usable from any event loop. Errors are readable `CyberunError`s.

    Source: the API page's tables of calls.
    """

    def __init__(self, http: Http) -> None:
        self.http = http

    @classmethod
    def resolve(
        cls,
        api_key: Secret | None = None,
        base_url: Secret | None = None,
        team_id: str | None = None,
        *,
        proof_secret: Secret | None = None,
    ) -> Calls:
        """Return the calls of the account given by the arguments and the environment. See `Settings.resolve`.

        `proof_secret`: see `Settings`.
        """
        settings = Settings.resolve(api_key, base_url, team_id)
        return cls(Http(replace(settings, proof_secret=proof_secret)))

    @property
    def settings(self) -> Settings:
        """The account, and the address of its service."""
        return self.http.settings

    async def workflows(self) -> list[Workflow]:
        """List the workflows this key may run."""
        return [Workflow.from_json(item) for item in _list(await self._get("/r/workflows"), "workflow_list")]

    async def workflow(self, slug: str) -> Workflow:
        """Return one workflow with its parameters. `slug`: for example "upscale", or "upscale@2" for version 2."""
        return Workflow.from_json(await self._get(_workflow_path(slug)))

    async def upload(self, path: str | os.PathLike[str]) -> str:
        """Upload an input file of at most 500 MB, and return its key: the value for a `file` parameter.

        Raises ParameterError if the file doesn't exist or is too large.
        """
        file = Path(path)
        try:
            size = (await asyncio.to_thread(file.stat)).st_size
        except OSError as exc:
            raise ParameterError(f"The file {file} can't be read: {exc.strerror}.") from None
        if size > UPLOAD_MAX:
            raise ParameterError(
                f"{file.name} is {data_size(size)}; the service takes files of at most {data_size(UPLOAD_MAX)}."
            )
        name = file.name.encode("utf-8", "replace").decode()  # a file name may not be valid Unicode
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        wanted = {"file_name": name, "file_size": size, "content_type": mime}
        answer = (await self.http.call("POST", "/r/files/presign", body=wanted)).data
        key, url, headers = (_field(answer, name) for name in ("file_key", "upload_url", "upload_headers"))
        if not (isinstance(key, str) and isinstance(url, str) and isinstance(headers, dict)):
            raise ProtocolError("Unexpected response to the upload request: it has no key, URL or headers.")
        url, headers = Secret(url), {str(name): Secret(str(value)) for name, value in headers.items()}
        await self.http.storage.upload(url, headers, _blocks(file, size))
        return key

    async def submit(self, slug: str, parameters: Mapping[str, Any]) -> str:
        """Check the parameters, upload files given as `Path`, start the run, and return the task's id.

        The parameters are checked against the workflow's definitions: ParameterError names every problem. Nothing is
        sent before the check has passed.
        """
        checked = check(await self.workflow(slug), parameters)
        for name, value in checked.items():
            if isinstance(value, Path):
                checked[name] = await self.upload(value)
        return await self.start(slug, checked)

    async def start(
        self, slug: str, parameters: Mapping[str, Any], *, before_body: Callable[[], Awaitable[None]] | None = None
    ) -> str:
        """Start a paid run with parameters that are JSON values and already checked.

        Makes one request and never repeats it. `before_body` is awaited right before its body is sent; if it isn't
        called, or raises, the service knows nothing of the run.

        Raises SubmissionUnknownError if the run may have started. After any other error it certainly has not: the
        service refused it, or the request was never sent.
        """
        at, doubt = datetime.now(UTC), ""
        try:
            reply = await self.http.request(
                "POST", f"{_workflow_path(slug)}/run", body={"parameters": dict(parameters)}, before_body=before_body
            )
        except NetworkError as exc:
            if not exc.sent:
                raise
            doubt = str(exc)
        else:
            task_id = _started(reply)
            if task_id:
                return task_id
            if not (reply.ok or _in_doubt(reply)):
                raise reply.error()
            doubt = "The service accepted the run but returned no task_id." if reply.ok else str(reply.error())
        raise SubmissionUnknownError(
            f"{doubt} It is not known whether the run of {slug} was started; you may have been charged. Before "
            f"submitting it again, check client.tasks() for a task created around {at:%H:%M:%S} UTC.",
            slug=slug,
            at=at,
        )

    async def tasks(self, status: str | None = None, limit: int = 20) -> list[Task]:
        """List the newest tasks. `status`: only tasks with it. `limit`: maximum number of tasks, over all pages."""
        if limit < 1:
            raise ParameterError("limit must be at least 1.")
        found: dict[str, Task] = {}  # by id: a task that starts meanwhile shifts another onto the next page
        page, listed = 1, 0
        while len(found) < limit:
            query: dict[str, str | int] = {"current_page": page, "per_page": min(limit, _PAGE)}
            if status is not None:
                query["status"] = status
            data = (await self.http.call("GET", "/r/tasks", params=query)).data
            items = [Task.from_json(item) for item in _list(data, "task_list")]
            new = {task.id: task for task in items if task.id not in found}
            found |= new
            listed += len(items)
            total = _field(data.get("page_meta"), "total_count")
            if not new or (isinstance(total, int) and listed >= total):
                break
            page += 1
        return list(found.values())[:limit]

    async def task(self, task_id: str) -> Task:
        """Return one task in its current state. Raises NotFoundError if there is none."""
        return Task.from_json(await self._get(task_path(task_id)), task_id)

    async def result(self, task_id: str) -> dict[str, Any]:
        """Return the answer of `/result` for a task that has ended; its `task_status` is terminal.

        Each answer has fresh links. Raises ProtocolError if it has no terminal status.
        """
        data = await self._get(f"{task_path(task_id)}/result")
        if not isinstance(data, dict) or data.get("task_status") not in TERMINAL:
            raise ProtocolError("Unexpected response: the result has no final status.")
        return data

    async def cancel(self, task_id: str) -> bool:
        """Request cancellation of a task. A task that has already ended is unchanged, and also returns True."""
        answer = await self.http.call("POST", f"{task_path(task_id)}/cancel")
        return _field(answer.data, "success") is True

    async def _get(self, path: str) -> Any:
        return (await self.http.call("GET", path)).data

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A client, and whatever holds one, can't be pickled or deep-copied: its key would be lost on the way. Make "
            "a new Client() where you need it; ids, parameters and results travel."
        )

    def __repr__(self) -> str:
        return f"Calls(base_url={self.settings.base_url!r})"


@contextmanager
def noting_interrupts() -> Iterator[None]:
    """Add to an interrupt of a submission (Ctrl-C, the stop button) that the run may already have started."""
    try:
        yield
    except KeyboardInterrupt as exc:
        exc.add_note("If the run had already been submitted, it continues and is charged: client.tasks() lists it.")
        raise


def task_path(task_id: str) -> str:
    """Return the path of a task below the base URL, with the id encoded. Raises NotFoundError for an impossible id.

    The callers append `/events`, `/result` or `/cancel`.
    """
    return f"/r/tasks/{segment(task_id, 'task id')}"


_known: dict[tuple[Settings, str], Workflow] = {}


async def find_workflow(http: Http, workflow_id: str) -> Workflow:
    """Return a workflow by its id, since a task gives only the id. Requested once per process.

    Raises a CyberunError if the request fails; the next call then tries again.
    """
    key = (http.settings, workflow_id)
    if key not in _known:
        answer = await http.call("GET", f"/r/workflows/{segment(workflow_id, 'workflow id')}")
        _known[key] = Workflow.from_json(answer.data)
    return _known[key]


def _started(reply: Reply) -> str:
    """Return the task id in a submission's answer, or ""."""
    try:
        data = json.loads(reply.content) if reply.ok else None
    except (ValueError, RecursionError):
        return ""
    task_id = _field(data, "task_id")
    return task_id if isinstance(task_id, str) else ""


def _in_doubt(reply: Reply) -> bool:
    """Whether a run may have started although the answer is an error, from a gateway or after a crash."""
    error = reply.error()
    match reply.status:
        case HTTPStatus.NOT_IMPLEMENTED | HTTPStatus.HTTP_VERSION_NOT_SUPPORTED:
            return False
        case HTTPStatus.SERVICE_UNAVAILABLE:  # with Retry-After it means "try again later": not accepted
            return isinstance(error, ServerError) and error.retry_after is None
        case status:
            return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT


def _workflow_path(slug: str) -> str:
    return f"/r/workflows/slug/{segment(slug, 'workflow slug')}"


async def _blocks(file: Path, size: int) -> AsyncIterator[bytes]:
    """Yield the blocks of a file. Raises ParameterError if it no longer has `size` bytes, or can't be read."""
    try:
        with await asyncio.to_thread(file.open, "rb") as handle:
            while block := await asyncio.to_thread(handle.read, _BLOCK):
                size -= len(block)
                if size < 0:
                    break
                yield block
        problem = "its size changed during the upload. Try again when nothing is writing to it" if size else ""
    except OSError as exc:
        problem = f"it can no longer be read ({exc.strerror})"
    if problem:
        raise ParameterError(f"{file.name} was not uploaded: {problem}.")


def _field(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, dict) else None


def _list(data: Any, name: str) -> list[Any]:
    items = _field(data, name)
    if not isinstance(items, list):
        raise ProtocolError(f"Unexpected response: {name} is missing.")
    return items
