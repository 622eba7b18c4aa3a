"""A TLS front end for a plain server on loopback, which damages connections on demand.

It uses TLS with memory buffers, so that a test can send bytes that no TLS library would write.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

DAMAGED = b"\x17\x03\x03\x00\x20" + bytes(32)
"""A record of application data with invalid authentication."""
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
"""A fatal alert (handshake failure) in plaintext."""


@dataclass
class Damage:
    """Damage to the first response to a matching request: `record` is sent after some bytes of it."""

    request: str
    record: bytes = DAMAGED
    after: int = 0


class TlsFront:
    """Forwards connections to a port on loopback. `ca_file`: the CA that a client has to trust."""

    def __init__(self, folder: Path, *damages: Damage) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self._context)
        self.damages = list(damages)
        self.port = 0
        self._target = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-front", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def to(self, port: int) -> Self:
        """Set the port to forward to."""
        self._target = port
        return self

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *_args: object) -> None:
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await _Line(self, self._context, reader, writer).run(self._target)
        finally:
            writer.close()
            self._tasks.discard(task)


class _Line:
    def __init__(self, front, context, reader, writer) -> None:
        self._front, self._reader, self._writer = front, reader, writer
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)

    async def run(self, port: int) -> None:
        await self._wait(self._tls.do_handshake)
        source, sink = await asyncio.open_connection("127.0.0.1", port)
        self._damage = None
        up = asyncio.ensure_future(self._up(sink))
        down = asyncio.ensure_future(self._down(source))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for work in (up, down):
                work.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            sink.close()

    async def _wait(self, step):
        """Perform a TLS operation, reading from the network as needed."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._reader.read(65536)
                if not data:
                    raise ConnectionError from None
                self._in.write(data)
            finally:
                await self._flush()

    async def _flush(self) -> None:
        if self._out.pending:
            self._writer.write(self._out.read())
            await self._writer.drain()

    async def _up(self, sink) -> None:
        while data := await self._wait(lambda: self._tls.read(65536)):
            for damage in self._front.damages:
                if re.match(damage.request, data.decode("latin-1")):
                    self._front.damages.remove(damage)
                    self._damage = damage
                    break
            sink.write(data)
            await sink.drain()

    async def _down(self, source) -> None:
        sent = 0
        while data := await source.read(65536):
            damage = self._damage
            if damage is not None and sent + len(data) > damage.after:
                if cut := data[: damage.after - sent]:
                    self._tls.write(cut)
                    await self._flush()
                self._writer.write(damage.record)
                await self._writer.drain()
                await self._reader.read(1)  # until the client closes the connection
                return
            sent += len(data)
            self._tls.write(data)
            await self._flush()
