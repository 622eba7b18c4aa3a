"""One TCP connection, with or without TLS: the interface httpcore needs, and pieces directly from the event loop.

httpcore's own connections go through a layer that supports other event loops, and pass each piece to a waiting task.
That is most of the cost of a stream of small events. Here, `listen` passes a piece on inside the callback that
received it.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final

import httpcore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_HIGH: Final = 256 * 1024  # unread bytes from which reading from the socket is paused
_HEARD_MAX: Final = 128 * 1024  # most bytes kept since the last request: the head and what follows it
_SECOND_TRY: Final = 0.25  # seconds until a name's next address is tried in parallel (RFC 8305)


class Connection(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """A connection that belongs to one event loop."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._waiting = bytearray()  # received and not read yet
        self._heard = bytearray()  # read since the last write
        self._ended = False
        self._problem: Exception | None = None
        self._news: asyncio.Future[None] | None = None  # done when a byte or the end arrives
        self._writable = asyncio.Event()
        self._writable.set()
        self._paused = False
        self._take: Callable[[bytes], bool] | None = None
        self._heeded: asyncio.Future[None] | None = None  # done once the listener has finished

    def heard(self) -> bytes | None:
        """Return all bytes read since the last request was written, None if there were too many to keep."""
        return bytes(self._heard) if len(self._heard) <= _HEARD_MAX else None

    async def listen(self, take: Callable[[bytes], bool], first: bytes = b"") -> None:
        """Pass `first` and then each piece to `take` as it arrives, until it returns True or the connection ends.

        `take` is called by the event loop and must not block. Raises what `take` raises, and httpcore.ReadError.
        """
        heeded = self._heeded = asyncio.get_running_loop().create_future()
        self._take = take
        try:
            waiting, self._waiting = first + self._waiting, bytearray()
            if waiting:
                self._hand_on(take, bytes(waiting))
            self._resume()
            if self._ended:
                self._end_listening()
            await heeded
        finally:
            self._take = None

    def _hand_on(self, take: Callable[[bytes], bool], data: bytes) -> None:
        try:
            enough = take(data)
        except Exception as exc:  # noqa: BLE001 - raised again where `listen` was called
            self._end_listening(exc)
        else:
            if enough:
                self._end_listening()

    def _end_listening(self, exc: Exception | None = None) -> None:
        heeded, self._take = self._heeded, None
        if heeded is not None and not heeded.done():
            exc = exc or self._read_error()
            if exc is None:
                heeded.set_result(None)
            else:
                heeded.set_exception(exc)

    def _read_error(self) -> Exception | None:
        problem = self._problem
        return problem if problem is None or isinstance(problem, ssl.SSLError) else httpcore.ReadError(str(problem))

    # --- called by asyncio -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass a piece to the listener, or buffer it until it is read."""
        if self._take is not None:
            self._hand_on(self._take, data)
            return
        self._waiting += data
        if len(self._waiting) > _HIGH and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Record that the other side has finished sending; the transport closes itself."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Record the end of the connection and its cause."""
        self._ended, self._problem = True, exc
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        """Make writers wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let writers continue."""
        self._writable.set()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
        if self._take is not None:
            self._end_listening()

    def _resume(self) -> None:
        if self._paused and len(self._waiting) <= _HIGH:
            self._paused = False
            self._transport.resume_reading()

    # --- called by httpcore ------------------------------------------------------------------------------------------

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's way
        """Return the next bytes, b"" at the end."""
        if not self._waiting and not self._ended:
            self._news = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._news
            except TimeoutError:
                raise httpcore.ReadTimeout from None
            finally:
                self._news = None
        data = bytes(self._waiting[:max_bytes])
        del self._waiting[:max_bytes]
        self._resume()
        problem = None if data else self._read_error()
        if problem is not None:
            raise problem
        if len(self._heard) <= _HEARD_MAX:
            self._heard += data
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send bytes."""
        if not buffer:
            return
        if self._transport.is_closing():
            raise httpcore.WriteError("the connection is closed")
        self._heard.clear()
        self._transport.write(buffer)
        if not self._writable.is_set():
            try:
                async with asyncio.timeout(timeout):
                    await self._writable.wait()
            except TimeoutError:
                raise httpcore.WriteTimeout from None

    async def aclose(self) -> None:
        """Close at once."""
        self._transport.abort()
        await asyncio.sleep(0)  # the loop closes the socket in its next iteration, and may end after this

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Connection:
        """Return this connection with TLS."""
        secure = Connection()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(self._transport, secure, ssl_context, server_hostname=server_hostname)
        except TimeoutError:
            await self.aclose()
            raise httpcore.ConnectTimeout from None
        except OSError as exc:  # includes ssl.SSLError
            await self.aclose()
            raise httpcore.ConnectError(str(exc)) from exc
        except BaseException:
            await self.aclose()
            raise
        secure.connection_made(transport or self._transport)
        return secure

    def get_extra_info(self, info: str) -> Any:
        """Return the information httpcore requests by name."""
        if info == "is_readable":
            return self._ended or bool(self._waiting)
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))


class Backend(httpcore.AsyncNetworkBackend):
    """Opens these connections for httpcore."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Connection:
        """Open a connection."""
        local = None if local_address is None else (local_address, 0)
        try:
            async with asyncio.timeout(timeout):
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection, host, port, local_addr=local, happy_eyeballs_delay=_SECOND_TRY
                )
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        for option in socket_options or ():
            connection.get_extra_info("socket").setsockopt(*option)
        return connection

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
