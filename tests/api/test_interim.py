"""Endless interim responses (1xx) reset every read timeout, and must not hang anything. Over real sockets."""

from __future__ import annotations

import asyncio
import time

import pytest

from cyberun_widget import Client, NetworkError, SubmissionUnknownError
from cyberun_widget.api import storage, transport
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.storage import Storage
from cyberun_widget.api.transport import Http
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.urls import Link
from tests.servers.faulty import KEY, PNG, TASK, Answer, FaultyServer, Pause, Script, answer

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
FLOOD = Answer([CONTINUE, Pause(0.02)] * 2000, headers=None)
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
HINTS = Answer([CONTINUE, HINT, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"], headers=None)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(transport, "_READ_TIMEOUT", 0.3)
    monkeypatch.setattr(storage, "_CONNECT", 0.3)
    monkeypatch.setattr(storage, "_UPLOAD_READ_TIMEOUT", 0.3)


def fails_soon(work) -> None:
    """Run an action that must end with a NetworkError long before the flood does."""
    begin = time.monotonic()
    with pytest.raises(NetworkError):
        asyncio.run(work)
    assert time.monotonic() - begin < 5


def http(server) -> Http:
    return Http(Settings.resolve(KEY, server.base_url, environ={}))


def test_a_call_ends():
    with FaultyServer(Script(task=[FLOOD])) as server:
        fails_soon(http(server).call("GET", f"/r/tasks/{TASK}", connect_timeout=0.3))


def test_a_submission_ends_as_unknown(monkeypatch):
    monkeypatch.setattr(transport, "_TOTAL", 0.5)
    with FaultyServer(Script(other=[FLOOD])) as server, pytest.raises(SubmissionUnknownError):
        Client(KEY, base_url=server.base_url).submit("faulty")


def test_opening_a_stream_ends():
    async def listen(server) -> None:
        async with http(server).stream(f"/r/tasks/{TASK}/events", read_timeout=0.3):
            pass

    with FaultyServer(Script(events=[FLOOD])) as server:
        fails_soon(listen(server))


def test_a_download_ends():
    async def read(server) -> None:
        async with Storage("localhost").download(Link(Secret(f"{server.elsewhere}/x")), read_timeout=0.3):
            pass

    with FaultyServer(Script(store=[FLOOD])) as server:
        fails_soon(read(server))


def test_an_upload_ends():
    async def body():
        yield PNG

    with FaultyServer(Script(store=[FLOOD])) as server:
        headers = {"Content-Length": Secret(str(len(PNG)))}
        fails_soon(Storage("localhost").upload(Secret(f"{server.elsewhere}/x"), headers, body()))


def test_a_few_of_them_are_accepted():
    async def read(server) -> bytes:
        async with Storage("localhost").download(Link(Secret(f"{server.elsewhere}/x"))) as download:
            return b"".join([piece async for piece in download])

    with FaultyServer(Script(store=[HINTS], task=[answer({"id": TASK, "task_status": "queued"})])) as server:
        assert asyncio.run(read(server)) == b"body"
