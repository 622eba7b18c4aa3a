"""Downloads the files of one task, four at a time, and maintains the list of its artifacts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.artifacts.manifest import NO_LINK, group_of, relinked, sources
from cyberun_widget.artifacts.model import Artifact, Artifacts
from cyberun_widget.downloads.cache_entry import Slot
from cyberun_widget.downloads.quota import Allowance, DeclinedError
from cyberun_widget.downloads.sink import disk_words
from cyberun_widget.downloads.transfer import Callbacks, Transfer
from cyberun_widget.errors import CyberunError, DownloadError, NetworkError, NotFoundError
from cyberun_widget.policy import FollowPolicy
from cyberun_widget.support.aio import PerLoop, SingleFlight, Throttle, run_in_thread
from cyberun_widget.support.filenames import safe_name, split_suffix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from cyberun_widget.api.transport import Http
    from cyberun_widget.content.posters import Poster
    from cyberun_widget.downloads.record import Record
    from cyberun_widget.policy import Mode
    from cyberun_widget.support.urls import Link

_log = logging.getLogger("cyberun_widget.download")

AT_ONCE: Final = 4
_OTHERS_LOCK: Final = 0.25  # seconds between two attempts to take a lock that another process holds


class Downloads:
    """Downloads one task's files into `folder`. Uses one event loop at a time, which may change between two calls.

    `refresh` requests `/result` again, for links that work. `on_change` receives snapshots, at most ten a second, and
    always the last one. `mode`: "auto" downloads files of up to 64 MiB each and 256 MiB in total and offers the rest,
    "all" downloads everything, "none" nothing. A file that is already on disk is ready in any mode, without a request.
    """

    def __init__(  # noqa: PLR0913 - keyword arguments
        self,
        task_id: str,
        http: Http,
        *,
        refresh: Callable[[], Awaitable[Mapping[str, Any]]],
        folder: Path,
        mode: Mode = "auto",
        on_change: Callable[[Artifacts], None],
        clock: Callable[[], float] = time.monotonic,
        titles: Mapping[str, str] | None = None,
        policy: FollowPolicy | None = None,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._task_id, self._http, self._refresh = task_id, http, refresh
        self._folder, self._policy, self._random = folder, policy or FollowPolicy(), random
        self._titles = titles if titles is not None else {}  # may be filled until the result arrives
        self._items: dict[str, Artifact] = {}
        self._announced: dict[str, int | None] = {}
        self._allowance = Allowance(mode)
        self._notice = Throttle(lambda: on_change(self.artifacts), clock)
        self._room = PerLoop(lambda: asyncio.Semaphore(AT_ONCE))
        self._painting = PerLoop(lambda: asyncio.Semaphore(1))  # one at a time: posters take memory and a core
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._renewal = SingleFlight(self._ask_again)

    @property
    def artifacts(self) -> Artifacts:
        """The current list of artifacts."""
        return Artifacts(self._items.values())

    async def run(self, result: Mapping[str, Any] | None, output: Any = None) -> Artifacts:
        """Download all files that the mode allows, and return the list. Failed files are in it with their error."""
        self._adopt(await asyncio.to_thread(sources, self._task_id, result, output, titles=self._titles))
        await self._look()
        for key, item in self._items.items():
            if item.state == "waiting":
                if self._allowance.mode == "none":
                    self._set(key, state="offered")
                else:
                    self._start(key)
        self._notice.now()
        try:
            await asyncio.gather(*self._jobs.values())
        except asyncio.CancelledError:
            await self.close()
            raise
        self._notice.now()
        return self.artifacts

    async def fetch(self, key: str) -> Artifact:
        """Download one file of any size, whether offered, failed, or ready with an error.

        Returns it ready, or failed with an error. Raises NotFoundError if the task has no such key.
        """
        if key not in self._items:
            await self._renew()
        if key not in self._items:
            raise NotFoundError(f"The task has no artifact {key!r}.")
        self._allowance.force(key)
        item = self._items[key]
        if item.state == "ready" and item.error is None and await asyncio.to_thread(_there, item):
            return item
        if key not in self._jobs:
            self._set(key, state="waiting", error=None, received=0)
            self._start(key, again=item.state == "ready")
        await asyncio.shield(self._jobs[key])
        self._notice.now()
        return self._items[key]

    def entitle(self, titles: Mapping[str, str]) -> None:
        """Regroup the files by the titles of ComfyUI's nodes. `titles`: node id -> title."""
        self._titles = titles
        for key, item in self._items.items():
            if item.group != (group := group_of(key, titles)):
                self._set(key, group=group)

    async def set_poster(self, key: str, data: bytes) -> None:
        """Use a picture that the page rendered of a 3D model as the artifact's poster. It is re-encoded here."""
        item = self._items.get(key)
        if item is None or item.kind != "model":
            return
        async with self._painting.get():
            made = await asyncio.to_thread(_still, data, self._poster_sizes())
        if made is not None:
            self._set(key, poster=made.data, poster_mime=made.mime)

    async def close(self) -> None:
        """Cancel all downloads. Partial files are kept, so that they can be resumed."""
        jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self._renewal.close()
        self._notice.close()

    # --- the list ----------------------------------------------------------------------------------------------------

    def _adopt(self, found: tuple[Artifact, ...]) -> None:
        """Merge a newer result: fresh links for known files, and new files."""
        for item in found:
            known = self._items.get(item.key)
            self._announced[item.key] = item.size
            self._items[item.key] = item if known is None else relinked(known, item)

    def _set(self, key: str, **changes: Any) -> None:
        self._items[key] = replace(self._items[key], **changes)
        self._notice.soon()

    def _slot(self, item: Artifact) -> Slot:
        return Slot(self._folder, self._task_id, item.key, item.name)

    async def _look(self) -> None:
        """Find files that are already on disk."""
        items = [item for item in self._items.values() if item.state in ("waiting", "failed", "offered")]
        found = await asyncio.to_thread(lambda: [(item.key, self._slot(item).cached()) for item in items])
        for key, here in found:
            if here is not None:
                with contextlib.suppress(OSError):  # deleted in the meantime: it is downloaded like the others
                    await self._show(key, here[0], here[1].mime)

    # --- one file ----------------------------------------------------------------------------------------------------

    def _start(self, key: str, *, again: bool = False) -> None:
        if key not in self._jobs:
            task = self._jobs[key] = asyncio.create_task(self._job(key, again=again))
            task.add_done_callback(lambda _: self._jobs.pop(key, None))

    async def _job(self, key: str, *, again: bool) -> None:
        """Process one file until it is ready, offered, or failed with an error. Never affects the other files."""
        words: str | None = None
        try:
            size = self._items[key].size
            if size is not None:
                self._allowance.admit(key, size)
            path, mime = await self._obtain(key, again=again)
            await self._show(key, path, mime)
        except DeclinedError:
            self._set(key, state="offered")
        except CyberunError as problem:
            words = str(problem)
        except OSError as problem:
            words = disk_words(problem, self._folder)
        except Exception as problem:  # noqa: BLE001 - must not affect the other files: logged and shown
            _log.exception("artifact %s of task %s", key, self._task_id)
            words = f"Unexpected error ({type(problem).__name__}). Download it again."
        if words is not None:
            _log.info("artifact %s of task %s: %s", key, self._task_id, words)
            self._set(key, state="failed", error=words)

    async def _obtain(self, key: str, *, again: bool) -> tuple[Path, str]:
        """Return the file's path and media type. Downloads it unless another widget or process already has."""
        item = self._items[key]
        slot = self._slot(item)
        try:
            while not await run_in_thread(slot.acquire):  # noqa: ASYNC110 - another process can't set an event
                await asyncio.sleep(_OTHERS_LOCK)
            here = None if again else await asyncio.to_thread(slot.cached)
            if here is not None:
                return here[0], here[1].mime
            transfer = Transfer(self._http, slot, self._callbacks(key), self._policy, self._random)
            record = await transfer.run()
            return await run_in_thread(_place, slot, record, item.name, transfer.filename), record.mime
        finally:
            slot.release()

    def _callbacks(self, key: str) -> Callbacks:
        def progress(received: int, total: int | None) -> None:
            item = self._items[key]
            words = item.error if received <= item.received else None  # kept until more bytes arrive
            self._set(key, received=received, size=item.size if total is None else total, error=words)

        return Callbacks(
            link=lambda stale: self._link(key, stale),
            turn=lambda: self._turn(key),
            admit=lambda size: self._allowance.admit(key, size),
            progress=progress,
            trouble=lambda words: self._set(key, error=words),
        )

    @contextlib.asynccontextmanager
    async def _turn(self, key: str) -> AsyncIterator[None]:
        """Wait for a connection. It is released between attempts, so a stalled file lets the others go first."""
        async with self._room.get():
            self._set(key, state="downloading")
            yield

    async def _show(self, key: str, path: Path, mime: str) -> None:
        """Inspect a complete file, and mark it as ready."""
        item = self._items[key]
        async with self._painting.get():
            announced = self._announced.get(key)
            found = await asyncio.to_thread(_inspected, path, item.name, mime, self._poster_sizes(), announced)
        self._set(key, **found)

    def _poster_sizes(self) -> list[int]:
        return [len(item.poster or b"") for item in self._items.values()]

    # --- links -------------------------------------------------------------------------------------------------------

    async def _link(self, key: str, stale: Link | None) -> Link:
        """Return a link that isn't `stale`."""
        url = self._items[key]._url  # noqa: SLF001 - private to this package, not to its class
        if url is None or url == stale:
            await self._renew()
            url = self._items[key]._url  # noqa: SLF001
        if url is None:
            raise DownloadError(NO_LINK)
        return url

    async def _renew(self) -> None:
        """Get fresh links. Concurrent calls share one request for the result."""
        try:
            await self._renewal.join()
        except NetworkError as problem:
            words = f"The link has expired and could not be renewed: {problem}"
        else:
            return
        raise NetworkError(words)

    async def _ask_again(self) -> None:
        self._adopt(await asyncio.to_thread(sources, self._task_id, await self._refresh(), titles=self._titles))


# Inspection is imported with the first file, off the loop: starting a watch needs no Pillow.


def _inspected(path: Path, name: str, mime: str, posters: list[int], announced: int | None) -> dict[str, Any]:
    from cyberun_widget.content.inspect import changes, inspect  # noqa: PLC0415 - see above
    from cyberun_widget.content.posters import poster_limit  # noqa: PLC0415 - see above

    return changes(inspect(path, name, mime, poster_limit(posters)), path, announced)


def _still(data: bytes, posters: list[int]) -> Poster | None:
    from cyberun_widget.content.inspect import still  # noqa: PLC0415 - see above
    from cyberun_widget.content.posters import poster_limit  # noqa: PLC0415 - see above

    return still(data, poster_limit(posters))


def _there(item: Artifact) -> bool:
    return item.path is not None and item.path.is_file()


def _place(slot: Slot, record: Record, name: str, offered: str | None) -> Path:
    """Rename a finished `.part` to the artifact's name, or else the one that the store suggests. Raises OSError."""
    if not split_suffix(name)[1] and offered:
        name = safe_name(offered, fallback=name)
    from cyberun_widget.content.inspect import complete_name  # noqa: PLC0415 - see above

    return slot.finish(complete_name(slot.part, name), record)
