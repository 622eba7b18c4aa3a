"""Properties of audio and video files, and frames of videos, from ffmpeg, if `imageio-ffmpeg` is installed.

ffmpeg runs without a shell and without network protocols, with the demuxer that matches the content, on one thread,
and within limits on time, memory and picture size.
"""

from __future__ import annotations

import importlib
import logging
import re
from typing import TYPE_CHECKING, Final

from cyberun_widget.content.native.process import Outcome, run

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger("cyberun_widget.poster")

_SECONDS: Final = 2.0  # of processor time
_PATIENCE: Final = 10.0  # seconds of wall time
_MEMORY: Final = 448 * 1024 * 1024  # bytes of address space, including 120 MB for the program
_ONE_BLOCK: Final = 64 * 1024 * 1024  # bytes per allocation
_PIXELS_MAX: Final = 24_000_000  # per frame: 4K has 8 million
_STILL_MAX: Final = 4 * 1024 * 1024
_MESSAGES_MAX: Final = 64 * 1024
_SETTINGS: Final = {"MALLOC_ARENA_MAX": "1"}  # each arena reserves 64 MB of address space
_SCALE: Final = "scale='min(512,iw)':'min(512,ih)':force_original_aspect_ratio=decrease"
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


def about(path: Path, mime: str) -> tuple[int | None, int | None, float | None]:
    """Return width and height in pixels and the duration in seconds, None for what is unknown."""
    done = _run(path, mime, [], at=0.0, most=_MESSAGES_MAX)
    told = done.output.decode("utf-8", "replace") if done else ""
    size = re.search(r"Video:.*?\b(\d{2,5})x(\d{2,5})\b", told)
    time = re.search(r"Duration: (\d+):(\d\d):(\d\d\.\d+)", told)
    seconds = int(time[1]) * 3600 + int(time[2]) * 60 + float(time[3]) if time else None
    return (int(size[1]), int(size[2]), seconds) if size else (None, None, seconds)


def still(path: Path, mime: str, at: float) -> tuple[bytes, bool]:
    """Return a frame of a video near second `at` as a PNG, b"" if there is none, and whether to try another frame."""
    out = ["-frames:v", "1", "-vf", _SCALE, "-f", "image2pipe", "-c:v", "png", "pipe:1"]
    done = _run(path, mime, out, at=at, most=_STILL_MAX)
    if done is None:
        return b"", False
    return done.output, not done.late and done.code >= 0


def _run(path: Path, mime: str, out: list[str], *, at: float, most: int) -> Outcome | None:
    """Run ffmpeg on a file. None if it isn't installed or doesn't read this kind of file."""
    demuxer, program = _DEMUXERS.get(mime), _program()
    if demuxer is None or program is None:
        return None
    command = [program, "-nostdin", "-hide_banner", "-filter_threads", "1", "-max_alloc", str(_ONE_BLOCK)]
    command += ["-protocol_whitelist", "file,pipe", "-f", demuxer, "-threads", "1", "-max_pixels", str(_PIXELS_MAX)]
    command += ["-noaccurate_seek", "-ss", f"{at:.2f}"] if at else []
    command += ["-i", f"file:{path.absolute()}", *out]
    try:
        done = run(
            command,
            seconds=_PATIENCE,
            processor=_SECONDS,
            memory=_MEMORY,
            most=most,
            messages=not out,
            settings=_SETTINGS,
        )
    except OSError as problem:
        _log.debug("ffmpeg can't be run: %s", problem)
        return None
    if done.late or done.code < 0:
        _log.info("ffmpeg on %s: %s", path.name, done.trouble)
    return done


def _program() -> str | None:
    try:
        path: str = importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None
    return path
