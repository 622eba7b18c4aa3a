"""Makes posters of pictures: WebP of at most 512 pixels per side, within a limit of bytes."""

from __future__ import annotations

import io
import logging
import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from PIL import Image, ImageCms, ImageFilter, ImageStat, features

from cyberun_widget.content.animation import FRAMES_MAX, gif_seconds
from cyberun_widget.content.native.tiff import first_page
from cyberun_widget.errors import CyberunError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logging.getLogger("cyberun_widget.poster")

LONG_SIDE: Final = 512
DECODED_MAX: Final = 256 * 1024 * 1024
"""The most bytes that decoding a picture may take: enough for 8,192 x 8,192 pixels in colour."""

_STEPS: Final = ((512, 82), (512, 60), (384, 60), (256, 60), (160, 60), (96, 50))  # pixels on the long side, quality
_FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
_AT_ONCE: Final = {"WEBP": 12, "AVIF": 12}  # bytes per pixel, for formats whose decoders keep several copies
_NARROW: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # bytes per pixel; 4 in other modes
_READ_WHOLE: Final = frozenset({"WEBP", "AVIF"})  # the decoder reads the whole file into memory
_PACKED_MOST: Final = 100_000  # the highest plausible compression ratio
_BAND: Final = 256  # lines reduced at a time
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF orientation
_TOTAL: Final = 600_000  # bytes of all posters of a task together
_MAX: Final = 40_000
_MIN: Final = 4_000
FAILURES: Final = (  # what decoders raise on damaged data
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    Image.DecompressionBombError,
)
TOO_LARGE: Final = "too large to preview"


@dataclass(frozen=True, slots=True)
class Poster:
    """A poster, with the original's displayed size in pixels and its duration in seconds if it is animated.

    `data` is empty if no poster could be made; `note` says why.
    """

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    data: bytes = b""
    mime: str = ""
    note: str | None = None


def poster_limit(sizes: Sequence[int]) -> int:
    """Return the most bytes for one more poster. `sizes`: bytes of the task's posters, 0 for artifacts without one."""
    share = max(_TOTAL // max(len(sizes), 1), _MIN)
    return max(min(share, _MAX, _TOTAL - sum(sizes)), 0)


def image_poster(path: Path, mime: str, limit: int) -> Poster:
    """Make a poster of at most `limit` bytes from a picture file. Raises CyberunError if the file is damaged."""
    name = _FORMATS.get(mime)
    if name is None:
        return Poster()
    with path.open("rb") as file:
        return _poster_of(file, name, limit, path)


def still_poster(data: bytes, limit: int) -> Poster:
    """Make a poster from a PNG or WebP sent by a page. Raises CyberunError for anything else."""
    name = "PNG" if data.startswith(b"\x89PNG") else "WEBP"
    return _poster_of(io.BytesIO(data), name, limit)


def telling(data: bytes) -> float:
    """Return how much detail a picture has: 0 for a plain one, more for contrast and edges; < 0 if it is unreadable."""
    try:
        small = Image.open(io.BytesIO(data), formats=["PNG"]).convert("L").resize((64, 64))
    except FAILURES:
        return -1.0
    return ImageStat.Stat(small).stddev[0] + ImageStat.Stat(small.filter(ImageFilter.FIND_EDGES)).mean[0]


def _poster_of(file: BinaryIO, name: str, limit: int, path: Path | None = None) -> Poster:
    try:
        if name in _READ_WHOLE and _size(file) > DECODED_MAX:
            return Poster(note=f"A picture file of this size is {TOO_LARGE}. Save it to open it.")
        if math.prod(canvas := _canvas(file)) * _AT_ONCE["WEBP"] > DECODED_MAX:
            return _refused(*canvas)
        image = _open(file, name)
        if image is None:
            return Poster()
        width, height = image.size
        if _decoded(image) > DECODED_MAX:  # first of all: some formats decode the picture to find EXIF
            return _refused(width, height)
        turn = image.getexif().get(0x0112, 1)
        if turn in (5, 6, 7, 8):
            width, height = height, width
        duration, note = _seconds(image), None
        if limit > 0 and name == "TIFF" and path and image.info.get("compression", "raw") != "raw":
            profile, image = image.info.get("icc_profile"), first_page(path)
            image.info["icc_profile"] = profile
        data, kind = _encode(_shown(image, turn), limit) if limit > 0 else (b"", "")
        if duration is None and name == "GIF":
            duration, note = _gif(file)
    except FAILURES as problem:
        _log.debug("no poster: %s", type(problem).__name__)
        words = f"The image is damaged ({problem}). Download it again."
    else:
        return Poster(width, height, duration, data, kind, note)
    raise CyberunError(words)


def plausible(path: Path) -> bool:
    """Whether a WebP file can contain the pixels that it declares, for which its decoder allocates memory up front."""
    with path.open("rb") as file:
        canvas = _canvas(file)
    return math.prod(canvas) * _AT_ONCE["WEBP"] <= max(DECODED_MAX, path.stat().st_size * _PACKED_MOST)


def _canvas(file: BinaryIO) -> tuple[int, int]:
    """Return the size in pixels from a WebP file's first chunk (RFC 9649, 2.5 to 2.7), zeros for other files."""
    head = file.read(30)
    file.seek(0)
    if len(head) < 30 or head[8:12] != b"WEBP":  # noqa: PLR2004 - the size of the layouts below
        return 0, 0
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


def _refused(width: int, height: int) -> Poster:
    return Poster(width, height, note=f"{width:,} x {height:,} pixels: {TOO_LARGE}. Save it to open it.")


def _size(file: BinaryIO) -> int:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size


def _decoded(image: Image.Image) -> int:
    """Return the peak memory of decoding, in bytes. JPEG is decoded at reduced size, unless it is progressive."""
    width, height = image.size
    if image.format == "JPEG":
        return width * height * (6 if image.info.get("progressive") else 4)
    return width * height * _AT_ONCE.get(image.format or "", _NARROW.get(image.mode, 4))


def _open(file: BinaryIO, name: str) -> Image.Image | None:
    """Read the header of one format. Unlike `Image.open`, doesn't warn about the size, which the caller checks."""
    Image.init()
    if name not in Image.OPEN:
        return None  # Pillow was built without this format
    opened: Any = Image.OPEN[name][0](file, "")
    return cast("Image.Image", opened)


def _seconds(image: Image.Image) -> float | None:
    """Return an animation's duration in seconds if its header has it, else None.

    Not used for GIF and TIFF, where Pillow has to seek through all frames.
    """
    if image.format in ("GIF", "TIFF") or not getattr(image, "is_animated", False):
        return None
    frame = image.info.get("duration")
    frames = getattr(image, "n_frames", 1)
    return round(frames * float(frame) / 1000, 3) if isinstance(frame, (int, float)) and frame > 0 else None


def _gif(file: BinaryIO) -> tuple[float | None, str | None]:
    """Return a GIF's duration in seconds, and a note if not all of its frames were counted."""
    duration, whole = gif_seconds(file)
    return duration, None if whole else f"More than {FRAMES_MAX:,} frames: the duration is unknown."


def _shown(image: Image.Image, turn: int) -> Image.Image:
    """Return the first frame as displayed: small, upright, 8 bits per channel, sRGB, with transparency."""
    if image.format == "JPEG":
        image.draft("RGB", (LONG_SIDE * 2, LONG_SIDE * 2))  # decodes at reduced size: fast, with little memory
    profile = image.info.get("icc_profile")
    low, high = _range(image)
    factor = max(image.size) // (2 * LONG_SIDE)
    small = _in_colour(image, low, high) if factor <= 1 else _shrunk(image, low, high, factor)
    small.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small = _to_srgb(small, profile)
    return small.transpose(_TURNS[turn]) if turn in _TURNS else small


def _shrunk(image: Image.Image, low: float, high: float, factor: int) -> Image.Image:
    """Return a picture reduced by an integer factor, band by band, without a second full-size copy."""
    width, height = image.size
    step = max(_BAND // factor, 1) * factor
    whole: Image.Image | None = None
    for top in range(0, height, step):
        band = _in_colour(image.crop((0, top, width, min(top + step, height))), low, high).reduce(factor)
        if whole is None:
            whole = Image.new(band.mode, (band.width, -(-height // factor)))
        whole.paste(band, (0, top // factor))
    return whole or image


def _range(image: Image.Image) -> tuple[float, float]:
    """Return the minimum and maximum value of a picture with more than 8 bits per pixel."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return 0, 255
    low, high = cast("tuple[float, float]", image.getextrema())
    return low, high


def _in_colour(image: Image.Image, low: float, high: float) -> Image.Image:
    """Return a picture as RGB, RGBA or CMYK. Keeps the high byte of 16 bits, as browsers do; normalizes floats."""
    wide: Any = image
    if image.mode.startswith("I;16") or image.mode == "I":
        scale = 1 / 257 if image.mode != "I" or high > 255 else 1.0  # noqa: PLR2004 - an 8-bit picture in a wide mode
        image = wide.convert("I").point(lambda value: value * scale).convert("L")
    elif image.mode == "F":
        scale = 255 / (high - low) if high > low else 0.0
        image = wide.point(lambda value: value * scale - low * scale).convert("L")
    if image.mode in ("RGB", "RGBA", "CMYK"):
        return image
    transparent = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply the picture's embedded colour profile. An unreadable profile is ignored, as in browsers."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = "RGBA" if image.mode == "RGBA" else "RGB"
            moved = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            if moved is not None:
                image = moved
        except (ImageCms.PyCMSError, OSError, ValueError) as problem:
            _log.debug("colour profile ignored: %s", type(problem).__name__)
    return image.convert("RGB") if image.mode == "CMYK" else image


def _encode(image: Image.Image, limit: int) -> tuple[bytes, str]:
    """Return the best WebP within `limit` bytes (JPEG if Pillow lacks WebP) and its media type. Empty if none fits."""
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
