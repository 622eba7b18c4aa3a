"""A cancel request is repeated until the service receives it, but not forever: a running task costs money."""

from __future__ import annotations

import asyncio
import random

import pytest

from cyberun_widget.errors import NetworkError, NotFoundError, ServerError
from cyberun_widget.following import cancelling
from cyberun_widget.following.cancelling import TRIES, deliver


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(cancelling, "_PAUSE", 0.001)


class Service:
    """Fails the first `refusals` requests with an error, then accepts them."""

    def __init__(self, refusals: int, error: Exception) -> None:
        self.refusals, self.error, self.asked, self.missed = refusals, error, 0, []

    async def cancel(self):
        self.asked += 1
        if self.asked <= self.refusals:
            raise self.error

    def deliver(self) -> None:
        def missed(exc, tries):
            self.missed.append((exc, tries))
            return tries < TRIES

        asyncio.run(deliver(self.cancel, missed, random.Random(1).random, pause_max=0.002))


def test_it_is_repeated_until_it_gets_through():
    service = Service(3, NetworkError("gone"))
    service.deliver()
    assert service.asked == 4
    assert [tries for _, tries in service.missed] == [1, 2, 3]


def test_it_gives_up_after_the_maximum_of_tries_with_the_last_error():
    service = Service(100, ServerError("busy", status=503))
    with pytest.raises(ServerError, match="busy"):
        service.deliver()
    assert service.asked == TRIES


def test_a_request_that_the_service_refuses_is_sent_once():
    service = Service(100, NotFoundError("no such task"))
    with pytest.raises(NotFoundError):
        service.deliver()
    assert (service.asked, service.missed) == (1, [])
