"""A TLS connection that breaks in the middle, over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from cyberun_widget import Client, FollowPolicy, NetworkError, TaskWidget
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.urls import Link
from tests.servers.faulty import KEY, SIGNATURE, TASK, FaultyServer, Now, Script, answer, event, progress, sse
from tests.servers.tls import ALERT, DAMAGED, Damage, TlsFront

POLICY = FollowPolicy(poll_interval=0.05, idle_timeout=2, backoff_initial=0.01, backoff_max=0.05)
BODY = bytes(range(256)) * 20
RECORDS = pytest.mark.parametrize("record", [DAMAGED, ALERT], ids=["a damaged record", "a fatal alert"])


@pytest.fixture
def front(tmp_path, monkeypatch):
    with TlsFront(tmp_path) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.ca_file))
        yield running


def base_url(front, server) -> str:
    front.to(int(server.base_url.split(":")[2].split("/")[0]))
    return f"https://127.0.0.1:{front.port}/api/v1"


@RECORDS
@pytest.mark.parametrize("after", [0, 40], ids=["before the answer", "in its middle"])
def test_a_call_that_breaks_is_a_network_error(front, record, after):
    front.damages = [Damage("GET .*/tasks/", record, after)]
    with FaultyServer() as server:
        client = Client(KEY, base_url=base_url(front, server))
        with pytest.raises(NetworkError, match=r"was lost|failed"):
            client.task(TASK)
        assert client.task(TASK).status == "running"


@RECORDS
def test_a_broken_stream_is_reopened_and_the_task_ends_correctly(front, record, tmp_path):
    front.damages = [Damage("GET .*/events", record, 250)]
    script = Script(
        events=[sse(progress(0.3), progress(0.4), end="hang"), sse(progress(0.6), Now("completed"), event("completed"))]
    )
    with FaultyServer(script) as server:
        client = Client(KEY, base_url=base_url(front, server))
        with closing(TaskWidget(TASK, client, policy=POLICY, download_dir=tmp_path / "files")) as card:
            assert card.wait(20).status == "completed"
        assert server.counters.requests["events"] == 2


@RECORDS
def test_a_download_that_breaks_is_resumed(front, record, tmp_path):
    front.damages = [Damage("GET /outputs/", record, 1000)]
    script = Script(events=[sse(Now("completed"), event("completed"))], bodies={"9.files.0": BODY})
    with FaultyServer(script) as server:
        front.to(int(server.elsewhere.rpartition(":")[2]))
        link = f"https://127.0.0.1:{front.port}/outputs/9.files.0?X-Amz-Signature={SIGNATURE}"
        script.result = [answer({"id": TASK, "task_status": "completed", "download_urls": {"9.files.0": link}})]
        client = Client(KEY, base_url=server.base_url)
        with closing(TaskWidget(TASK, client, policy=POLICY, download_dir=tmp_path / "files")) as card:
            artifact = card.wait(20).artifacts[0]
        assert (artifact.state, artifact.bytes()) == ("ready", BODY)
        assert server.counters.requests["store"] == 2


@RECORDS
def test_a_download_that_breaks_is_a_network_error_below(front, record):
    front.damages = [Damage("GET /outputs/", record, 1000)]

    async def read(url):
        http = Http(Settings.resolve(KEY, "http://127.0.0.1:9/api/v1", environ={}))
        async with http.storage.download(Link(Secret(url), vouched=True)) as download:
            return b"".join([piece async for piece in download])

    with FaultyServer(Script(bodies={"9.files.0": BODY})) as server:
        front.to(int(server.elsewhere.rpartition(":")[2]))
        url = f"https://127.0.0.1:{front.port}/outputs/9.files.0?X-Amz-Signature={SIGNATURE}"
        with pytest.raises(NetworkError, match="object store"):
            asyncio.run(read(url))


def test_an_untrusted_certificate_is_reported(front, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with FaultyServer() as server, pytest.raises(NetworkError, match="certificate can't be verified"):
        Client(KEY, base_url=base_url(front, server)).task(TASK)
