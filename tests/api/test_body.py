"""A large body bypasses the HTTP parser: every byte arrives, however the network splits it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import random

import pytest

from cyberun_widget import NetworkError
from cyberun_widget.api import body
from cyberun_widget.api.storage import Storage
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.urls import Link
from tests.servers.faulty import Answer, FaultyServer, Pause, Script

SIZE = body.LARGE + 123_457
BODY = random.Random(5).randbytes(SIZE)
HEAD = f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode()


async def read(server: FaultyServer, read_timeout: float = 5.0) -> list[bytes]:
    async with Storage("localhost").download(
        Link(Secret(f"{server.elsewhere}/x")), read_timeout=read_timeout
    ) as download:
        return [piece async for piece in download]


def cut(*places: int) -> list[bytes | Pause]:
    """Return head and body, split at positions relative to the start of the body, with a pause at each."""
    ends = [-len(HEAD), *places, SIZE]
    whole = HEAD + BODY
    parts: list[bytes | Pause] = []
    for start, end in itertools.pairwise(ends):
        parts += [whole[start + len(HEAD) : end + len(HEAD)], Pause(0.05)]
    return parts


@pytest.mark.parametrize(
    "places", [(), (0,), (1,), (-1,), (100,), (65_536,), (65_537,), (1, 2, 3), (200_000, 300_000), (SIZE - 1,)], ids=str
)
def test_every_byte_arrives_in_large_pieces(places):
    """Fails if a new version of the parser buffers or reads ahead: then `body` can no longer bypass it."""
    with FaultyServer(Script(store=[Answer(cut(*places), headers=None)])) as server:
        pieces = asyncio.run(read(server))
    whole = b"".join(pieces)
    assert len(whole) == SIZE
    assert hashlib.sha256(whole).digest() == hashlib.sha256(BODY).digest()
    assert max(map(len, pieces)) > 64 * 1024 or places, "the way around the parser wasn't taken"


def test_a_large_body_that_breaks_is_a_network_error_or_ends_early():
    script = Script(store=[Answer([HEAD, BODY[:3_000_000]], headers=None, end="reset")])
    with FaultyServer(script) as server, contextlib.suppress(NetworkError):
        assert sum(map(len, asyncio.run(read(server)))) <= 3_000_000


def test_a_large_body_that_stalls_is_a_network_error():
    script = Script(store=[Answer([HEAD, BODY[:3_000_000]], headers=None, end="hang")])
    with FaultyServer(script) as server, pytest.raises(NetworkError, match="stopped responding"):
        asyncio.run(read(server, read_timeout=0.3))


def test_bytes_after_a_body_are_not_part_of_it():
    with FaultyServer(Script(store=[Answer([HEAD, BODY, b"HTTP/1.1 200 OK\r\n\r\n"], headers=None)])) as server:
        assert sum(map(len, asyncio.run(read(server)))) == SIZE
