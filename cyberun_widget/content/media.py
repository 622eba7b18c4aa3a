"""Sound and video: how long, how large, and a still, as far as that is cheaply known.

MP4 and WAV tell it in their headers. For the rest, and for stills, ffmpeg is asked if `imageio-ffmpeg` is installed:
without a shell, with the demuxer that the content calls for, no network protocols, and a time limit.
"""

from __future__ import annotations

import importlib
import logging
import re
import struct
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from cyberun_widget.content.posters import still_poster
from cyberun_widget.errors import CyberunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log = logging.getLogger("cyberun_widget.poster")

_TIMEOUT: Final = 20.0
_DEMUXERS: Final = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "audio/mp4": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
}
_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia"})
_MAX_BOXES: Final = 400


@dataclass(frozen=True, slots=True)
class Media:
    """Pixels, seconds and a poster, each None where it isn't known."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    poster: bytes | None = None
    poster_mime: str = ""
    note: str | None = None


def video_media(path: Path, mime: str, limit: int) -> Media:
    """Return what is known of a video, with a still of at most `limit` bytes."""
    width, height, duration = _mp4(path) if _DEMUXERS.get(mime) == "mov" else (None, None, None)
    frame, told = _ffmpeg(path, mime, at=min(1.0, (duration or 0.0) / 4), still=True)
    if told:
        duration = duration if duration is not None else _told_seconds(told)
        size = re.search(r"Video:.*?\b(\d{2,5})x(\d{2,5})\b", told)
        if size and not width:
            width, height = int(size[1]), int(size[2])
    data, kind = b"", ""
    if frame and limit > 0:
        try:
            made = still_poster(frame, limit)
            data, kind = made.data, made.mime
        except CyberunError as problem:
            _log.debug("no still: %s", problem)
    return Media(width, height, duration, data or None, kind)


def audio_seconds(path: Path, mime: str) -> float | None:
    """Return how long a sound takes, None if that isn't cheaply known."""
    if mime == "audio/wav":
        return _wav_seconds(path)
    if mime == "audio/mp4":
        return _mp4(path)[2]
    return _told_seconds(_ffmpeg(path, mime, at=0, still=False)[1])


def _wav_seconds(path: Path) -> float | None:
    with path.open("rb") as file:
        file.seek(12)
        rate = 0
        for _ in range(_MAX_BOXES):
            header = file.read(8)
            if len(header) < 8:  # noqa: PLR2004 - name and length
                return None
            name, size = struct.unpack("<4sI", header)
            if name == b"fmt " and size >= 16:  # noqa: PLR2004 - the shortest format chunk
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
            if len(body) < (96 if long else 84):  # what the fields below need
                continue
            if name == b"mvhd":
                scale, ticks = struct.unpack_from(">IQ" if long else ">II", body, 20 if long else 12)
                duration = round(ticks / scale, 3) if scale and ticks else None
            elif not width:
                wide, high = struct.unpack_from(">II", body, 88 if long else 76)
                width, height = (wide >> 16, high >> 16) if wide and high else (None, None)
    return width, height, duration


def _boxes(file: BinaryIO, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the small boxes of interest; containers are entered, media data is jumped over."""
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


def _ffmpeg(path: Path, mime: str, *, at: float, still: bool) -> tuple[bytes, str]:
    """Return a PNG frame (if asked for) and what ffmpeg tells about the file; empty where there is no ffmpeg."""
    demuxer, program = _DEMUXERS.get(mime), _program()
    if demuxer is None or program is None:
        return b"", ""
    scale = "scale='min(512,iw)':'min(512,ih)':force_original_aspect_ratio=decrease"
    out = ["-frames:v", "1", "-vf", scale, "-f", "image2pipe", "-c:v", "png", "pipe:1"] if still else []
    command = [program, "-nostdin", "-hide_banner", "-protocol_whitelist", "file,pipe", "-f", demuxer]
    command += ["-threads", "1", *(["-ss", f"{at:.2f}"] if at else []), "-i", f"file:{path.absolute()}", *out]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)  # noqa: S603 - no shell
    except (OSError, subprocess.TimeoutExpired) as problem:
        _log.debug("no still: %s", type(problem).__name__)
        return b"", ""
    return done.stdout, done.stderr.decode("utf-8", "replace")


def _told_seconds(told: str) -> float | None:
    found = re.search(r"Duration: (\d+):(\d\d):(\d\d\.\d+)", told)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


def _program() -> str | None:
    try:
        path: str = importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None
    return path
