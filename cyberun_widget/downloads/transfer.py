"""One file from the store to its slot: resumed where it broke, its length checked, its memory bounded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cyberun_widget.downloads.cache_entry import Record, Slot
from cyberun_widget.downloads.sink import Sink
from cyberun_widget.errors import DownloadError, NetworkError
from cyberun_widget.support.aio import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cyberun_widget.api.http import Download, Http
    from cyberun_widget.support.secrets import Secret

_BLOCK: Final = 1024 * 1024  # bytes written at once; two blocks a file are in memory at most
_STALE: Final = frozenset({400, 401, 403})  # how stores refuse a link whose time is over
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again: `tries` in a row that brought nothing new end it.

    The pauses between them double from `first` to `most` seconds.
    """

    tries: int = 6
    first: float = 0.5
    most: float = 8.0

    def pause(self, fruitless: int) -> float:
        """Return the seconds to wait after this many fruitless tries (from 1)."""
        return float(min(self.first * 2 ** min(fruitless - 1, 16), self.most))


@dataclass(frozen=True, slots=True)
class Watch:
    """How a transfer asks and tells. `link` gives a URL (of a refreshed result, if it is told which one is stale)."""

    link: Callable[[Secret | None], Awaitable[Secret]]
    admit: Callable[[int], None]  # bytes so far or in all; raises to end the transfer, its part kept
    progress: Callable[[int, int | None], None]  # received, total


class _StartOverError(Exception):
    """The partial file doesn't fit what the store has now."""


class Transfer:
    """Fetches one file into a slot whose lock is held."""

    def __init__(self, http: Http, slot: Slot, watch: Watch, retry: Retry) -> None:
        self._http, self._slot, self._watch, self._retry = http, slot, watch, retry
        self._record = Record(slot.task_id, slot.key)
        self._best = 0
        self.mime = ""
        self.filename: str | None = None

    async def run(self) -> Record:
        """Fetch all of it. Returns the record to finish the slot with.

        Raises DownloadError in words when it can't be had, OSError when it can't be written.
        """
        before = await asyncio.to_thread(self._slot.record)
        if before is not None:
            unfinished = not before.complete or await asyncio.to_thread(self._slot.have) == before.size
            self._record = before if unfinished else replace(before, size=None, etag=None)
        url = await self._watch.link(None)
        fruitless, refused = 0, False
        while True:
            best = self._best
            problem = await self._try(url)
            if problem is None:
                return self._record
            fruitless = 1 if self._best > best else fruitless + 1
            if fruitless > self._retry.tries:
                raise DownloadError(f"{problem} {self._told()}", status=getattr(problem, "status", None))
            status = getattr(problem, "status", None)
            if status in _STALE and not (refused and self._best == best):
                refused, url = True, await self._watch.link(url)
            elif status is None or status in _BUSY:
                await asyncio.sleep(self._retry.pause(fruitless))
            else:
                raise problem

    async def _try(self, url: Secret) -> NetworkError | DownloadError | None:
        """Make one attempt; return what stood in its way, None if the file is whole."""
        try:
            if await self._attempt(url):
                return None
        except _StartOverError:
            await asyncio.to_thread(self._slot.discard)
            return NetworkError("The store sends another file than it began with.")
        except (NetworkError, DownloadError) as problem:
            return problem
        return NetworkError("The connection ended before the file did.")

    def _told(self) -> str:
        size = self._record.size
        had = f"{self._best:,} of {size:,} bytes came" if size is not None else f"{self._best:,} bytes came"
        return f"{had}; fetch it again to go on from there."

    async def _attempt(self, url: Secret) -> bool:
        """Ask once and take what comes. True when the file is whole."""
        known = self._record
        have = await asyncio.to_thread(self._slot.have) if known.size is not None else 0
        if have and have == known.size:  # all of it came, and then the process ended
            self._note(have)
            return True
        async with self._http.download(url.reveal(), offset=have, if_range=known.etag if have else None) as source:
            start = self._start(source, have)
            self.mime, self.filename = source.mime, source.filename
            total = source.total
            if total is not None:
                self._watch.progress(start, total)
                self._watch.admit(total)
            self._record = replace(known, size=total, etag=source.etag, mime=source.mime, complete=False)
            await asyncio.to_thread(self._slot.write_record, self._record)
            if source.status == 416:  # noqa: PLR2004 - all of it is here, as _start has checked
                return True
            received = await self._pour(source, start, total)
        return total is None or received == total

    def _start(self, source: Download, have: int) -> int:
        """Return where the body begins, once it is clear that it continues what is here."""
        known, same = self._record, True
        if source.status == 416:  # noqa: PLR2004 - the range lies behind the end
            same = source.total == have == known.size
        elif have and source.status == 206:  # noqa: PLR2004 - a part
            same = 0 < source.offset <= have and source.total == known.size
        if known.etag and source.etag and source.status != 200 and known.etag != source.etag:  # noqa: PLR2004 - whole
            same = False
        if not same or (not have and source.offset):
            raise _StartOverError
        return have if source.status == 416 else source.offset  # noqa: PLR2004 - as above

    async def _pour(self, source: Download, received: int, total: int | None) -> int:
        """Write the body from byte `received` on, one block on its way to disk while the next one fills."""
        sink = Sink()
        blocks: list[bytes] = []
        gathered = 0
        writing: asyncio.Future[None] | None = None
        try:
            await run_in_thread(sink.open, self._slot.open_part, received)
            try:
                async for chunk in source:
                    blocks.append(chunk)
                    gathered += len(chunk)
                    received += len(chunk)
                    if total is not None and received > total:
                        raise DownloadError(f"The file is longer than the {total:,} bytes that the store announced.")
                    if gathered >= _BLOCK:
                        if total is None:
                            self._watch.admit(received)
                        if writing is not None:
                            await asyncio.shield(writing)
                        writing = asyncio.ensure_future(asyncio.to_thread(sink.write, blocks))
                        blocks, gathered = [], 0
                        self._note(received, total)
            except (NetworkError, asyncio.CancelledError):
                await _flush(sink, writing, blocks)  # what came is kept: a break costs nothing that was paid for
                self._note(received, total)
                raise
            if total is None:
                self._watch.admit(received)
            await _flush(sink, writing, blocks)
        finally:
            sink.close()
        self._note(received, total)
        return received

    def _note(self, received: int, total: int | None = None) -> None:
        self._best = max(self._best, received)
        self._watch.progress(received, total)


async def _flush(sink: Sink, writing: asyncio.Future[None] | None, blocks: list[bytes]) -> None:
    if writing is not None:
        await writing
    if blocks:
        await asyncio.to_thread(sink.write, blocks)
