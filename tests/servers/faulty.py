"""A scripted server that misbehaves: real HTTP on loopback, written byte by byte so that it can fail at any level.

A `Script` lists the answers of each endpoint: the first request for the stream gets the first `Answer` of
`Script.events`, and so on. When the list is exhausted or empty, the server behaves correctly. Correct answers come from
the task's `Truth`, so that `GET /r/tasks/{id}`, the stream and `/result` always agree.

A second origin acts as the object store, or any other host that must not receive the key. `Counters` counts requests.

    with FaultyServer(Script(events=[sse(event("progress", progress=0.5), end="reset")])) as server:
        card = TaskWidget(TASK, api_key=KEY, base_url=server.base_url)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

TASK = "0192f3c1-7c1e-7b5a-9d0e-3f2a1b4c5d6e"
OTHER_TASK = "0192f3c1-7c1e-7b5a-9d0e-000000000000"
KEY = "sk-faulty-7f3a9b1c5d2e8046"
SIGNATURE = "5f1c0ffee5ca1ab1e0ddba11deadbeef"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000004000000040802000000269309290000001449444154"
    "789c633c1120c700034c0c48003707003e3a013e1b99360c0000000049454e44ae426082"
)
TERMINAL = ("completed", "failed", "cancelled")


# --- parts of an answer ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pause:
    """Send nothing for a while."""

    seconds: float


@dataclass(frozen=True)
class Drip:
    """Send bytes one at a time, each in a separate packet."""

    content: bytes


@dataclass(frozen=True)
class Now:
    """Change the truth, for all endpoints from now on."""

    status: str
    error: str | None = None
    retry_count: int | None = None


Part: TypeAlias = "bytes | Pause | Drip | Now"
End: TypeAlias = Literal["close", "reset", "hang", "vanish"]


@dataclass(frozen=True)
class Answer:
    """One answer. `headers`: None sends the parts without any head.

    `end`: "close" the connection, "reset" it (RST), "hang" until the client leaves, or "vanish": the whole server goes
    down for `gone` seconds, with all connections broken and its port closed.
    """

    parts: Sequence[Part] = ()
    status: int = 200
    headers: Mapping[str, str] | None = field(default_factory=dict)
    end: End = "close"
    gone: float = 0.2


def sse(*parts: Part, end: End = "close", gone: float = 0.2, **headers: str) -> Answer:
    """Return a stream of events. Header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(parts, headers={"Content-Type": "text/event-stream", **named}, end=end, gone=gone)


def page(status: int = 200, text: str = "<!doctype html><title>Sign in</title>", **headers: str) -> Answer:
    """Return an HTML page, such as a proxy's."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = text.encode()
    length = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
    return Answer([body], status, {**length, **named})


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    """Return JSON, or arbitrary bytes declared as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer([content], status, {"Content-Type": "application/json", "Content-Length": str(len(content)), **named})


def event(kind: str, *, last_id: str | None = None, **data: Any) -> bytes:
    """Return one event of the task, in the format of the API page. Fields that are None are omitted."""
    if kind != "error":
        data = {"task_id": TASK, **data}
    if kind in TERMINAL:
        data = {"status": kind, **data}
    if kind == "completed":
        data = {"output": {"image_count": 1}, **data}
    text = json.dumps({name: value for name, value in data.items() if value is not None})
    return (f"id: {last_id}\n" if last_id is not None else "").encode() + f"event: {kind}\ndata: {text}\n\n".encode()


def progress(value: float, **more: Any) -> bytes:
    """Return a progress event."""
    return event("progress", progress=value, **more)


def finished(status: str = "completed", **data: Any) -> tuple[Part, ...]:
    """Return the end of a task: changes the truth, and sends the event."""
    return (Now(status, data.get("error")), event(status, **data))


# --- script, truth, counters -----------------------------------------------------------------------------------------


@dataclass
class Script:
    """What the server does. Each request consumes one entry of its list (None: a correct answer).

    `life`: (seconds after the first request, status), for tasks that proceed independently of the client. `events` may
    be an iterator, for scripts too long to store. `error`: of a `life` that ends as failed. `bodies`: the task's files
    by output key. `heartbeat`: seconds between the comments of a correct stream, None for no comments.
    """

    task: list[Answer | None] = field(default_factory=list)
    events: list[Answer | None] | Iterator[Answer] = field(default_factory=list)
    result: list[Answer | None] = field(default_factory=list)
    cancel: list[Answer | None] = field(default_factory=list)
    store: list[Answer] = field(default_factory=list)
    other: list[Answer | None] = field(default_factory=list)
    life: tuple[tuple[float, str], ...] = ((0.0, "running"),)
    error: str | None = None
    tool_type: str = "comfyui"
    bodies: dict[str, bytes] = field(default_factory=lambda: {"9.images.0": PNG})
    heartbeat: float | None = None


@dataclass
class Truth:
    """The actual state of the task."""

    status: str = "pending"
    error: str | None = None
    retry_count: int = 0
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(seconds=2))
    completed_at: datetime | None = None


@dataclass
class Counters:
    """Counts of the requests to the server."""

    requests: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)  # requests that sent the key to another origin
    unauthorised: int = 0  # requests to the API without the key
    last_event_ids: list[str | None] = field(default_factory=list)
    times: list[tuple[float, str]] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    open_streams: int = 0
    most_streams: int = 0
    bytes_sent: int = 0


_ENDPOINTS = (
    ("events", re.compile(r"GET /api/v1/r/tasks/[^/?]+/events$")),
    ("result", re.compile(r"GET /api/v1/r/tasks/[^/?]+/result$")),
    ("cancel", re.compile(r"POST /api/v1/r/tasks/[^/?]+/cancel$")),
    ("task", re.compile(r"GET /api/v1/r/tasks/[^/?]+$")),
    ("workflow", re.compile(r"GET /api/v1/r/workflows/.+$")),
)


@dataclass(frozen=True)
class _Request:
    line: str
    headers: dict[str, str]

    @property
    def endpoint(self) -> str:
        return next((name for name, pattern in _ENDPOINTS if pattern.match(self.line)), "other")


class FaultyServer:
    """Runs a script on a separate thread. Public attributes may be read from any thread."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.truth = Truth()
        self.counters = Counters()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty-server", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._listeners: list[asyncio.Server] = []
        self._ports = [0, 0]
        self._changed = asyncio.Event()
        self._begun = False

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}/api/v1"

    @property
    def elsewhere(self) -> str:
        """The other origin, which must not receive the key."""
        return f"http://127.0.0.1:{self._ports[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_args: object) -> None:
        self._call(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def become(self, status: str, error: str | None = None, retry_count: int | None = None) -> None:
        """Change the truth from the test."""
        self._loop.call_soon_threadsafe(self._become, Now(status, error, retry_count))

    def quiet(self, seconds: float = 3.0, *, streams_only: bool = False) -> bool:
        """Wait until no client is connected, or none is streaming. Returns False on timeout."""
        until = time.monotonic() + seconds
        while (left := self._left(streams_only=streams_only)) and time.monotonic() < until:
            time.sleep(0.02)
        return left == 0

    def _left(self, *, streams_only: bool) -> int:
        return self.counters.open_streams if streams_only else self.counters.open_connections

    # --- listening ---------------------------------------------------------------------------------------------------

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        for index, serve in enumerate((self._api, self._store)):
            listener = await asyncio.start_server(serve, "127.0.0.1", self._ports[index], limit=1 << 20)
            self._ports[index] = listener.sockets[0].getsockname()[1]
            self._listeners.append(listener)

    async def _shut(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        # All tasks: a connection accepted just now has a task that hasn't begun.
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        for writer in tuple(self._writers):
            _reset(writer)
        if tasks:
            await asyncio.wait(tasks)

    def _vanish(self, seconds: float) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for writer in tuple(self._writers):
            _reset(writer)
        self._loop.call_later(seconds, lambda: asyncio.ensure_future(self._listen()))

    # --- connections -------------------------------------------------------------------------------------------------

    async def _api(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._connection(reader, writer, self._answer_api)

    async def _store(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._connection(reader, writer, self._answer_store)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Any) -> None:
        self._writers.add(writer)
        self.counters.connections += 1
        self.counters.open_connections += 1
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while (request := await _read(reader)) is not None:
                if not request.line:
                    await self._write(writer, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                    break
                if not await respond(request, reader, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client has left, or the server is going down: both are part of the script
        finally:
            self.counters.open_connections -= 1
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer_api(self, request: _Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        endpoint = request.endpoint
        self._begin()
        self.counters.requests[endpoint] += 1
        self.counters.times.append((time.monotonic(), endpoint))
        if request.headers.get("authorization") != f"Bearer {KEY}":
            self.counters.unauthorised += 1
        if endpoint == "events":
            self.counters.last_event_ids.append(request.headers.get("last-event-id"))
            self.counters.open_streams += 1
            self.counters.most_streams = max(self.counters.most_streams, self.counters.open_streams)
        try:
            reply = _next(getattr(self.script, endpoint, []))
            if reply is not None:
                return await self._send(reply, reader, writer)
            if endpoint == "events":
                return await self._stream(reader, writer)
            return await self._send(self._honest(endpoint), reader, writer)
        finally:
            if endpoint == "events":
                self.counters.open_streams -= 1

    async def _answer_store(
        self, request: _Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        self.counters.requests["store"] += 1
        told = " ".join([request.line, *request.headers.values()])
        if "authorization" in request.headers or KEY in told:
            self.counters.leaks.append(request.line.split("?")[0])
            return await self._send(answer({"error": "two ways to sign"}, 400), reader, writer)
        if self.script.store:
            return await self._send(self.script.store.pop(0), reader, writer)
        name = request.line.split("/")[-1].split("?")[0]
        body = self.script.bodies.get(name)
        if body is None or SIGNATURE not in request.line:
            return await self._send(answer({"error": "no such file"}, 403), reader, writer)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(body))}
        return await self._send(Answer([body], 200, headers), reader, writer)

    async def _send(self, reply: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Send an answer. Returns whether the connection can be reused."""
        keep = reply.headers is not None and "Content-Length" in reply.headers and reply.end == "close"
        if reply.headers is not None:
            await self._write(writer, _head(reply.status, reply.headers, keep=keep))
        for part in reply.parts:
            await self._do(part, reader, writer)
        match reply.end:
            case "reset":
                await asyncio.sleep(0.02)  # let the data arrive: a reset would discard it
                _reset(writer)
            case "hang":
                await _until_gone(reader, 3600)
            case "vanish":
                await asyncio.sleep(0.02)
                self._vanish(reply.gone)
        return keep

    async def _do(self, part: Part, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match part:
            case bytes():
                await self._write(writer, part)
            case Pause(seconds=seconds):
                await _until_gone(reader, seconds)
            case Drip(content=content):
                for byte in content:
                    await self._write(writer, bytes([byte]))
                    await asyncio.sleep(0)
            case Now():
                self._become(part)

    async def _write(self, writer: asyncio.StreamWriter, content: bytes) -> None:
        self.counters.bytes_sent += len(content)
        writer.write(content)
        await writer.drain()

    # --- correct answers ---------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            for after, status in self.script.life:
                news = Now(status, self.script.error if status == "failed" else None)
                if after <= 0:
                    self._become(news)
                else:
                    self._loop.call_later(after, self._become, news)

    def _become(self, news: Now) -> None:
        if self.truth.status in TERMINAL:
            return
        self.truth.status, self.truth.error = news.status, news.error
        if news.retry_count is not None:
            self.truth.retry_count = news.retry_count
        if news.status in TERMINAL:
            self.truth.completed_at = datetime.now(UTC)
        self._changed.set()
        self._changed = asyncio.Event()

    def _honest(self, endpoint: str) -> Answer:
        truth = self.truth
        ended = _iso(truth.completed_at)
        match endpoint:
            case "task":
                return answer(
                    {
                        "id": TASK,
                        "workflow_id": "0192f3c1-0000-7000-8000-000000000001",
                        "task_status": truth.status,
                        "task_error": truth.error,
                        "created_at": _iso(truth.created_at),
                        "started_at": _iso(truth.created_at + timedelta(seconds=1)),
                        "completed_at": ended,
                        "retry_count": truth.retry_count,
                        "tool_type": self.script.tool_type,
                        "gpu_type": "RTX 4090",
                    }
                )
            case "result" if truth.status in TERMINAL:
                good = truth.status == "completed"
                signed = f"?X-Amz-Expires=3600&X-Amz-Signature={SIGNATURE}"
                urls = {key: f"{self.elsewhere}/outputs/{key}{signed}" for key in self.script.bodies}
                return answer(
                    {
                        "id": TASK,
                        "task_status": truth.status,
                        "task_output": {key: {"s3_key": f"outputs/{key}"} for key in urls} if good else None,
                        "download_urls": urls if good else None,
                        "expires_at": _iso(datetime.now(UTC) + timedelta(hours=1)) if good else None,
                        "task_error": truth.error,
                        "completed_at": ended,
                    }
                )
            case "cancel":
                self._become(Now("cancelled"))
                return answer({"success": True})
            case "workflow":
                return answer(
                    {
                        "id": "0192f3c1-0000-7000-8000-000000000001",
                        "workflow_slug": "faulty",
                        "display_name": "A faulty workflow",
                        "tool_type": self.script.tool_type,
                    }
                )
        return answer({"error": "not found"}, 404)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await self._write(writer, _head(200, {"Content-Type": "text/event-stream"}, keep=False))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            while not gone.done():
                changed = asyncio.ensure_future(self._changed.wait())
                status = self.truth.status
                if status in TERMINAL:
                    changed.cancel()
                    await self._write(writer, event(status, error=self.truth.error))
                    break
                await self._write(writer, event("status", status=status))
                while not (changed.done() or gone.done()):
                    await asyncio.wait(
                        {changed, gone}, timeout=self.script.heartbeat, return_when=asyncio.FIRST_COMPLETED
                    )
                    if self.script.heartbeat and not changed.done():
                        await self._write(writer, b": alive\n\n")
                changed.cancel()
        finally:
            gone.cancel()
        return False


def _next(scripted: list[Answer | None] | Iterator[Answer]) -> Answer | None:
    if isinstance(scripted, list):
        return scripted.pop(0) if scripted else None
    return next(scripted, None)


async def _read(reader: asyncio.StreamReader) -> _Request | None:
    try:
        begin = await reader.readexactly(1)
        if not begin.isalpha():
            return _Request("", {})  # a TLS hello, to a port that speaks plain HTTP
        head = begin + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *rest = head.decode("latin-1").split("\r\n")
    pairs = (item.split(":", 1) for item in rest if ":" in item)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    await reader.readexactly(int(headers.get("content-length", 0)))
    return _Request(line.rsplit(" ", 1)[0], headers)


async def _until_gone(reader: asyncio.StreamReader, seconds: float) -> None:
    """Wait for the given time, or until the client has left."""
    try:
        if await asyncio.wait_for(reader.read(1), seconds) == b"":
            raise ConnectionError("the client left")
    except TimeoutError:
        return


def _head(status: int, headers: Mapping[str, str], *, keep: bool) -> bytes:
    reason = HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Odd"
    named = {
        "Date": format_datetime(datetime.now(UTC), usegmt=True),
        "Connection": "keep-alive" if keep else "close",
        **headers,
    }
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Reset a connection (RST) instead of closing it."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
