"""Transfers one file from the store to its slot: resumes after a break, checks the length, limits memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cyberun_widget.downloads.record import Record
from cyberun_widget.downloads.sink import Sink
from cyberun_widget.errors import DownloadError, NetworkError
from cyberun_widget.support.aio import run_in_thread
from cyberun_widget.support.backoff import Backoff
from cyberun_widget.support.units import count, data_size_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from cyberun_widget.api.storage import Download
    from cyberun_widget.api.transport import Http
    from cyberun_widget.downloads.cache_entry import Slot
    from cyberun_widget.policy import FollowPolicy
    from cyberun_widget.support.urls import Link

_BLOCK: Final = 1024 * 1024  # bytes per write; at most two blocks per file are in memory
_WHOLE, _PART, _BEYOND = 200, 206, 416  # the file, a range of it, a range beyond its end
_STALE: Final = frozenset({400, 401, 403})  # statuses with which stores refuse an expired link
_ADVANCE: Final = 8 * 1024 * 1024  # bytes that count as progress for a file of any size
_PAUSE_MAX: Final = 8.0  # seconds between two attempts: a link is valid for an hour, and the user is waiting
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Callbacks of a transfer to its owner."""

    link: Callable[[Link | None], Awaitable[Link]]
    """Return a URL. If the argument is a stale URL, return a different one from a refreshed result."""
    turn: Callable[[], AbstractAsyncContextManager[object]]
    """Wait for one of the few connections that downloads share. Released between two attempts."""
    admit: Callable[[int], None]
    """Check the number of bytes, so far or in total. Raises to end the transfer; the partial file is kept."""
    progress: Callable[[int, int | None], None]
    """Report the number of bytes received, and the total, None if unknown."""
    trouble: Callable[[str], None]
    """Report the current problem, as a message, before the next attempt."""


class _StartOverError(Exception):
    """The partial file doesn't match the file that the store has now."""


class Transfer:
    """Downloads one file into a slot whose lock is held."""

    def __init__(
        self, http: Http, slot: Slot, callbacks: Callbacks, policy: FollowPolicy, random: Callable[[], float]
    ) -> None:
        self._http, self._slot, self._callbacks, self._policy, self._random = http, slot, callbacks, policy, random
        self._record = Record(slot.task_id, slot.key)
        self._best = 0
        self.mime = ""
        self.filename: str | None = None

    async def run(self) -> Record:
        """Download the file. Returns the record to finish the slot with.

        Raises DownloadError if the store fails to deliver it, OSError if it can't be written to disk.
        """
        before = await asyncio.to_thread(self._slot.record)
        if before is not None:
            unfinished = not before.complete or await asyncio.to_thread(self._slot.have) == before.size
            self._record = before if unfinished else replace(before, size=None, etag=None)
        try:
            async with asyncio.timeout(None) as limit:
                return await self._persist(limit)
        except TimeoutError:
            words = f"Not downloaded within {self._policy.download_timeout:g} s. {self._told()}"
        raise DownloadError(words)

    async def _persist(self, limit: asyncio.Timeout) -> Record:
        """Retry until the file is complete, or `download_tries` consecutive attempts made no progress."""
        tries, backoff = self._policy.download_tries, self._backoff()
        url = await self._callbacks.link(None)
        refused = False
        while True:
            best = self._best
            async with self._callbacks.turn():
                if limit.when() is None and self._policy.download_timeout is not None:  # excludes time in the queue
                    limit.reschedule(asyncio.get_running_loop().time() + self._policy.download_timeout)
                problem = await self._try(url)
            if problem is None:
                return self._record
            if self._gained(best):
                backoff.reset()
            if backoff.failures + 1 >= tries:
                raise DownloadError(f"{problem} {self._told()}", status=getattr(problem, "status", None))
            pause = backoff.next()
            status = getattr(problem, "status", None)
            if status in _STALE and not (refused and self._best == best):
                refused, url = True, await self._callbacks.link(url)
            elif status is None or status in _BUSY:
                self._callbacks.trouble(f"{problem} Retrying ({backoff.failures + 1} of {tries}).")
                await asyncio.sleep(pause)
            else:
                raise problem

    def _backoff(self) -> Backoff:
        first, most = self._policy.backoff_initial, self._policy.backoff_max
        return Backoff(2 * first, min(most, _PAUSE_MAX), self._random)

    def _gained(self, best: int) -> bool:
        """Whether an attempt made progress: at least a tenth of the file, or 8 MiB. Less could mean endless retries."""
        size = self._record.size
        return self._best - best >= (_ADVANCE if size is None else max(1, min(_ADVANCE, size // 10)))

    async def _try(self, url: Link) -> NetworkError | DownloadError | None:
        """Make one attempt. Return the error, None if the file is complete."""
        try:
            if await self._attempt(url):
                return None
        except _StartOverError:
            await asyncio.to_thread(self._slot.discard)
            return NetworkError("The store sent a different file than before.")
        except (NetworkError, DownloadError) as problem:
            return problem
        return NetworkError("The connection closed before the file was complete.")

    def _told(self) -> str:
        size = self._record.size
        return f"Received {data_size_of(self._best, size)}; try again to resume."

    async def _attempt(self, url: Link) -> bool:
        """Send one request and store its body. Return whether the file is complete."""
        known = self._record
        have = await asyncio.to_thread(self._slot.have) if known.size is not None else 0
        if have and have == known.size:  # an earlier process received all of it, then ended
            self._note(have)
            return True
        async with self._http.storage.download(
            url,
            offset=have,
            if_range=known.etag if have else None,
            read_timeout=self._policy.download_idle_timeout,
        ) as source:
            start = self._start(source, have)
            self.mime, self.filename = source.mime, source.filename
            total = source.total
            if total is not None:
                self._callbacks.progress(start, total)
                self._callbacks.admit(total)
            self._record = replace(known, size=total, etag=source.etag, mime=source.mime, complete=False)
            await asyncio.to_thread(self._slot.write_record, self._record)
            if source.status == _BEYOND:
                return True
            received = await self._pour(source, start, total)
        return total is None or received == total

    def _start(self, source: Download, have: int) -> int:
        """Return the offset at which the body starts. Raises _StartOverError unless it continues the partial file."""
        known, same = self._record, True
        if source.status == _BEYOND:
            same = source.total == have == known.size
        elif have and source.status == _PART:
            same = 0 < source.offset <= have and source.total == known.size
        if known.etag and source.etag and source.status != _WHOLE and known.etag != source.etag:
            same = False
        if not same or (not have and source.offset):
            raise _StartOverError
        return have if source.status == _BEYOND else source.offset

    async def _pour(self, source: Download, received: int, total: int | None) -> int:
        """Write the body from byte `received`. Return the bytes received. Reads the next block while one is written."""
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
                        raise DownloadError(
                            f"The file is longer than the {count(total)} bytes that the store announced."
                        )
                    if gathered >= _BLOCK:
                        if total is None:
                            self._callbacks.admit(received)
                        if writing is not None:
                            await asyncio.shield(writing)
                        writing = asyncio.ensure_future(asyncio.to_thread(sink.write, blocks))
                        blocks, gathered = [], 0
                        self._note(received, total)
            except (NetworkError, asyncio.CancelledError):
                await _flush(sink, writing, blocks)  # keep all received bytes for resuming
                self._note(received, total)
                raise
            if total is None:
                self._callbacks.admit(received)
            await _flush(sink, writing, blocks)
        finally:
            sink.close()
        self._note(received, total)
        return received

    def _note(self, received: int, total: int | None = None) -> None:
        self._best = max(self._best, received)
        self._callbacks.progress(received, total)


async def _flush(sink: Sink, writing: asyncio.Future[None] | None, blocks: list[bytes]) -> None:
    if writing is not None:
        await writing
    if blocks:
        await asyncio.to_thread(sink.write, blocks)
