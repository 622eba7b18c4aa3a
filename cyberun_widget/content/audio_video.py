"""Audio and video: duration, size in pixels and a poster, as far as they are cheap to get.

MP4 and WAV have the numbers in their headers. Other formats, and posters, need ffmpeg to be installed.
"""

from __future__ import annotations

import logging
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from cyberun_widget.content.native.ffmpeg import about, still
from cyberun_widget.content.posters import still_poster, telling
from cyberun_widget.errors import CyberunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger("cyberun_widget.poster")

_ISO: Final = frozenset({"video/mp4", "video/quicktime"})
_FRAMES: Final = (0.1, 0.35, 0.6, 0.85)  # positions of candidate poster frames, as fractions of the duration
_ENOUGH: Final = 2.0  # seconds spent on finding a poster
_BRIEF: Final = 0.2  # seconds: in a shorter video, a single frame is tried
_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia"})
_MAX_BOXES: Final = 400


@dataclass(frozen=True, slots=True)
class Media:
    """Size in pixels, duration in seconds and a poster. None for what is unknown."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    poster: bytes | None = None
    poster_mime: str = ""
    note: str | None = None


def video_media(path: Path, mime: str, limit: int) -> Media:
    """Return a video's properties, with a poster of at most `limit` bytes."""
    width, height, duration = _mp4(path) if mime in _ISO else (None, None, None)
    if width is None or duration is None:
        told = about(path, mime)
        width, height = (width, height) if width is not None else told[:2]
        duration = duration if duration is not None else told[2]
    frame = _frame(path, mime, duration or 0.0) if limit > 0 else b""
    data, kind = b"", ""
    if frame:
        try:
            made = still_poster(frame, limit)
            data, kind = made.data, made.mime
        except CyberunError as problem:
            _log.debug("no poster frame: %s", problem)
    return Media(width, height, duration, data or None, kind)


def _frame(path: Path, mime: str, duration: float) -> bytes:
    """Return the most detailed of a few frames as a PNG, b"" if there is none: videos often start and end in black."""
    best, most, begun = b"", -1.0, time.monotonic()
    for at in [share * duration for share in _FRAMES] if duration >= _BRIEF else []:
        data, go_on = still(path, mime, at)
        score = telling(data) if data else -1.0
        if score > most:
            best, most = data, score
        if not go_on or time.monotonic() - begun > _ENOUGH:
            return best
    return best or still(path, mime, 0.0)[0]  # the duration in the header may be wrong


def audio_seconds(path: Path, mime: str) -> float | None:
    """Return the duration of an audio file in seconds, None if it isn't cheap to get."""
    if mime == "audio/wav":
        return _wav_seconds(path)
    if mime == "audio/mp4":
        return _mp4(path)[2]
    return about(path, mime)[2]


def _wav_seconds(path: Path) -> float | None:
    with path.open("rb") as file:
        file.seek(12)
        rate = 0
        for _ in range(_MAX_BOXES):
            header = file.read(8)
            if len(header) < 8:  # noqa: PLR2004 - name and length
                return None
            name, size = struct.unpack("<4sI", header)
            if name == b"fmt " and size >= 16:  # noqa: PLR2004 - the smallest format chunk
                rate = struct.unpack_from("<I", file.read(16), 8)[0]
                file.seek(size - 16 + size % 2, 1)
            elif name == b"data":
                rest = path.stat().st_size - file.tell()
                return round(min(size, rest) / rate, 3) if rate else None
            else:
                file.seek(size + size % 2, 1)
    return None


def _mp4(path: Path) -> tuple[int | None, int | None, float | None]:
    """Return width, height and seconds from the boxes of an ISO base media file (ISO/IEC 14496-12)."""
    width = height = None
    duration = None
    with path.open("rb") as file:
        for name, body in _boxes(file, path.stat().st_size):
            long = body[:1] == b"\x01"
            if len(body) < (96 if long else 84):  # up to the end of the fields below
                continue
            if name == b"mvhd":
                scale, ticks = struct.unpack_from(">IQ" if long else ">II", body, 20 if long else 12)
                duration = round(ticks / scale, 3) if scale and ticks else None
            elif not width:
                wide, high = struct.unpack_from(">II", body, 88 if long else 76)
                width, height = (wide >> 16, high >> 16) if wide and high else (None, None)
    return width, height, duration


def _boxes(file: BinaryIO, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and body of the relevant small boxes. Enters container boxes and skips media data."""
    for _ in range(_MAX_BOXES):
        start = file.tell()
        header = file.read(16)
        if start >= end or len(header) < 8:  # noqa: PLR2004 - length and name
            return
        size, name = struct.unpack_from(">I4s", header)
        head = 8
        if size == 1 and len(header) == 16:  # noqa: PLR2004 - a 64-bit length follows
            size, head = struct.unpack_from(">Q", header, 8)[0], 16
        if size < head and size != 0:
            return
        file.seek(start + head)
        if name in _CONTAINERS:
            continue
        if name in (b"mvhd", b"tkhd"):
            yield name, file.read(min(size - head, 128))
        if size == 0:
            return
        file.seek(start + size)
