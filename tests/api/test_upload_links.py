"""Uploads of input files to the store, over real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from IPython.core.ultratb import VerboseTB

from cyberun_widget import Client, CyberunError, NetworkError, ParameterError
from cyberun_widget.api import calls, storage
from tests.servers.faulty import KEY, SIGNATURE, Answer, FaultyServer, Script, answer

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 3 * 1024 * 1024


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(bytes(SIZE))
    return path


def presigned(server: FaultyServer, size: int = SIZE) -> Answer:
    url = f"{server.elsewhere}/in/k?X-Amz-Signature={SIGNATURE}"
    headers = {"Content-Length": str(size), "If-None-Match": "*", "X-Amz-Security-Token": f"{SIGNATURE}2"}
    return answer({"file_key": "k", "upload_url": url, "upload_headers": headers})


def verbose(error: BaseException) -> str:
    return str(VerboseTB(theme_name="nocolor", include_vars=True).text(type(error), error, error.__traceback__))


@pytest.mark.parametrize("change", [-1000, -SIZE, 1, 2_000_000])
def test_a_file_that_changes_its_size_during_the_upload_is_an_error_without_the_link(file, monkeypatch, change):
    real = calls._blocks

    def changed(path: Path, size: int):
        path.write_bytes(bytes(SIZE + change))
        return real(path, size)

    monkeypatch.setattr(calls, "_blocks", changed)
    with FaultyServer() as server:
        server.script.other = [presigned(server)]
        with pytest.raises(ParameterError, match=r"photo\.png was not uploaded: its size changed") as caught:
            Client(KEY, base_url=server.base_url).upload(file)
    assert SIGNATURE not in verbose(caught.value)


def test_a_file_that_disappears_during_the_upload_is_a_readable_error(file, monkeypatch):
    real = calls._blocks

    def gone(path: Path, size: int):
        path.unlink()
        return real(path, size)

    monkeypatch.setattr(calls, "_blocks", gone)
    with FaultyServer() as server:
        server.script.other = [presigned(server)]
        with pytest.raises(ParameterError, match="can no longer be read") as caught:
            Client(KEY, base_url=server.base_url).upload(file)
    assert SIGNATURE not in verbose(caught.value)


def test_a_file_with_a_name_that_is_not_utf8_is_uploaded(tmp_path):
    path = tmp_path / b"\xff.png".decode("utf-8", "surrogateescape")
    path.write_bytes(b"x")
    with FaultyServer(Script(store=[Answer([], 200, {"Content-Length": "0"})])) as server:
        server.script.other = [presigned(server, 1)]
        assert Client(KEY, base_url=server.base_url).upload(path) == "k"


@pytest.mark.parametrize("status", [307, 403, 412, 500])
def test_a_refusing_store_is_reported(file, status):
    refusal = Answer([], status, {"Content-Length": "0", "Location": "http://127.0.0.1:9/"})
    with FaultyServer(Script(store=[refusal])) as server:
        server.script.other = [presigned(server)]
        with pytest.raises(CyberunError, match=str(status)):
            Client(KEY, base_url=server.base_url).upload(file)


def test_a_silent_store_times_out(file, monkeypatch):
    monkeypatch.setattr(storage, "_UPLOAD_READ_TIMEOUT", 0.3)
    monkeypatch.setattr(storage, "_CONNECT", 0.3)
    with FaultyServer(Script(store=[Answer(headers=None, end="hang")])) as server:
        server.script.other = [presigned(server)]
        with pytest.raises(NetworkError):
            Client(KEY, base_url=server.base_url).upload(file)


def test_a_slow_upload_continues_as_long_as_bytes_are_accepted(monkeypatch):
    monkeypatch.setattr(storage, "_UPLOAD_READ_TIMEOUT", 0.4)
    monkeypatch.setattr(storage, "_CONNECT", 0.4)

    async def slow():
        for _ in range(8):
            await asyncio.sleep(0.2)
            yield bytes(1000)

    async def put(server) -> None:
        headers = {"Content-Length": storage.Secret("8000")}
        await storage.Storage("localhost").upload(storage.Secret(f"{server.elsewhere}/in"), headers, slow())

    with FaultyServer(Script(store=[Answer([], 200, {"Content-Length": "0"})])) as server:
        asyncio.run(put(server))
