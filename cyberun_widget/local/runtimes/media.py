"""Writes arrays as pictures and videos: PNG and GIF with Pillow, MP4 with ffmpeg."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING, Any, Final

import imageio_ffmpeg
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]  # height, width, 3

_TIMEOUT: Final = 300.0  # seconds


def write_png(path: Path, pixels: Pixels) -> None:
    """Write a picture."""
    Image.fromarray(pixels, "RGB").save(path, "PNG", compress_level=4)


def write_gif(path: Path, frames: Iterable[Pixels], fps: int) -> None:
    """Write a looping animation with one palette of 64 colours for all frames."""
    pictures = [Image.fromarray(item, "RGB") for item in frames]
    palette = pictures[-1].quantize(64)
    first, *rest = [item.quantize(palette=palette, dither=Image.Dither.NONE) for item in pictures]
    first.save(path, "GIF", save_all=True, append_images=rest, duration=round(1000 / fps), loop=0)


def write_mp4(
    path: Path, frames: Iterable[Pixels], fps: int, *, scale: int = 1, on_frame: Callable[[int], None] | None = None
) -> None:
    """Write an H.264 video that a browser can play while loading. Width and height times `scale` must be even.

    Raises OSError with ffmpeg's message if it fails.
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        for index, frame in enumerate(frames):
            if process is None:
                process = _ffmpeg(path, frame.shape[1], frame.shape[0], fps, scale)
            assert process.stdin is not None  # noqa: S101 - stdin=PIPE in _ffmpeg
            process.stdin.write(np.ascontiguousarray(frame).tobytes())
            if on_frame:
                on_frame(index)
        if process is not None:
            words = process.communicate(timeout=_TIMEOUT)[1]
            if process.returncode:
                raise OSError(f"ffmpeg failed ({process.returncode}): {words.decode(errors='replace').strip()[-600:]}")
    except BrokenPipeError:
        words = process.stderr.read() if process and process.stderr else b""
        raise OSError(f"ffmpeg gave up: {words.decode(errors='replace').strip()[-600:]}") from None
    finally:
        if process is not None and process.poll() is None:
            process.kill()
            with contextlib.suppress(ValueError):
                process.communicate()


def _ffmpeg(path: Path, width: int, height: int, fps: int, scale: int) -> subprocess.Popen[bytes]:
    command: list[Any] = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s",
        f"{width}x{height}", "-r", fps, "-i", "-", "-vf", f"scale={width * scale}:{height * scale}:flags=lanczos",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", 18, "-pix_fmt", "yuv420p", "-threads", 1,
        "-movflags", "+faststart", path,
    ]  # fmt: skip
    return subprocess.Popen(  # noqa: S603 - imageio-ffmpeg's binary with fixed arguments
        [str(item) for item in command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
