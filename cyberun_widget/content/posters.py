"""A small picture of a large one: at most 512 pixels, WebP, within a number of bytes."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from PIL import Image, ImageCms, ImageOps, features

from cyberun_widget.errors import CyberunError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logging.getLogger("cyberun_widget.poster")

LONG_SIDE: Final = 512
PIXELS_MAX: Final = 80_000_000  # decoding takes four bytes for each
_STEPS: Final = ((512, 82), (512, 60), (384, 60), (256, 60), (160, 60), (96, 50))  # pixels of the long side, quality
_FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
_TOTAL: Final = 600_000  # bytes of all posters of a task
_MAX: Final = 40_000
_MIN: Final = 4_000
_FAILURES: Final = (OSError, ValueError, SyntaxError, TypeError, IndexError, EOFError, MemoryError, ArithmeticError)
TOO_LARGE: Final = "too large to preview"


@dataclass(frozen=True, slots=True)
class Poster:
    """The picture's own size in pixels as shown, its running time in seconds if it moves, and the poster.

    `data` is empty where none could be made; `note` says why.
    """

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    data: bytes = b""
    mime: str = ""
    note: str | None = None


def poster_limit(sizes: Sequence[int]) -> int:
    """Return the bytes that one more poster may take. `sizes`: those of all the task's artifacts, 0 without one."""
    share = max(_TOTAL // max(len(sizes), 1), _MIN)
    return max(min(share, _MAX, _TOTAL - sum(sizes)), 0)


def image_poster(path: Path, mime: str, limit: int) -> Poster:
    """Make a poster of at most `limit` bytes from a picture file. Raises CyberunError for one that is damaged."""
    name = _FORMATS.get(mime)
    if name is None:
        return Poster()
    with path.open("rb") as file:
        return _poster_of(file, name, limit)


def still_poster(data: bytes, limit: int) -> Poster:
    """Make a poster from a PNG or WebP that a page sent. Raises CyberunError for anything else."""
    name = "PNG" if data.startswith(b"\x89PNG") else "WEBP"
    return _poster_of(io.BytesIO(data), name, limit)


def _poster_of(file: BinaryIO, name: str, limit: int) -> Poster:
    try:
        image = _open(file, name)
        if image is None:
            return Poster()
        width, height = image.size
        if width * height > PIXELS_MAX:  # before anything else: some formats decode just to look for EXIF
            return Poster(width, height, note=f"{width:,} x {height:,} pixels: {TOO_LARGE}. Save it to see it.")
        if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
            width, height = height, width
        duration = _seconds(image)
        if limit <= 0:
            return Poster(width, height, duration)
        data, kind = _encode(_shown(image), limit)
    except _FAILURES as problem:  # what decoders raise on damaged data, as Pillow's own tests collect it
        _log.debug("no poster: %s", type(problem).__name__)
        words = f"The picture is damaged ({problem}). Fetch it again."
    else:
        return Poster(width, height, duration, data, kind)
    raise CyberunError(words)


def _open(file: BinaryIO, name: str) -> Image.Image | None:
    """Open one format's header. `Image.open` would warn on stderr about size; we look at the size ourselves."""
    Image.init()
    if name not in Image.OPEN:
        return None  # this Pillow was built without it
    opened: Any = Image.OPEN[name][0](file, "")
    return cast("Image.Image", opened)


def _seconds(image: Image.Image) -> float | None:
    """Return how long an animation of few enough frames takes, None for a still picture."""
    if not getattr(image, "is_animated", False):
        return None
    frame = image.info.get("duration")
    frames = getattr(image, "n_frames", 1)
    return round(frames * float(frame) / 1000, 3) if isinstance(frame, (int, float)) and frame > 0 else None


def _shown(image: Image.Image) -> Image.Image:
    """Return the first frame as a screen shows it: small, upright, 8 bits, sRGB, its transparency kept."""
    if image.format == "JPEG":
        image.draft("RGB", (LONG_SIDE * 2, LONG_SIDE * 2))  # decode at a fraction: fast, and little memory
    if getattr(image, "is_animated", False):
        image.seek(0)
    profile = image.info.get("icc_profile")
    image = _eight_bit(image)
    transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    image = image.convert("RGBA" if transparent else "RGB") if image.mode not in ("RGB", "RGBA", "CMYK") else image
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    image = _to_srgb(image, profile)
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring 16 bits a pixel to 8 by their high byte, as browsers do, and floats from their least to their most."""
    eight: Image.Image
    if image.mode.startswith("I;16") or image.mode == "I":
        wide: Any = image.convert("I")
        low, high = wide.getextrema()
        scale = 1 / 257 if image.mode != "I" or high > 255 else 1.0  # noqa: PLR2004 - an 8-bit picture in a wide mode
        eight = wide.point(lambda value: value * scale).convert("L")
    elif image.mode == "F":
        floats: Any = image
        low, high = floats.getextrema()
        scale = 255 / (high - low) if high > low else 0.0
        eight = floats.point(lambda value: value * scale - low * scale).convert("L")
    else:
        return image
    eight.info.update({key: value for key, value in image.info.items() if key == "exif"})
    return eight


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply the picture's own colour profile; one that can't be read is passed over, as browsers do."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            moved = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            if moved is not None:
                image = moved
        except (ImageCms.PyCMSError, OSError, ValueError) as problem:
            _log.debug("colour profile passed over: %s", type(problem).__name__)
    return image.convert("RGB") if image.mode == "CMYK" else image


def _encode(image: Image.Image, limit: int) -> tuple[bytes, str]:
    """Return the best WebP (JPEG where Pillow has no WebP) within `limit` bytes, empty if none fits."""
    webp = features.check("webp")
    if not webp and image.mode == "RGBA":
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
    for side, quality in _STEPS:
        small = image
        if max(image.size) > side:
            small = image.copy()
            small.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        if webp:
            small.save(out, "WEBP", quality=quality, method=3)
        else:
            small.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= limit:
            return out.getvalue(), "image/webp" if webp else "image/jpeg"
    return b"", ""
