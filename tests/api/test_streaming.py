"""An event stream's body arrives completely and without delay, for any framing, splitting and break.

Over real sockets.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import random

import pytest

from cyberun_widget import NetworkError
from cyberun_widget.api.pool import close_pool
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from tests.servers.faulty import KEY, TASK, Answer, Drip, FaultyServer, Pause, Script
from tests.servers.tls import TlsFront

BODY = b"".join(b"event: progress\ndata: %d\n\n" % number for number in range(40))
MIME = b"Content-Type: text/event-stream\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\n" + MIME + b"\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\n" + MIME + b"Transfer-Encoding: chunked\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\n" + MIME + b"Content-Length: %d\r\n\r\n" % len(BODY)
LAST = b"0\r\n\r\n"


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(data), extension, data)


def chunks(size: int = 50, extension: bytes = b"") -> bytes:
    return b"".join(chunk(BODY[at : at + size], extension) for at in range(0, len(BODY), size))


def cut(data: bytes, *places: int) -> list[bytes | Pause]:
    """Return bytes in parts, with a pause after each."""
    return list(
        itertools.chain.from_iterable(
            (data[start:end], Pause(0.02)) for start, end in itertools.pairwise((0, *places, len(data)))
        )
    )


# Each: the response, whether its body bypasses the parser, and whether it is complete.
ANSWERS = {
    "in chunks": ([CHUNKED, chunks(), LAST], True, True),
    "in chunks, all in one packet with the head": ([CHUNKED + chunks() + LAST], True, True),
    "the head cut, and every chunk": ([*cut(CHUNKED + chunks(200) + LAST, 3, 70, 100, 140, 141, 300, 345)], True, True),
    "byte by byte": ([Drip(CHUNKED + chunks(200) + LAST)], True, True),
    "chunk extensions": ([CHUNKED, chunks(70, b';a="b c"'), b"0;last\r\n\r\n"], True, True),
    "trailers": ([CHUNKED, chunks(), b"0\r\nDigest: x\r\nMore: y\r\n\r\n"], True, True),
    "chunks after interim answers": (
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + CHUNKED, chunks(), LAST],
        True,
        True,
    ),
    "no length": ([PLAIN, BODY], True, True),
    "no length, with the head": ([PLAIN + BODY], True, True),
    "a length": ([SIZED, BODY], True, True),
    "a length, and bytes beyond it": ([SIZED, BODY + b"HTTP/1.1 200 OK\r\n\r\n"], True, True),
    "HTTP/1.0": ([PLAIN.replace(b"1.1", b"1.0"), BODY], True, True),
    "bare line feeds in the head": ([PLAIN.replace(b"\r\n", b"\n"), BODY], True, True),
    "a head of many lines": (
        [PLAIN[:-2] + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 100) for n in range(200)) + b"\r\n", BODY],
        True,
        True,
    ),
    "gzip": ([PLAIN[:-2] + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(BODY)], False, True),
    "gzip in chunks": (
        [CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n", chunk(gzip.compress(BODY)), LAST],
        False,
        True,
    ),
    "chunks that end early": ([CHUNKED, chunks()], True, False),
    "chunks that end within one": ([CHUNKED, chunks(), b"50\r\nevent"], True, False),
    "a chunk that lies": ([CHUNKED, chunks(), b"zz\r\nevent: progress\r\n", LAST], True, False),
    "a length that isn't reached": ([SIZED.replace(b"Length: ", b"Length: 1"), BODY], True, False),
}


WITH_THE_HEAD = {case for case in ANSWERS if "with the head" in case}


def server_of(parts: list, end: str = "close") -> FaultyServer:
    return FaultyServer(Script(events=[Answer(parts, headers=None, end=end)]))


async def read(base_url: str, enough: int | None = None) -> tuple[bytes, bool, bool, str]:
    """Return the body, whether `enough` bytes arrived, whether it bypassed the parser, and the error."""
    got, straight, problem, taken = bytearray(), False, "", False

    def take(data: bytes) -> bool:
        nonlocal straight
        got.extend(data)
        straight = asyncio.current_task() is None or straight
        return enough is not None and len(got) >= enough

    http = Http(Settings.resolve(KEY, base_url, environ={}))
    try:
        async with asyncio.timeout(20), http.stream(f"/r/tasks/{TASK}/events", read_timeout=5) as stream:
            assert stream.error is None
            taken = await stream.deliver(take)
    except NetworkError as exc:
        problem = str(exc)
    finally:
        await close_pool()
    return bytes(got), taken, straight, problem


@pytest.mark.parametrize("case", ANSWERS)
def test_every_byte_of_a_body_arrives_and_its_end_is_reported(case):
    parts, _, whole = ANSWERS[case]
    with server_of(parts) as server:
        got, taken, _, problem = asyncio.run(read(server.base_url))
    assert got[: len(BODY)] == BODY
    assert not taken
    assert bool(problem) is not whole, problem


@pytest.mark.parametrize("case", ANSWERS)
def test_it_does_so_through_tls(case, tmp_path, monkeypatch):
    parts, _, whole = ANSWERS[case]
    with TlsFront(tmp_path) as front, server_of(parts) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(front.ca_file))
        front.to(int(server.base_url.split(":")[2].split("/")[0]))
        got, _, _, problem = asyncio.run(read(f"https://127.0.0.1:{front.port}/api/v1"))
    assert got[: len(BODY)] == BODY
    assert bool(problem) is not whole, problem


@pytest.mark.parametrize("case", [case for case in ANSWERS if ANSWERS[case][2]])
def test_only_a_compressed_body_needs_the_parser(case):
    """A chunk that bypasses the parser arrives outside any task. The first may come with the head."""
    parts, straight, _ = ANSWERS[case]
    head, *rest = parts if len(parts) > 1 else (parts[0], b"")
    slow = [head, Pause(0.1), *itertools.chain.from_iterable((part, Pause(0.02)) for part in rest)]
    with server_of(slow) as server:
        _, _, found, _ = asyncio.run(read(server.base_url))
    assert found is (straight and case not in WITH_THE_HEAD)


def test_a_reader_that_has_enough_stops_at_once():
    with server_of([CHUNKED, Pause(0.05), chunks()], end="hang") as server:
        got, taken, straight, problem = asyncio.run(read(server.base_url, enough=100))
        assert server.quiet()
    assert (taken, straight, problem) == (True, True, "")
    assert len(got) >= 100


def test_a_reset_connection_is_a_network_error():
    with server_of([CHUNKED, chunks()], end="reset") as server:
        got, _, _, problem = asyncio.run(read(server.base_url))
    assert got == BODY
    assert "was lost" in problem


def test_a_large_burst_arrives_completely_and_in_order():
    body = random.Random(3).randbytes(3_000_000)
    pieces = b"".join(chunk(body[at : at + 9000]) for at in range(0, len(body), 9000))
    with server_of([CHUNKED, pieces, LAST]) as server:
        got, _, _, problem = asyncio.run(read(server.base_url))
    assert (got == body, problem) == (True, "")


def test_an_error_of_the_reader_propagates_and_closes_the_connection():
    async def run(base_url: str) -> None:
        http = Http(Settings.resolve(KEY, base_url, environ={}))
        async with http.stream(f"/r/tasks/{TASK}/events", read_timeout=5) as stream:
            await stream.deliver(lambda data: bool(data[10**9]))

    with server_of([CHUNKED, Pause(0.05), chunks()], end="hang") as server:
        with pytest.raises(IndexError):
            asyncio.run(run(server.base_url))
        assert server.quiet()


def test_a_reader_that_is_cancelled_leaves_no_connection():
    async def run(base_url: str) -> None:
        http = Http(Settings.resolve(KEY, base_url, environ={}))
        async with http.stream(f"/r/tasks/{TASK}/events", read_timeout=5) as stream:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await stream.deliver(lambda _data: False)

    with server_of([CHUNKED, chunks()], end="hang") as server:
        asyncio.run(run(server.base_url))
        assert server.quiet()
