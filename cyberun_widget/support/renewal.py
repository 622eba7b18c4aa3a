"""Asking for fresh links: once, however many files need one at the same moment."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cyberun_widget.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Renewal:
    """Runs `ask`, which renews all links. Those who come while it runs share its end, and its error."""

    __slots__ = ("_ask", "_task")

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._task: asyncio.Task[None] | None = None

    async def renew(self) -> None:
        """Return once the links are new. Raises what asking raised, with words for why it matters."""
        task = self._task
        if task is None:
            task = self._task = asyncio.create_task(self._run())
            task.add_done_callback(self._forget)
        try:
            await asyncio.shield(task)
        except NetworkError as problem:
            words = f"The link has expired, and a new one can't be had: {problem}"
        else:
            return
        raise NetworkError(words)

    async def _run(self) -> None:
        await self._ask()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # those who waited have it; without them nobody needs to be told

    async def close(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
