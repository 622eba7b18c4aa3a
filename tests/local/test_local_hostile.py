"""Requests of careless or hostile clients to the local server: refused with a message, without faults or stalls."""

from __future__ import annotations

import hmac
import json
import resource
import socket
import sqlite3
import time
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from cyberun_widget.local import LocalServer
from tests.local.calls import Api
from tests.waiting import until

HEAD_TIMEOUT = 0.6  # seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(folder):
    with LocalServer.start(state_dir=folder, speed=20, head_timeout=HEAD_TIMEOUT) as running:
        yield running


@pytest.fixture
def api(server):
    with Api(server) as client:
        yield client


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), 10)


def closed(sock: socket.socket) -> bool:
    """Whether the server has closed the connection."""
    sock.setblocking(False)
    try:
        return sock.recv(4096) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


# --- what a body may hold ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ['"text": "\\ud800"', '"\\udfff": "x"', '"kinds": ["\\ud83d"]'])
def test_an_unpaired_surrogate_is_refused_and_the_list_still_works(api, field):
    answer = api.post("/r/workflows/slug/echo-files/run", content=f'{{"parameters": {{{field}}}}}')
    assert answer.status_code == 422
    assert "surrogate" in answer.json()["message"]
    assert api.get("/r/tasks").status_code == 200


def test_a_whole_surrogate_pair_is_a_character_like_any_other(api):
    content = '{"parameters": {"text": "\\ud83d\\ude00", "kinds": "txt", "seconds": 0}}'
    task_id = api.post("/r/workflows/slug/echo-files/run", content=content).json()["task_id"]
    assert api.task(task_id)["parameters"]["text"] == "\N{GRINNING FACE}"


def test_a_task_that_an_older_server_stored_with_half_a_pair_is_listed(api, folder):
    task_id = api.run(kinds="txt", seconds=0)
    api.wait(task_id)
    with sqlite3.connect(folder / "cyberun.sqlite") as database:
        database.execute("UPDATE tasks SET parameters = ? WHERE id = ?", ('{"text": "\\ud800"}', task_id))
    assert api.get(f"/r/tasks/{task_id}").status_code == 200
    assert api.get("/r/tasks").status_code == 200


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1" + "0" * 5000, "1e400", "-1e400", "NaN"])
def test_a_number_out_of_all_bounds_is_refused(api, number):
    answer = api.post("/r/workflows/slug/gray-scott/run", content=f'{{"parameters": {{"steps": {number}}}}}')
    assert answer.status_code in (400, 422)
    assert answer.json()["message"]


@pytest.mark.parametrize("name", ["per_page", "current_page"])
@pytest.mark.parametrize("digits", ["9" * 5000, "9" * 20, "१", "+1", "1.0", "-1", ""])
def test_a_page_that_is_no_small_whole_number_is_refused(api, name, digits):
    answer = api.get("/r/tasks", params={name: digits})
    assert answer.status_code == 422
    assert name in answer.json()["message"]


# --- whose request it is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:1:2", "[::1", "10.0.0.7", ""])
def test_a_foreign_host_gets_421_from_both_origins(server, host):
    for origin in (server.base_url, server.object_url):
        for path in ("/r/tasks", "/r/tasks/", "/nowhere/"):
            answer = httpx.get(origin + path, headers={"Host": host, "Authorization": f"Bearer {server.api_key}"})
            assert answer.status_code == 421, path
            assert "this machine" in answer.json()["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8888", "LOCALHOST", "[::1]:80"])
def test_every_name_of_this_machine_is_answered(api, host):
    assert api.get("/r/tasks", headers={"Host": host}).status_code == 200


# --- half-open connections -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [b"", b"GET /api/v1/r/tasks HTTP/1.1\r\nHost: 127.0.0.1\r\n"], ids=["silent", "half"])
def test_a_request_that_never_ends_its_headers_is_cut(server, start):
    for url in (server.base_url, server.object_url):
        with connect(url) as sock:
            sock.sendall(start)
            begun = time.monotonic()
            until(lambda sock=sock: closed(sock), 10)
            assert time.monotonic() - begun > HEAD_TIMEOUT / 2


def test_dripping_headers_win_no_time(server):
    with connect(server.base_url) as sock:
        sock.sendall(b"GET /api/v1/r/tasks HTTP/1.1\r\nX-Slow: ")
        begun = time.monotonic()

        def dripped() -> bool:
            try:
                sock.sendall(b"x")
            except OSError:
                return True
            return closed(sock)

        until(dripped, 10, pause=HEAD_TIMEOUT / 10)
        assert time.monotonic() - begun < 5 * HEAD_TIMEOUT


def test_a_second_request_that_stops_halfway_is_cut_too(server):
    with connect(server.base_url) as sock:
        sock.sendall(b"HEAD /api/v1/r/none HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"404" in sock.recv(4096)
        sock.sendall(b"GET /")
        until(lambda: closed(sock), 10)


def test_an_idle_connection_between_two_requests_is_kept(server):
    request = b"HEAD /api/v1/r/none HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"  # its response is one packet
    with connect(server.base_url) as sock, connect(server.base_url) as other:
        sock.sendall(request)
        assert b"404" in sock.recv(4096)
        until(lambda: closed(other), 10)  # the header limit has passed
        sock.setblocking(True)
        sock.sendall(request)
        assert b"404" in sock.recv(4096)


def test_thirteen_hundred_half_open_connections_leave_the_server_at_rest():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this machine gives a process too few files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        server = LocalServer.start(speed=20)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
        with server, Api(server) as api:
            half_open = [connect(server.base_url) for _ in range(1300)]
            try:
                for sock in half_open:
                    sock.sendall(b"GET / HT")
                api.get("/r/tasks").raise_for_status()
                process = psutil.Process(server.process.pid)
                before, begun = sum(process.cpu_times()[:2]), time.monotonic()
                slowest = 0.0
                while time.monotonic() - begun < 1.5:
                    asked = time.monotonic()
                    api.get("/r/workflows").raise_for_status()
                    slowest = max(slowest, time.monotonic() - asked)
                    time.sleep(0.05)
                used = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - begun)
            finally:
                for sock in half_open:
                    sock.close()
        assert used < 0.5, "of a core"
        assert slowest < 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- the proof -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nonce", ["", "00", "g" * 32, "0" * 129, "é" * 32])
def test_only_a_nonce_of_some_length_is_answered(server, nonce):
    assert httpx.get(f"{server.base_url}/proof", params={"nonce": nonce}).status_code == 422


def test_a_server_proves_that_it_knows_the_secret_and_where_it_is(tmp_path):
    from cyberun_widget.local import ensure  # noqa: PLC0415 - only here

    found = ensure(tmp_path, 1.0)
    nonce = "0123456789abcdef" * 2
    given = httpx.get(f"{found.base_url}/proof", params={"nonce": nonce}).json()["proof"]
    secret = bytes.fromhex(found.proof_secret)
    assert given == hmac.digest(secret, f"{found.base_url}\n{nonce}".encode(), "sha256").hex()
    assert found.proof_secret not in repr(found)
    assert json.loads((tmp_path / "server.json").read_text())["proof_secret"] == found.proof_secret
