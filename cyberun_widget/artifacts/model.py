"""The files a task made: one value per file, with its path on disk and methods to read it."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from cyberun_widget.content import readers
from cyberun_widget.content.file import File
from cyberun_widget.errors import CyberunError, NotFoundError
from cyberun_widget.support.units import data_size, pixels, playing_time

if TYPE_CHECKING:
    import datetime as dt
    import os
    from collections.abc import Iterable
    from pathlib import Path

    from PIL import Image

    from cyberun_widget.content.kinds import Kind
    from cyberun_widget.support.urls import Link

State = Literal["offered", "waiting", "downloading", "ready", "failed"]

_SHOWN_MAX: Final = 8 * 1024 * 1024  # maximum bytes of a picture shown in a cell unchanged
_SHOWN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file that a task made; an immutable snapshot.

    `key` is the API's output identifier ("9.images.0"), `name` a safe file name, `group` the node or export it came
    from. `kind` and `mime` are guessed from the name until the file is downloaded, then taken from its content. `size`
    and `received` are bytes, `duration` seconds, `width` and `height` pixels as shown (EXIF orientation applied).
    `path` is set once the file is complete on disk. `error` is an error message; a ready artifact can have one too (its
    content doesn't match its name, it is too large to preview). `poster` is a picture of at most 512 pixels and 40 KB.
    """

    key: str
    name: str
    kind: Kind = "file"
    mime: str = "application/octet-stream"
    size: int | None = None
    group: str = ""
    state: State = "waiting"
    received: int = 0
    path: Path | None = None
    error: str | None = None
    url_expires_at: dt.datetime | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    poster: bytes | None = field(default=None, repr=False)
    poster_mime: str = ""
    _url: Link | None = field(default=None, repr=False, compare=False)

    def bytes(self) -> bytes:
        """Return the file's content. While it isn't on disk, raises `CyberunError` that says how to get it."""
        return readers.content(file_of(self))

    def image(self) -> Image.Image:
        """Return the picture as a Pillow image, keeping 16-bit depth and alpha. Raises `CyberunError` otherwise."""
        return readers.image(file_of(self))

    def json(self) -> Any:
        """Return the parsed JSON. Raises `CyberunError` if the file holds something else."""
        return readers.parsed(file_of(self))

    def text(self) -> str:
        """Return the file as text: UTF-8, UTF-16 with a byte-order mark, else Latin-1."""
        return readers.text(file_of(self))

    def array(self) -> Any:
        """Return a NumPy array: a .npy or .npz file (a dict of arrays), a picture's pixels, or a table's cells."""
        return readers.array(file_of(self))

    def dataframe(self) -> Any:
        """Return a pandas DataFrame from a CSV, TSV, Parquet, Feather, JSON or two-dimensional .npy file."""
        return readers.dataframe(file_of(self))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Copy the file into the folder `path`, or to the file `path`, and return the copy's path.

        An existing file with different content isn't overwritten: the copy gets a number.
        """
        return readers.save(file_of(self), path)

    def to_json(self) -> dict[str, Any]:
        """Return the artifact for the page: JSON types and the poster's bytes, without the link."""
        return {
            "key": self.key,
            "name": self.name,
            "kind": self.kind,
            "mime": self.mime,
            "size": self.size,
            "group": self.group,
            "state": self.state,
            "received": self.received,
            "error": self.error,
            "width": self.width,
            "height": self.height,
            "duration": self.duration,
            "poster": self.poster,
            "poster_mime": self.poster_mime,
            "path": None if self.path is None else str(self.path),
        }

    def __repr__(self) -> str:
        facts = [self.kind, data_size(self.size) if self.size is not None else "size unknown"]
        if self.width and self.height:
            facts.append(pixels(self.width, self.height))
        if self.duration is not None:
            facts.append(playing_time(self.duration))
        facts.append(self.state)  # no path: this line is stored in saved notebooks
        if self.error:
            facts.append(self.error)
        return f"<Artifact {self.key!r} {self.name!r}: {', '.join(facts)}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Show a picture in a cell; anything else as a line of text."""
        del include, exclude  # the host filters the bundle itself
        return {"text/plain": repr(self), **_picture(self)}


def file_of(artifact: Artifact) -> File:
    """Return an artifact's file. While it isn't on disk, raises `CyberunError` that says how to get it."""
    if artifact.path is None or artifact.state != "ready":
        why = f" ({artifact.error})" if artifact.error else ""
        raise CyberunError(
            f"{artifact.name} is not downloaded: it is {artifact.state}{why}. Get it with "
            f'task.fetch({artifact.key!r}), or create the card with download="all".'
        )
    remedy = f"Download it again with task.fetch({artifact.key!r})."
    return File(artifact.path, artifact.name, artifact.kind, artifact.mime, remedy)


def _picture(artifact: Artifact) -> dict[str, str]:
    """Return the picture a cell shows for an artifact: the file itself, else its poster, else nothing. Never SVG."""
    mime, data = artifact.poster_mime, artifact.poster
    if artifact.mime in _SHOWN and artifact.path is not None and (artifact.size or 0) <= _SHOWN_MAX:
        with contextlib.suppress(OSError):  # deleted from disk in the meantime: fall back to the poster
            mime, data = artifact.mime, artifact.path.read_bytes()
    return {mime: base64.b64encode(data).decode("ascii")} if data and mime in _SHOWN else {}


class Artifacts(Sequence[Artifact]):
    """The artifacts of a task, in order. `artifacts[0]`, `artifacts["9.images.0"]`, `artifacts["cat.png"]`."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[Artifact] = ()) -> None:
        self._items = tuple(items)

    @overload
    def __getitem__(self, index: int | str) -> Artifact: ...
    @overload
    def __getitem__(self, index: slice) -> Artifacts: ...
    def __getitem__(self, index: int | str | slice) -> Artifact | Artifacts:
        """Return one by index, key or name, or several by slice. An unknown key raises `NotFoundError`."""
        if isinstance(index, slice):
            return Artifacts(self._items[index])
        if isinstance(index, str):
            found = self.get(index)
            if found is None:
                known = ", ".join(self.keys()[:20]) or "none"
                raise NotFoundError(f"No artifact {index!r}. Available: {known}.")
            return found
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Artifacts) and self._items == other._items

    def __hash__(self) -> int:
        return hash(self._items)

    def get(self, key: str) -> Artifact | None:
        """Return the artifact with this key, else with this name, else None."""
        by_key = next((item for item in self._items if item.key == key), None)
        return by_key or next((item for item in self._items if item.name == key), None)

    def keys(self) -> list[str]:
        """Return the output identifiers, in order."""
        return [item.key for item in self._items]

    def of(self, kind: Kind) -> Artifacts:
        """Return the artifacts of one kind."""
        return Artifacts(item for item in self._items if item.kind == kind)

    def first(self, kind: Kind | None = None) -> Artifact | None:
        """Return the first artifact (of a kind), or None."""
        return next((item for item in self._items if kind in (None, item.kind)), None)

    @property
    def images(self) -> Artifacts:
        """The pictures."""
        return self.of("image")

    @property
    def videos(self) -> Artifacts:
        """The videos."""
        return self.of("video")

    @property
    def audios(self) -> Artifacts:
        """The sound files."""
        return self.of("audio")

    @property
    def models(self) -> Artifacts:
        """The meshes, point clouds and splats."""
        return self.of("model")

    def to_json(self) -> list[dict[str, Any]]:
        """Return the list for the page, see `Artifact.to_json`."""
        return [item.to_json() for item in self._items]

    def __repr__(self) -> str:
        if not self._items:
            return "<Artifacts: none>"
        rows = [
            (
                item.key,
                item.name,
                item.kind,
                "?" if item.size is None else data_size(item.size),
                item.error or item.state,
            )
            for item in self._items
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = ("  ".join([*map(str.ljust, row[:4], widths), row[4]]) for row in rows)
        return "\n".join([f"<Artifacts: {len(rows)}>", *lines])
