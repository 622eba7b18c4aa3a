"""The body of a response as it arrives: decompressed within limits, failures turned into readable errors.

httpx passes a body through an HTTP/1.1 parser in pieces of 64 KiB, which costs twice the processor time of reading
them, in the user's own kernel. A large unencoded body of known length needs no parser. So once the parser has returned
its buffered data, the rest is read through httpx's documented `network_stream` extension; the connection isn't reused
afterwards. `tests/api/test_body.py` checks that the parser returns everything it has buffered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.api.encoding import Decoder, EncodingError, coding
from cyberun_widget.api.exceptions import BROKEN, explain
from cyberun_widget.errors import CyberunError, NetworkError, ProtocolError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

LARGE: Final = 4 * 1024 * 1024  # bytes from which bypassing the parser is worth losing the connection
_PIECE: Final = 1024 * 1024


def encoding_problem(response: httpx.Response, host: str) -> ProtocolError | None:
    """Return why a body's Content-Encoding can't be decoded, None if it can."""
    try:
        coding(response.headers.get("content-encoding", ""))
    except EncodingError as exc:
        return ProtocolError(f"{host} sent a response that can't be read: {exc}.")
    return None


async def pieces(response: httpx.Response, host: str, read_timeout: float | None = None) -> AsyncIterator[bytes]:
    """Yield the body, decompressed. `read_timeout`: seconds without a byte, for a large body; else the request's own.

    Raises NetworkError if the connection breaks, ProtocolError for a body that can't or mustn't be decompressed.
    Ends early without an error if the connection is closed early: the caller must compare lengths if it knows them.
    """
    problem: CyberunError | None = None
    try:
        async for piece in _plain(response, read_timeout):
            yield piece
    except BROKEN as exc:
        problem = explain(exc, host)
    except EncodingError as exc:
        kind = NetworkError if exc.broken else ProtocolError
        problem = kind(f"{host} sent a response that can't be read: {exc}.")
    if problem is not None:
        raise problem


async def close(response: httpx.Response) -> None:
    """Return the connection to the pool, or close it."""
    try:
        await response.aclose()
    except BROKEN:
        return  # it already broke, and the reader has been told


async def _plain(response: httpx.Response, read_timeout: float | None) -> AsyncIterator[bytes]:
    name = coding(response.headers.get("content-encoding", ""))
    stream: Any = response.extensions.get("network_stream")
    length = 0 if stream is None else _bare_length(response)
    if length >= LARGE:
        async for piece in _bulk(response, stream, length, read_timeout):
            yield piece
    elif not name:
        async for piece in response.aiter_raw():
            yield piece
    else:
        decoder = Decoder(name)
        async for packed in response.aiter_raw():
            for piece in decoder.feed(packed):
                yield piece
        decoder.finish()


async def _bulk(response: httpx.Response, stream: Any, length: int, read_timeout: float | None) -> AsyncIterator[bytes]:
    parsed = response.aiter_raw()
    try:
        piece = await anext(parsed, b"")
        received = len(piece)
        yield piece
        while received < length and (piece := await stream.read(min(length - received, _PIECE), timeout=read_timeout)):
            received += len(piece)
            yield piece
    finally:
        await parsed.aclose()  # type: ignore[attr-defined]


def _bare_length(response: httpx.Response) -> int:
    """Return the length of an unencoded body, 0 if the parser is needed."""
    headers = response.headers
    bare = response.http_version == "HTTP/1.1" and not {"content-encoding", "transfer-encoding"} & set(headers)
    length = headers.get("content-length", "")
    return int(length) if bare and length.isdigit() else 0
