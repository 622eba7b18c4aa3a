"""`Client.local()` on a shared machine: a program on a dead server's port gets neither the key nor files."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import pytest

from cyberun_widget import Client, TaskWidget
from cyberun_widget.api import proof
from cyberun_widget.errors import NetworkError
from cyberun_widget.local import ensure
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"the user's own file " * 50


class Impostor(socketserver.ThreadingTCPServer):
    """Listens on a port, records everything received, and always answers with the same bytes."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int, answer: bytes) -> None:
        self.heard = b""
        self.answer = answer
        super().__init__(("127.0.0.1", port), Conversation)


class Conversation(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while piece := self.request.recv(65536):
            self.server.heard += piece
            if not self.server.answer:
                return
            self.request.sendall(self.server.answer)


def http(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        len(body),
        body,
    )


def plausible(object_port: int) -> bytes:
    """Sends an answer that fits any call: a list, an upload URL, a task."""
    return http(
        json.dumps(
            {
                "workflow_list": [],
                "file_key": "inputs/1/x",
                "upload_url": f"http://127.0.0.1:{object_port}/x",
                "upload_headers": {"Content-Length": str(len(CONTENT)), "If-None-Match": "*"},
                "task_id": "stolen",
                "task_status": "running",
                "proof": "0" * 64,
            }
        ).encode()
    )


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "state" / "cyberun-widget" / "local"


@contextmanager
def taken_over(state: Path) -> Iterator[list[Impostor]]:
    """Kill the server and listen on both of its ports."""
    facts = json.loads((state / "server.json").read_text())
    psutil.Process(facts["pid"]).kill()
    ports = [urlsplit(facts[name]).port for name in ("base_url", "object_url")]
    with ExitStack() as stack:
        impostors = [until(lambda port=port: listening(port, plausible(ports[1]))) for port in ports]
        for impostor in impostors:
            stack.enter_context(impostor)
            threading.Thread(target=impostor.serve_forever, args=(0.02,), daemon=True).start()
            stack.callback(impostor.shutdown)
        yield impostors


def listening(port: int, answer: bytes) -> Impostor | None:
    try:
        return Impostor(port, answer)
    except OSError:
        return None


def forget(state: Path) -> None:
    """Stop a server that a test has left running."""
    facts = json.loads((state / "server.json").read_text())
    psutil.Process(facts["pid"]).terminate()


@pytest.mark.skipif(os.name != "posix", reason="the state folder is set the POSIX way")
def test_a_program_on_a_dead_servers_ports_gets_neither_key_nor_file(state, tmp_path):
    file = tmp_path / "private.bin"
    file.write_bytes(CONTENT)
    client = Client.local()
    assert client.upload(file).startswith("inputs/")
    key = json.loads((state / "server.json").read_text())["api_key"]
    with taken_over(state) as impostors:
        for call in (
            client.workflows,
            client.tasks,
            lambda: client.upload(file),
            lambda: client.submit("echo-files", file=file),
            lambda: client.cancel("01890000-0000-7000-8000-000000000000"),
        ):
            with pytest.raises(NetworkError, match="something else has taken its port") as refused:
                call()
            assert not refused.value.sent
        task = TaskWidget("01890000-0000-7000-8000-000000000000", client)
        until(lambda: task.connection == "reconnecting")
        task.close()
        heard = b"".join(impostor.heard for impostor in impostors)
        assert b"/proof?nonce=" in heard
        assert key.encode() not in heard
        assert b"authorization" not in heard.lower()
        assert CONTENT[:20] not in heard
        assert impostors[1].heard == b""

        again = Client.local()
        assert again.base_url != client.base_url
        assert len(again.workflows()) > 0
        assert key.encode() not in b"".join(impostor.heard for impostor in impostors)
    forget(state)


NO_PROOF = [
    b"\n",
    http(b"{}"),
    http(b"[]"),
    http(b'{"proof": 7}'),
    http(b'{"proof": "\xc3\xa9"}'),
    http(b'{"proof": "00"}', "404 Not Found"),
    http(b'{"proof": "00"}').replace(b"Content-Length: 15", b"Content-Length: x"),
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000,
    b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
]


def test_no_other_answer_is_accepted_as_proof(state, monkeypatch):
    monkeypatch.setattr(proof, "_PATIENCE", 0.3)
    client = Client.local()
    with taken_over(state) as (impostor, _):
        for impostor.answer in NO_PROOF:
            with pytest.raises(NetworkError, match="something else has taken its port"):
                client.tasks()
        assert b"authorization" not in impostor.heard.lower()


def test_the_secret_of_the_proof_is_never_shown(state):
    client = Client.local()
    for _ in range(3):
        client.workflows()
    secret = ensure(state).proof_secret
    assert secret not in repr(client) + repr(client._calls.settings) + str(vars(client))
    forget(state)
