"""A server with its event loop on a separate thread, for the duration of a `with` block."""

from __future__ import annotations

import asyncio
import threading
from typing import Self


class ThreadedServer:
    """Handles each connection with `_connection`. All are cancelled when the block ends."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._listener: asyncio.Server | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        """The service's base URL, for a client."""
        assert self._port, "it isn't started"
        return f"http://127.0.0.1:{self._port}/api/v1"

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_args: object) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._connection, "127.0.0.1", 0, limit=1 << 20, backlog=2048)
        self._port = self._listener.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        assert self._listener is not None
        self._listener.close()
        handlers = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
