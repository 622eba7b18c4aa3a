"""Connection limits that uvicorn lacks: time for a request's headers and body, and the number of open connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio


@dataclass(slots=True)
class ConnectionLimits:
    """The limits shared by both origins, and the connections they apply to.

    `head_timeout`: seconds to send a request's headers. `body_timeout`: seconds of silence within a body.
    `most`: maximum open connections; beyond that, the oldest one without a request is closed.
    """

    head_timeout: float = 10.0
    body_timeout: float = 60.0
    most: int = 500
    _count: int = 0
    _half_open: dict[GuardedProtocol, None] = field(default_factory=dict)  # oldest first

    def admit(self, connection: GuardedProtocol) -> None:
        """Count a new connection. If there are too many, close the oldest one without a request, else the new one."""
        self._count += 1
        if self._count > self.most:
            cut = next(iter(self._half_open), connection)
            self._half_open.pop(cut, None)  # counts until it is closed, but must not be cut twice
            cut.transport.abort()

    def release(self, connection: GuardedProtocol) -> None:
        """Remove a closed connection."""
        self._count -= 1
        self._half_open.pop(connection, None)

    def mark(self, connection: GuardedProtocol, *, half_open: bool) -> None:
        """Record whether a connection is still without a complete request."""
        if half_open:
            self._half_open.setdefault(connection)
        else:
            self._half_open.pop(connection, None)


class GuardedProtocol(H11Protocol):
    """One connection. Idle time between requests is handled by uvicorn's keep-alive."""

    def __init__(self, *arguments: Any, limits: ConnectionLimits, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._limits = limits
        self._served = False
        self._waits_for = ""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the first request."""
        super().connection_made(transport)
        self._watch()
        self._limits.admit(self)

    def data_received(self, data: bytes) -> None:
        """Receive bytes. Bytes of a body restart its timer; bytes of headers don't."""
        super().data_received(data)
        self._watch(moved=True)

    def on_response_complete(self) -> None:
        """Check whether the next request has begun."""
        super().on_response_complete()
        self._served = True
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection."""
        self._stop_timer()
        self._limits.release(self)
        super().connection_lost(exc)

    def _watch(self, *, moved: bool = False) -> None:
        waits_for = "" if self.transport.is_closing() else self._missing()
        self._limits.mark(self, half_open=waits_for == "head")
        if waits_for == self._waits_for and not (moved and waits_for == "body"):
            return
        self._stop_timer()
        self._waits_for = waits_for
        if waits_for:
            seconds = self._limits.head_timeout if waits_for == "head" else self._limits.body_timeout
            self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _missing(self) -> str:
        """Return the part of a request still missing: "head", "body", or "" for none."""
        match self.conn.their_state:
            case h11.IDLE:
                return "head" if not self._served or self.conn.trailing_data[0] else ""
            case h11.SEND_BODY:
                return "body"
        return ""

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
