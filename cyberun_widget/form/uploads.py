"""Files uploaded from the page in parts, kept in the user's cache until a run needs them."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from platformdirs import user_cache_path

from cyberun_widget.api.calls import UPLOAD_MAX
from cyberun_widget.errors import CyberunError, ParameterError
from cyberun_widget.support.filenames import safe_name
from cyberun_widget.support.units import data_size

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_KEPT: Final = 30 * 86_400.0  # seconds a file is kept, so that a run can be repeated
_KEY_LIFE: Final = 20 * 3600.0  # seconds an upload is reused: the service removes input files after a day


@dataclass(slots=True)
class _Incoming:
    folder: Path
    path: Path
    size: int
    received: int = 0


@dataclass(slots=True)
class Uploads:
    """One form's incoming files, by parameter. Methods block on disk I/O: call them from a worker thread."""

    root: Path = field(default_factory=lambda: Path(user_cache_path("cyberun-widget", appauthor=False)) / "inputs")
    _incoming: dict[str, _Incoming] = field(default_factory=dict)

    def begin(self, key: str, name: str, size: int) -> None:
        """Start receiving a file of `size` bytes for a parameter, replacing one that is still incomplete.

        Raises ParameterError if the service wouldn't accept it, CyberunError if it can't be stored.
        """
        if size > UPLOAD_MAX:
            limit = data_size(UPLOAD_MAX)
            raise ParameterError(f"{safe_name(name)} is {data_size(size)}; the service takes files of at most {limit}.")
        self.cancel(key)
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            _expire(self.root)
            folder = Path(tempfile.mkdtemp(dir=self.root))
            path = folder / safe_name(name)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as exc:
            raise CyberunError(f"The file can't be stored in {self.root}: {exc.strerror}.") from None
        self._incoming[key] = _Incoming(folder, path, size)

    def add(self, key: str, offset: int, data: bytes) -> Path | None:
        """Add one part; return the file's path once it is complete, None before.

        Raises CyberunError for an out-of-order part; the page then starts over.
        """
        incoming = self._incoming.get(key)
        if incoming is None or offset != incoming.received or incoming.received + len(data) > incoming.size:
            raise CyberunError("The upload was interrupted. Choose the file again.")
        try:
            with incoming.path.open("ab") as file:
                file.write(data)
        except OSError as exc:
            self.cancel(key)
            raise CyberunError(f"The file can't be stored in {self.root}: {exc.strerror}.") from None
        incoming.received += len(data)
        if incoming.received < incoming.size:
            return None
        del self._incoming[key]
        return incoming.path

    def cancel(self, key: str) -> None:
        """Discard an incomplete file, if there is one."""
        incoming = self._incoming.pop(key, None)
        if incoming is not None:
            shutil.rmtree(incoming.folder, ignore_errors=True)


class UploadedFiles:
    """The keys of files already uploaded, so that repeated runs upload a file once. `clock`: seconds."""

    def __init__(self, upload: Callable[[Path], Awaitable[str]], clock: Callable[[], float] = time.monotonic) -> None:
        self._upload, self._clock = upload, clock
        self._keys: dict[tuple[Path, int, int], tuple[str, float]] = {}

    async def resolve(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters with each path replaced by its key. Uploads a file unless a recent upload exists.

        Raises ParameterError for an unreadable file, and whatever `upload` raises.
        """
        resolved = dict(parameters)
        for name, value in parameters.items():
            if isinstance(value, Path):
                resolved[name] = await self._key(value)
        return resolved

    async def _key(self, path: Path) -> str:
        try:
            facts = await asyncio.to_thread(path.stat)
        except OSError as exc:
            raise ParameterError(f"The file {path.name} can't be read: {exc.strerror}.") from None
        identity = (path, facts.st_mtime_ns, facts.st_size)
        known = self._keys.get(identity)
        if known is not None and self._clock() - known[1] < _KEY_LIFE:
            return known[0]
        key = await self._upload(path)
        self._keys[identity] = (key, self._clock())
        return key


def _expire(root: Path) -> None:
    """Delete files that no run has used for a month."""
    for folder in root.iterdir():
        if time.time() - folder.stat().st_mtime > _KEPT:
            shutil.rmtree(folder, ignore_errors=True)
