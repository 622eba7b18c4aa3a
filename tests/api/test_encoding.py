"""Compressed bodies: a single coding, limited in size, whatever a server sends. Pure and over real HTTP."""

from __future__ import annotations

import asyncio
import gzip
import random
import tracemalloc
import zlib
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberun_widget import Client, FollowPolicy, NetworkError, ProtocolError, TaskWidget
from cyberun_widget.api.encoding import Decoder, EncodingError, coding
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.urls import Link
from tests.servers.faulty import KEY, PNG, TASK, Answer, FaultyServer, Script, finished, sse

POLICY = FollowPolicy(poll_interval=0.05, idle_timeout=1, backoff_initial=0.01, backoff_max=0.05)
MIB = 1024 * 1024


def pack(data: bytes, name: str) -> bytes:
    """Return a body in a coding."""
    if name == "gzip":
        return gzip.compress(data)
    raw = zlib.compressobj(wbits=-15)
    return zlib.compress(data) if name == "zlib" else raw.compress(data) + raw.flush()


def unpack(name: str, *pieces: bytes) -> bytes:
    decoder = Decoder(name)
    found = b"".join(out for piece in pieces for out in decoder.feed(piece))
    decoder.finish()
    return found


@lru_cache
def bomb(layers: int, size: int = 120 * MIB) -> bytes:
    """Return data that decompresses to `size` zero bytes after the given number of layers."""
    packer = zlib.compressobj(9, wbits=31)
    data = b"".join(packer.compress(bytes(MIB)) for _ in range(size // MIB)) + packer.flush()
    for _ in range(layers - 1):
        data = gzip.compress(data)
    return data


@given(st.binary(max_size=5000), st.sampled_from(["gzip", "zlib", "raw"]), st.integers(1, 500))
def test_a_body_is_decompressed_for_any_chunk_size(data, name, step):
    packed = pack(data, name)
    pieces = [packed[start : start + step] for start in range(0, len(packed), step)]
    assert unpack("gzip" if name == "gzip" else "deflate", *pieces) == data


def test_a_large_body_is_decompressed_completely():
    data = random.Random(1).randbytes(3 * MIB) + bytes(20 * MIB)
    assert unpack("gzip", pack(data, "gzip")) == data


def test_several_members_of_gzip_are_one_body():
    assert unpack("x-gzip", gzip.compress(b"one ") + gzip.compress(b"two")) == b"one two"


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"data" * 100)[:-9], b"plain text", gzip.compress(b"x")[:12] + b"\0"],
    ids=["cut", "none", "damaged"],
)
def test_a_damaged_body_is_a_temporary_error(packed):
    with pytest.raises(EncodingError) as caught:
        unpack("gzip", packed)
    assert caught.value.broken


def test_a_body_that_expands_without_end_is_rejected():
    with pytest.raises(EncodingError, match="exceeds") as caught:
        unpack("gzip", bomb(1))
    assert not caught.value.broken


@pytest.mark.parametrize(
    ("header", "name"),
    [("", ""), ("identity", ""), (" GZIP ", "gzip"), ("identity, gzip", "gzip"), ("deflate", "deflate")],
)
def test_a_single_coding_is_accepted(header, name):
    assert coding(header) == name


@pytest.mark.parametrize("header", ["gzip, gzip", "br", "zstd", "compress", "gzip,identity,br", "nonsense"])
def test_any_other_is_refused(header):
    with pytest.raises(EncodingError):
        coding(header)


# --- over HTTP --------------------------------------------------------------------------------------------------------


def packed_answer(body: bytes, name: str, mime: str = "application/json") -> Answer:
    return Answer([body], 200, {"Content-Type": mime, "Content-Encoding": name, "Content-Length": str(len(body))})


def peak(action) -> float:
    """Return Python's peak memory during an action, in MiB."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "body"),
    [("gzip, gzip", lambda: bomb(2)), ("gzip", lambda: bomb(1)), ("br", lambda: b"x"), ("zstd", lambda: b"x")],
    ids=["twice", "huge", "br", "zstd"],
)
def test_a_call_rejects_a_decompression_bomb(name, body):
    def ask():
        with FaultyServer(Script(task=[packed_answer(body(), name)])) as server, pytest.raises(ProtocolError):
            Client(KEY, base_url=server.base_url).task(TASK)

    assert peak(ask) < 80


def test_a_call_accepts_a_body_compressed_once():
    body = gzip.compress(b'{"id": "%s", "task_status": "queued"}' % TASK.encode())
    with FaultyServer(Script(task=[packed_answer(body, "gzip")])) as server:
        assert Client(KEY, base_url=server.base_url).task(TASK).status == "queued"


@pytest.mark.parametrize(("name", "layers"), [("gzip, gzip", 2), ("gzip", 1)])
def test_a_stream_rejects_a_decompression_bomb_and_the_task_ends_correctly(name, layers, tmp_path):
    stream = packed_answer(bomb(layers), name, "text/event-stream")
    script = Script(events=[stream, sse(*finished())])

    def watch():
        with FaultyServer(script) as server:
            card = TaskWidget(TASK, Client(KEY, base_url=server.base_url), policy=POLICY, download_dir=tmp_path)
            assert card.wait(30).status == "completed"
            card.close()

    assert peak(watch) < 80


@pytest.mark.parametrize(("name", "layers"), [("gzip, gzip", 2), ("gzip", 1)])
def test_a_download_rejects_a_decompression_bomb(name, layers):
    async def read(server):
        http = Http(Settings.resolve(KEY, server.base_url, environ={}))
        async with http.storage.download(Link(Secret(f"{server.elsewhere}/x"), vouched=True)) as download:
            async for _piece in download:
                pass

    def fetch():
        script = Script(store=[packed_answer(bomb(layers), name, "model/obj")])
        with FaultyServer(script) as server, pytest.raises(ProtocolError, match="can't be read"):
            asyncio.run(read(server))

    assert peak(fetch) < 80


def test_a_download_compressed_once_is_decompressed(tmp_path):
    script = Script(events=[sse(*finished())], store=[packed_answer(gzip.compress(PNG), "gzip", "image/png")])
    with FaultyServer(script) as server:
        card = TaskWidget(TASK, Client(KEY, base_url=server.base_url), policy=POLICY, download_dir=tmp_path)
        assert card.wait(20).artifacts[0].bytes() == PNG
        card.close()


def test_a_truncated_compressed_response_is_a_network_error():
    body = gzip.compress(b'{"id": "%s", "task_status": "queued"}' % TASK.encode())[:-8]
    with FaultyServer(Script(task=[packed_answer(body, "gzip")])) as server, pytest.raises(NetworkError):
        Client(KEY, base_url=server.base_url).task(TASK)


def test_identity_is_requested_except_for_json(tmp_path):
    seen = []

    class Server(FaultyServer):
        async def _answer_api(self, request, reader, writer):
            seen.append((request.endpoint, request.headers["accept-encoding"]))
            return await super()._answer_api(request, reader, writer)

        async def _answer_store(self, request, reader, writer):
            seen.append(("store", request.headers["accept-encoding"]))
            return await super()._answer_store(request, reader, writer)

    with Server(Script(events=[sse(*finished())])) as server:
        card = TaskWidget(TASK, Client(KEY, base_url=server.base_url), policy=POLICY, download_dir=tmp_path)
        card.wait(20)
        card.close()
    assert dict(seen) == {
        "task": "gzip",
        "events": "identity",
        "workflow": "gzip",
        "result": "gzip",
        "store": "identity",
    }
