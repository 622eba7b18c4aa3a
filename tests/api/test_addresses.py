"""Addresses from a workflow's output or a store can't make the kernel connect to its own network."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from cyberun_widget import AsyncClient, CyberunError, NotFoundError, ProtocolError, TaskResult, TaskWidget
from cyberun_widget.api import addresses
from cyberun_widget.api.addresses import allowed_address, is_loopback, realm
from cyberun_widget.api.storage import Storage
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.urls import Link, segment
from tests.servers.faulty import KEY, PNG, TASK, Answer, FaultyServer, Script, answer
from tests.waiting import until

PUBLIC = "core.cyberun.example"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.8.9.1", "loopback"),
        ("::1", "loopback"),
        ("[::1]", "loopback"),
        ("0.0.0.0", "loopback"),
        ("::", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("64:ff9b::7f00:1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("10.0.0.1", "private"),
        ("192.168.1.1", "private"),
        ("172.16.0.1", "private"),
        ("100.100.100.200", "private"),
        ("fd00:ec2::254", "private"),
        ("224.0.0.1", "private"),
        ("255.255.255.255", "private"),
        ("93.184.216.34", "public"),
        ("2606:2800:220:1::1", "public"),
        ("example.com", None),
        ("", None),
    ],
)
def test_an_address_is_of_one_kind_of_network(address, kind):
    assert realm(address) == kind


@pytest.mark.parametrize(("host", "local"), [("localhost", True), ("a.localhost.", True), ("localhost.com", False)])
def test_this_machine_has_names(host, local):
    assert is_loopback(host) is local


@pytest.fixture
def names(monkeypatch):
    """Resolve names to chosen addresses, like a hostile DNS."""
    known: dict[str, list[str]] = {PUBLIC: ["93.184.216.34"]}

    async def resolved(host: str, _port: int) -> list[str]:
        return known.get(host, [])

    monkeypatch.setattr(addresses, "_resolved", resolved)
    return known


@pytest.mark.parametrize(
    ("host", "api", "pinned"),
    [
        ("cdn.example", PUBLIC, "93.184.216.35"),
        ("93.184.216.35", PUBLIC, None),
        ("gone.example", PUBLIC, None),
        ("127.0.0.1", "localhost", None),
        ("inside.example", "10.0.0.1", "10.0.0.2"),
        ("inside.example", "api.inside.example", "10.0.0.2"),
    ],
)
def test_an_address_may_be_in_the_apis_network(names, host, api, pinned):
    names |= {"cdn.example": ["93.184.216.35"], "inside.example": ["10.0.0.2"], "api.inside.example": ["10.0.0.1"]}
    assert asyncio.run(allowed_address(host, 443, api)) == pinned


@pytest.mark.parametrize("api", [PUBLIC, "10.0.0.1", "localhost"])
@pytest.mark.parametrize("host", ["169.254.169.254", "metadata.example", "both.example", "[fe80::1]"])
def test_the_clouds_metadata_service_is_never_contacted(names, host, api):
    names |= {"metadata.example": ["169.254.169.254"], "both.example": ["93.184.216.34", "169.254.169.254"]}
    with pytest.raises(ProtocolError, match="private network"):
        asyncio.run(allowed_address(host, 80, api))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "here.example", "10.1.1.1", "::1", "0.0.0.0"])
def test_a_public_api_cannot_lead_into_the_local_network(names, host):
    names["here.example"] = ["127.0.0.1"]
    with pytest.raises(ProtocolError, match="private network"):
        asyncio.run(allowed_address(host, 80, PUBLIC))


def test_behind_a_proxy_addresses_are_checked_and_names_are_left_to_it(names):
    names["here.example"] = ["127.0.0.1"]
    assert asyncio.run(allowed_address("here.example", 80, PUBLIC, look_up=False)) is None
    with pytest.raises(ProtocolError):
        asyncio.run(allowed_address("10.0.0.1", 80, PUBLIC, look_up=False))


# --- over HTTP --------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def opened(url: str, *, vouched: bool, api: str = PUBLIC):
    async with Storage(api).download(Link(Secret(url), vouched=vouched)) as download:
        yield b"".join([piece async for piece in download])


async def fetch(url: str, **how) -> bytes:
    async with opened(url, **how) as body:
        return body


FILE = Answer([PNG], 200, {"Content-Length": str(len(PNG))})


def test_a_link_from_the_service_may_have_any_address():
    with FaultyServer(Script(store=[FILE])) as server:
        assert asyncio.run(fetch(f"{server.elsewhere}/x", vouched=True)) == PNG


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"])
def test_an_address_in_a_workflows_output_is_not_contacted(host):
    with FaultyServer(Script(store=[FILE])) as server:
        url = f"{server.elsewhere}/admin".replace("127.0.0.1", host)
        with pytest.raises(ProtocolError, match="private network"):
            asyncio.run(fetch(url, vouched=False, api="93.184.216.34"))
        assert server.counters.connections == 0


def test_a_redirect_into_the_local_network_is_not_followed():
    with FaultyServer() as inside, FaultyServer() as server:
        server.script.store = [Answer([], 302, {"Location": f"{inside.elsewhere}/admin", "Content-Length": "0"})]
        with pytest.raises(ProtocolError, match="private network"):
            asyncio.run(fetch(f"{server.elsewhere}/x", vouched=True, api="93.184.216.34"))
        assert inside.counters.connections == 0


def test_a_redirect_within_the_store_or_the_apis_network_is_followed():
    moved = Answer([], 302, {"Location": "/y", "Content-Length": "0"})
    with FaultyServer(Script(store=[moved, FILE])) as server:
        assert asyncio.run(fetch(f"{server.elsewhere}/x", vouched=True, api="93.184.216.34")) == PNG
    with FaultyServer(Script(store=[FILE])) as inside, FaultyServer() as server:
        server.script.store = [Answer([], 302, {"Location": f"{inside.elsewhere}/y", "Content-Length": "0"})]
        assert asyncio.run(fetch(f"{server.elsewhere}/x", vouched=False, api="localhost")) == PNG


def test_the_connection_uses_the_checked_address(monkeypatch):
    """A name that resolves to another address a moment later has no effect."""
    asked = []

    async def resolved(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(addresses, "_resolved", resolved)
    seen = []

    class Server(FaultyServer):
        async def _answer_store(self, request, reader, writer):
            seen.append(request.headers["host"])
            return await super()._answer_store(request, reader, writer)

    with Server(Script(store=[FILE])) as server:
        port = server.elsewhere.rpartition(":")[2]
        url = f"http://rebound.invalid:{port}/x"  # not in any DNS: only the pinned address can be contacted
        assert asyncio.run(fetch(url, vouched=False, api="127.0.0.1")) == PNG
    assert asked == ["rebound.invalid"]
    assert seen == [f"rebound.invalid:{port}"]


def test_a_user_and_password_in_a_link_are_not_sent():
    with FaultyServer(Script(store=[FILE])) as server:
        url = f"{server.elsewhere}/x".replace("//", "//user:password@")
        assert asyncio.run(fetch(url, vouched=True)) == PNG
        assert not server.counters.leaks


@pytest.mark.parametrize("where", ["task_output", "download_urls"])
def test_the_results_own_links_are_trusted_and_its_output_is_not(where, tmp_path, monkeypatch):
    monkeypatch.setattr(addresses, "_resolved", lambda *_: pytest.fail("no name is looked up"))
    with FaultyServer(Script(life=((0.0, "completed"),), store=[FILE])) as server, FaultyServer() as inside:
        link = f"{server.elsewhere}/x.png"
        body = {"9.images.0": link} if where == "download_urls" else {"9.images.0": {"url": link, "filename": "x.png"}}
        server.script.result = [answer({"id": TASK, "task_status": "completed", where: body})] * 2

        async def result() -> TaskResult:
            async with AsyncClient(KEY, base_url=server.base_url) as client:
                client._calls.http.storage = Storage("93.184.216.34")  # as if the API had a public address
                return await client.result(TASK, download="all", download_dir=tmp_path)

        found = asyncio.run(result()).artifacts[0]
        assert found.state == ("ready" if where == "download_urls" else "failed")
        assert server.counters.requests["store"] == (1 if where == "download_urls" else 0)
        assert not inside.counters.connections


# --- ids --------------------------------------------------------------------------------------------------------------


IDS = ["a/../../workflows/slug/x/run?y=", "a?b#c", "../../x", "a\\b", "a b", "ä", "%2e%2e", "a;b"]


@pytest.mark.parametrize("task_id", IDS)
def test_an_id_stays_one_segment_of_the_path_in_every_call(task_id):
    lines = []

    class Server(FaultyServer):
        async def _answer_api(self, request, reader, writer):
            lines.append(request.line)
            return await super()._answer_api(request, reader, writer)

    async def ask(base_url: str) -> None:
        async with AsyncClient(KEY, base_url=base_url) as client:
            for call in (client.cancel, client.task, client._calls.result, client.workflow):
                with contextlib.suppress(CyberunError):
                    await call(task_id)

    with Server() as server:
        asyncio.run(ask(server.base_url))
    quoted = segment(task_id, "id")
    assert not set("/?#\\ ") & set(quoted)
    assert lines == [
        f"POST /api/v1/r/tasks/{quoted}/cancel",
        f"GET /api/v1/r/tasks/{quoted}",
        f"GET /api/v1/r/tasks/{quoted}/result",
        f"GET /api/v1/r/workflows/slug/{quoted}",
    ]


def test_cancel_goes_to_the_cards_task_whatever_its_id(tmp_path):
    lines = []

    class Server(FaultyServer):
        async def _answer_api(self, request, reader, writer):
            lines.append(request.line)
            return await super()._answer_api(request, reader, writer)

    task_id = IDS[0]
    with Server() as server:
        server.script.task = [answer({"id": task_id, "task_status": "running"})] * 50
        card = TaskWidget(task_id, api_key=KEY, base_url=server.base_url, download_dir=tmp_path)
        until(lambda: card.status == "running")
        card.cancel()
        until(lambda: any(line.startswith("POST") for line in lines))
        card.close()
    posted = {line for line in lines if line.startswith("POST")}
    assert posted == {f"POST /api/v1/r/tasks/{segment(task_id, 'id')}/cancel"}


@pytest.mark.parametrize("task_id", ["", " ", ".", "..", " .. ", "\ud800"])
def test_an_impossible_id_is_not_requested(task_id):
    with pytest.raises(NotFoundError):
        segment(task_id, "task id")
