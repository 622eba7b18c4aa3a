"""Reads the body of an event stream as it arrives, bypassing the HTTP parser if the framing is simple."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberun_widget.api.body import pieces
from cyberun_widget.api.exceptions import BROKEN, explain
from cyberun_widget.api.streaming.connection import Connection
from cyberun_widget.errors import NetworkError
from cyberun_widget.protocol.framing import FramingError, after_head, framing

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from cyberun_widget.protocol.framing import Framing


async def deliver(response: httpx.Response, host: str, take: Callable[[bytes], bool]) -> bool:
    """Pass the decompressed body to `take` until that returns True or the body ends. Returns whether it did.

    Raises NetworkError if the connection breaks, ProtocolError for a body that can't be decompressed.
    """
    connection = response.extensions.get("network_stream")
    frame = _frame(response)
    if isinstance(connection, Connection) and frame is not None:
        first = after_head(connection.heard() or b"")
        if first is not None:
            return await _deliver_straight(connection, host, take, frame, first)
    async for piece in pieces(response, host):
        if take(piece):
            return True
    return False


async def _deliver_straight(
    connection: Connection, host: str, take: Callable[[bytes], bool], frame: Framing, first: bytes
) -> bool:
    enough = False

    def feed(data: bytes) -> bool:
        nonlocal enough
        content = frame.feed(data)
        enough = bool(content) and take(content)
        return enough or frame.ended

    problem: NetworkError | None = None
    try:
        await connection.listen(feed, first)
        if not enough:
            frame.close()
    except BROKEN as exc:
        raised = explain(exc, host)
        problem = raised if isinstance(raised, NetworkError) else NetworkError(str(raised))
    except FramingError:
        problem = NetworkError(f"The connection to {host} was lost.")
    if problem is not None:
        raise problem
    return enough


def _frame(response: httpx.Response) -> Framing | None:
    """Return how the body is framed, None if httpx must decode it."""
    plain = response.http_version in ("HTTP/1.0", "HTTP/1.1") and not response.headers.get("content-encoding")
    return framing(response.headers) if plain else None
