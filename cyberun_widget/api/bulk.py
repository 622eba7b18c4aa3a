"""A large body, read from the connection in large pieces.

httpx hands a body on through an HTTP/1.1 parser in pieces of 64 KiB, which takes twice the processor time that the
pieces themselves take: time of the user's own kernel. A body of known length that isn't encoded needs no parser. So
once the parser has given what it holds, the rest is read through httpx's documented `network_stream` extension; the
connection isn't used again afterwards. Anything else goes the ordinary way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

LARGE: Final = 4 * 1024 * 1024  # bytes from which a connection is worth giving up
_PIECE: Final = 1024 * 1024


async def pieces(response: httpx.Response, silence: float) -> AsyncIterator[bytes]:
    """Yield the body, decompressed. `silence`: seconds without a byte. Raises what httpx and httpcore raise.

    It ends early, without an error, where the connection does: the one who knows the length looks at it.
    """
    stream: Any = response.extensions.get("network_stream")
    length = _bare_length(response)
    if stream is None or length < LARGE:
        async for piece in response.aiter_bytes():
            yield piece
        return
    parsed = response.aiter_raw()
    try:
        piece = await anext(parsed)
        received = len(piece)
        yield piece
        while received < length and (piece := await stream.read(min(length - received, _PIECE), timeout=silence)):
            received += len(piece)
            yield piece
    finally:
        await parsed.aclose()  # type: ignore[attr-defined]


def _bare_length(response: httpx.Response) -> int:
    """Return the bytes that will come as they are, 0 if the parser is needed to tell."""
    headers = response.headers
    bare = response.http_version == "HTTP/1.1" and not {"content-encoding", "transfer-encoding"} & set(headers)
    length = headers.get("content-length", "")
    return int(length) if bare and length.isdigit() else 0
