"""Inspects a file on disk: its type, its size in pixels, its poster. Blocks: call it in a worker thread."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.content.audio_video import Media, audio_seconds, video_media
from cyberun_widget.content.file import open_regular
from cyberun_widget.content.kinds import SVG
from cyberun_widget.content.posters import Poster, image_poster, still_poster
from cyberun_widget.content.sniff import HEAD, Content, sniff
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.filenames import split_suffix
from cyberun_widget.support.units import count

if TYPE_CHECKING:
    from pathlib import Path

    from cyberun_widget.content.kinds import Kind

_LENGTH: Final = r"\s*=\s*[\"']\s*(\d{1,7}(?:\.\d+)?)(?:px)?\s*[\"']"
_SVG_TAG: Final = re.compile(r"<(?:\w+:)?svg\b[^<>]{0,2000}>")
_SVG_WIDTH: Final = re.compile(rf"(?<![\w-])width{_LENGTH}")
_SVG_HEIGHT: Final = re.compile(rf"(?<![\w-])height{_LENGTH}")
_SVG_BOX: Final = re.compile(
    r"viewBox\s*=\s*[\"'](?:\s*-?[\d.]{1,9}[\s,]+){2}(\d{1,7}(?:\.\d+)?)[\s,]+(\d{1,7}(?:\.\d+)?)\s*[\"']"
)
_SVG_MOST: Final = 100_000  # pixels per side

_log = logging.getLogger("cyberun_widget.download")


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of inspecting a complete file. `note`: a message about a problem with it."""

    name: str
    kind: Kind
    mime: str
    size: int
    note: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    poster: bytes | None = None
    poster_mime: str = ""


def content_of(path: Path, name: str) -> Content:
    """Return the type of a file's content. `name`: see `sniff`. Raises OSError."""
    with open_regular(path) as file:
        return sniff(file.read(HEAD), size=path.stat().st_size, name=name)


def complete_name(path: Path, name: str) -> str:
    """Return `name`. If it has no suffix, append the one for its content, so that a double click opens the file."""
    return name if split_suffix(name)[1] else name + content_of(path, name).suffix


def inspect(path: Path, name: str, mime: str, limit: int) -> Findings:
    """Inspect a file. `mime`: the store's media type; `limit`: the most bytes for its poster. Raises OSError."""
    size = path.stat().st_size
    name = name if split_suffix(name)[1] else path.name
    content = content_of(path, name)
    media, trouble = Media(), None
    try:
        if content.mime == SVG:
            media = _of_svg(path)
        elif content.kind == "image":
            media = _of_poster(image_poster(path, content.mime, limit))
        elif content.kind == "video":
            media = video_media(path, content.mime, limit)
        elif content.kind == "audio":
            media = Media(duration=audio_seconds(path, content.mime))
    except CyberunError as problem:
        trouble = str(problem)
    except Exception as problem:  # noqa: BLE001 - a decoder's bug must not hide the file: logged and shown
        _log.exception("no preview of %s", path.name)
        trouble = f"No preview ({type(problem).__name__}). Save the file to open it."
    return Findings(
        name=name,
        kind=content.kind,
        mime=content.mime,
        size=size,
        note=content.note or trouble or media.note or _misnamed(mime, content),
        width=media.width,
        height=media.height,
        duration=media.duration,
        poster=media.poster,
        poster_mime=media.poster_mime,
    )


def changes(found: Findings, path: Path, announced: int | None) -> dict[str, Any]:
    """Return the changed fields of a downloaded artifact, with a warning if its size isn't the announced one."""
    note = found.note
    if announced is not None and announced != found.size:
        note = f"Expected {count(announced)} bytes, but the file has {count(found.size)}."
    return {
        **{field.name: getattr(found, field.name) for field in fields(found) if field.name != "note"},
        "state": "ready",
        "path": path,
        "received": found.size,
        "error": note,
    }


def still(data: bytes, limit: int) -> Poster | None:
    """Re-encode a picture sent by a page. None if it isn't a picture."""
    try:
        made = still_poster(data, limit)
    except CyberunError:
        return None
    return made if made.data else None


def _of_svg(path: Path) -> Media:
    """Return the size in pixels from an SVG's first tag (SVG 2, 8.2). Nothing else of it is read."""
    with open_regular(path) as file:
        found = _SVG_TAG.search(file.read(HEAD).decode("utf-8", "replace"))
    tag = found[0] if found else ""
    width, height, box = (pattern.search(tag) for pattern in (_SVG_WIDTH, _SVG_HEIGHT, _SVG_BOX))
    sides = (width[1], height[1]) if width and height else box.groups() if box else ()
    wide, high = (round(float(side)) for side in sides) if sides else (0, 0)
    return Media(wide, high) if 0 < wide <= _SVG_MOST and 0 < high <= _SVG_MOST else Media()


def _of_poster(poster: Poster) -> Media:
    return Media(
        width=poster.width,
        height=poster.height,
        duration=poster.duration,
        poster=poster.data or None,
        poster_mime=poster.mime,
        note=poster.note,
    )


def _misnamed(mime: str, content: Content) -> str | None:
    """Return a warning if the store declares an image, audio or video file, but it contains something else."""
    stated = mime.partition("/")[0]
    if stated not in ("image", "video", "audio") or content.kind in (stated, "audio", "video"):
        return None
    return f"Served as {mime}, but contains {'text' if content.kind == 'text' else 'something else'}."
