"""The hook that is called just before a request is sent, so that it can be recorded first."""

from __future__ import annotations

import asyncio

import pytest

from cyberun_widget import CyberunError, NetworkError
from cyberun_widget.api.calls import Calls
from cyberun_widget.support.secrets import Secret
from tests.servers.faulty import KEY, FaultyServer, Script, answer


def start(base_url, sending):
    calls = Calls.resolve(Secret(KEY), Secret(base_url), None)
    return asyncio.run(calls.start("portrait", {"seed": 1}, before_body=sending))


def test_the_hook_is_awaited_once_before_the_request_reaches_the_service():
    script = Script(other=[answer({"task_id": "t1"}, 202)])
    with FaultyServer(script) as server:
        asked = []

        async def sending():
            asked.append(server.counters.requests.total())

        assert start(server.base_url, sending) == "t1"
    assert asked == [0]


def test_a_failing_hook_prevents_the_request():
    with FaultyServer(Script()) as server:

        async def sending():
            raise CyberunError("not noted")

        with pytest.raises(CyberunError, match="not noted"):
            start(server.base_url, sending)
        assert server.quiet()
        assert server.counters.requests.total() == 0


def test_the_hook_is_not_awaited_without_a_connection():
    told = []

    async def sending():
        told.append(1)

    with pytest.raises((NetworkError, CyberunError)):
        start("http://127.0.0.1:9/api/v1", sending)
    assert not told
