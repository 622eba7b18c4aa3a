"""Determines a file's type from its content, never from an HTTP header or its name alone. Pure.

Markup that a browser would run (HTML, XHTML, XML with styles) is treated as plain text. SVG is treated as an image:
pages may show it only through `<img>`, where browsers run no scripts and load nothing (SVG 2, "secure static mode").
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cyberun_widget.content import sniff_text as texts
from cyberun_widget.content.kinds import BY_SUFFIX, GLB, OCTETS, PLY, SPLAT, SPZ
from cyberun_widget.support.filenames import split_suffix

if TYPE_CHECKING:
    from cyberun_widget.content.kinds import Kind

HEAD: Final = 64 * 1024  # bytes at the start of a file that `sniff` needs
SPLAT_PLY: Final = "model/x-gaussian-splat-ply"


@dataclass(frozen=True, slots=True)
class Content:
    """A file's kind, media type and proper suffix (with its dot), and a note on any problem with it."""

    kind: Kind
    mime: str
    suffix: str = ""
    note: str | None = None


_MAGIC: Final[tuple[tuple[bytes, Kind, str, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", "image", "image/png", ".png"),
    (b"\xff\xd8\xff", "image", "image/jpeg", ".jpg"),
    (b"GIF87a", "image", "image/gif", ".gif"),
    (b"GIF89a", "image", "image/gif", ".gif"),
    (b"II*\x00", "image", "image/tiff", ".tiff"),
    (b"MM\x00*", "image", "image/tiff", ".tiff"),
    (b"\x76\x2f\x31\x01", "image", "image/x-exr", ".exr"),
    (b"#?RADIANCE", "image", "image/vnd.radiance", ".hdr"),
    (b"\xff\x0a", "image", "image/jxl", ".jxl"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image", "image/jxl", ".jxl"),
    (b"8BPS", "file", "image/vnd.adobe.photoshop", ".psd"),
    (b"ID3", "audio", "audio/mpeg", ".mp3"),
    (b"fLaC", "audio", "audio/flac", ".flac"),
    (b"MThd", "file", "audio/midi", ".mid"),
    (b"glTF\x01\x00\x00\x00", "model", GLB, ".glb"),
    (b"glTF\x02\x00\x00\x00", "model", GLB, ".glb"),
    (b"NGSP", "model", SPZ, ".spz"),
    (b"PAR1", "table", "application/vnd.apache.parquet", ".parquet"),
    (b"ARROW1\x00\x00", "table", "application/vnd.apache.arrow.file", ".arrow"),
    (b"FEA1", "table", "application/vnd.apache.arrow.file", ".feather"),
    (b"\x93NUMPY", "table", "application/x-npy", ".npy"),
    (b"%PDF-", "file", "application/pdf", ".pdf"),
    (b"7z\xbc\xaf\x27\x1c", "file", "application/x-7z-compressed", ".7z"),
    (b"\x28\xb5\x2f\xfd", "file", "application/zstd", ".zst"),
    (b"\x89HDF\r\n\x1a\n", "file", "application/x-hdf5", ".h5"),
    (b"Kaydara FBX Binary", "file", OCTETS, ".fbx"),
)
_RIFF: Final[dict[bytes, tuple[Kind, str, str]]] = {
    b"WEBP": ("image", "image/webp", ".webp"),
    b"WAVE": ("audio", "audio/wav", ".wav"),
    b"AVI ": ("video", "video/x-msvideo", ".avi"),
}
_BRANDS: Final[dict[bytes, tuple[Kind, str, str]]] = {
    b"avif": ("image", "image/avif", ".avif"),
    b"avis": ("image", "image/avif", ".avif"),
    b"heic": ("image", "image/heic", ".heic"),
    b"heix": ("image", "image/heic", ".heic"),
    b"mif1": ("image", "image/heic", ".heic"),
    b"M4A ": ("audio", "audio/mp4", ".m4a"),
    b"M4B ": ("audio", "audio/mp4", ".m4b"),
    b"qt  ": ("video", "video/quicktime", ".mov"),
}


def sniff(head: bytes, *, size: int, name: str = "") -> Content:
    """Return the type of the content. `head`: at least the first 64 KiB, or the whole file; `size`: the file's bytes.

    `name` decides only if the content is ambiguous (is a text with two columns a table?), and leads to a note if name
    and content disagree.
    """
    suffix = split_suffix(name)[1].casefold()
    found = _binary(head, size, suffix) or texts.sniff_text(head, size=size, suffix=suffix)
    content = Content(*(found or ("file", OCTETS)))
    return Content(content.kind, content.mime, content.suffix, content.note or _disagreement(suffix, content, size))


def _disagreement(suffix: str, content: Content, size: int) -> str | None:
    """Return a warning if the suffix stands for a picture, a video… but the file contains something else."""
    promised = BY_SUFFIX.get(suffix)
    if size == 0:
        return "The file is empty."
    if promised is None or promised[0] in ("text", "file") or promised[0] == content.kind:
        return None
    if {promised[0], content.kind} <= {"table", "json", "text"}:
        return f"Named {suffix}, but can't be read as one."
    if content.kind == "audio" and promised[1] in ("video/mp4", "video/webm", "video/ogg"):
        return None  # the container is used for both
    what = {"file": "something else", "text": "text", "json": "JSON"}.get(content.kind, f"a {content.kind}")
    return f"Named {suffix}, but contains {what}."


def _binary(head: bytes, size: int, suffix: str) -> tuple[Kind, str, str] | None:
    for magic, kind, mime, ending in _MAGIC:
        if head.startswith(magic):
            return kind, mime, ending
    return _container(head) or _packed(head, suffix) or _bare(head, size)


def _container(head: bytes) -> tuple[Kind, str, str] | None:
    """Identify the content of RIFF, ISO base media, Matroska, Ogg and IFF containers."""
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], ("video", "video/mp4", ".mp4"))
    if head.startswith(b"\x1aE\xdf\xa3"):
        return ("video", "video/webm", ".webm") if b"webm" in head[:64] else ("video", "video/x-matroska", ".mkv")
    if head.startswith(b"OggS"):
        video = b"\x80theora" in head[:4096]
        return ("video", "video/ogg", ".ogv") if video else ("audio", "audio/ogg", ".ogg")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "audio", "audio/aiff", ".aiff"
    return None


def _packed(head: bytes, suffix: str) -> tuple[Kind, str, str] | None:
    """Identify the content of gzip, zip and tar files by their first entry."""
    if head[:2] == b"\x1f\x8b":
        return _gzip(head)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        length = int.from_bytes(head[26:28], "little")
        arrays = suffix == ".npz" or head[30 : 30 + length].endswith(b".npy")
        return ("table", "application/x-npz", ".npz") if arrays else ("file", "application/zip", ".zip")
    return ("file", "application/x-tar", ".tar") if head[257:262] == b"ustar" else None


def _bare(head: bytes, size: int) -> tuple[Kind, str, str] | None:
    """Identify formats with a weak signature or none, by checking that their structure is plausible."""
    if head[:2] == b"BM" and len(head) > 30 and struct.unpack_from("<I", head, 2)[0] in (size, 0):  # noqa: PLR2004
        return "image", "image/bmp", ".bmp"
    if head[:1] == b"\xff" and len(head) > 3 and _mpeg_audio(head):  # noqa: PLR2004 - a frame header is 4 bytes
        return "audio", "audio/mpeg", ".mp3"
    if head[:4] in (b"ply\n", b"ply\r"):
        return "model", SPLAT_PLY if _is_splat_ply(head) else PLY, ".ply"
    if _is_splat(head, size):
        return "model", SPLAT, ".splat"
    return ("file", "model/stl", ".stl") if _is_stl(head, size) else None


def _mpeg_audio(head: bytes) -> bool:
    """Whether this is a frame header of MPEG audio layer III: sync, no reserved version, sample rate or bitrate."""
    second, third = head[1], head[2]
    return second & 0xE6 == 0xE2 and second >> 3 & 3 != 1 and third >> 4 not in (0, 15) and third >> 2 & 3 != 3  # noqa: PLR2004


def _gzip(head: bytes) -> tuple[Kind, str, str]:
    """Check the first decompressed bytes: SPZ splats before version 4 are gzipped."""
    try:
        inner = zlib.decompressobj(wbits=31).decompress(head[:4096], 16)
    except zlib.error:
        inner = b""
    return ("model", SPZ, ".spz") if inner.startswith(b"NGSP") else ("file", "application/gzip", ".gz")


def _is_splat_ply(head: bytes) -> bool:
    """Whether a PLY header has the properties of 3D Gaussians: harmonics (or packed data), scale, rotation, opacity."""
    header = head.split(b"end_header", 1)[0]
    plain = all(b" " + name in header for name in (b"f_dc_0", b"scale_0", b"rot_0", b"opacity"))
    return plain or all(b" " + name in header for name in (b"packed_position", b"packed_rotation", b"packed_scale"))


_RECORD: Final = struct.Struct("<6f4B4B")  # position, scale, RGBA, rotation (bytes, 128 = 0)
_CHECKED: Final = 64


def _is_splat(head: bytes, size: int) -> bool:
    """Whether these are .splat records. The format has no magic: checks positions, scales and unit quaternions."""
    if size < _RECORD.size or size % _RECORD.size:
        return False
    records = min(len(head) // _RECORD.size, _CHECKED)
    for index in range(records):
        *floats, _r, _g, _b, _a, w, x, y, z = _RECORD.unpack_from(head, index * _RECORD.size)
        if not all(abs(place) < 1e6 for place in floats[:3]) or not all(0 < scale < 1e4 for scale in floats[3:]):  # noqa: PLR2004
            return False
        norm = sum(((part - 128) / 128) ** 2 for part in (w, x, y, z))
        if not 0.9 < norm < 1.1:  # noqa: PLR2004 - a unit quaternion, rounded to bytes
            return False
    return records > 0


def _is_stl(head: bytes, size: int) -> bool:
    return len(head) > 84 and size == 84 + 50 * struct.unpack_from("<I", head, 80)[0]  # noqa: PLR2004 - its layout
