"""Guesses a file's type from its name, until its content is known. Pure."""

from __future__ import annotations

from typing import Final, Literal

from cyberun_widget.support.filenames import split_suffix

Kind = Literal["image", "video", "audio", "model", "json", "table", "text", "file"]

OCTETS: Final = "application/octet-stream"
SVG: Final = "image/svg+xml"
GLB: Final = "model/gltf-binary"
GLTF: Final = "model/gltf+json"
OBJ: Final = "model/obj"
PLY: Final = "model/ply"
SPLAT: Final = "model/x-gaussian-splat"
SPZ: Final = "model/x-spz"

BY_SUFFIX: Final[dict[str, tuple[Kind, str]]] = {
    ".png": ("image", "image/png"),
    ".jpg": ("image", "image/jpeg"),
    ".jpeg": ("image", "image/jpeg"),
    ".gif": ("image", "image/gif"),
    ".webp": ("image", "image/webp"),
    ".avif": ("image", "image/avif"),
    ".heic": ("image", "image/heic"),
    ".bmp": ("image", "image/bmp"),
    ".tif": ("image", "image/tiff"),
    ".tiff": ("image", "image/tiff"),
    ".jxl": ("image", "image/jxl"),
    ".svg": ("image", SVG),
    ".exr": ("image", "image/x-exr"),
    ".hdr": ("image", "image/vnd.radiance"),
    ".mp4": ("video", "video/mp4"),
    ".m4v": ("video", "video/mp4"),
    ".mov": ("video", "video/quicktime"),
    ".webm": ("video", "video/webm"),
    ".mkv": ("video", "video/x-matroska"),
    ".avi": ("video", "video/x-msvideo"),
    ".ogv": ("video", "video/ogg"),
    ".wav": ("audio", "audio/wav"),
    ".mp3": ("audio", "audio/mpeg"),
    ".flac": ("audio", "audio/flac"),
    ".ogg": ("audio", "audio/ogg"),
    ".opus": ("audio", "audio/ogg"),
    ".m4a": ("audio", "audio/mp4"),
    ".aac": ("audio", "audio/aac"),
    ".glb": ("model", GLB),
    ".gltf": ("model", GLTF),
    ".obj": ("model", OBJ),
    ".ply": ("model", PLY),
    ".splat": ("model", SPLAT),
    ".spz": ("model", SPZ),
    ".json": ("json", "application/json"),
    ".csv": ("table", "text/csv"),
    ".tsv": ("table", "text/tab-separated-values"),
    ".parquet": ("table", "application/vnd.apache.parquet"),
    ".feather": ("table", "application/vnd.apache.arrow.file"),
    ".arrow": ("table", "application/vnd.apache.arrow.file"),
    ".npy": ("table", "application/x-npy"),
    ".npz": ("table", "application/x-npz"),
    ".txt": ("text", "text/plain"),
    ".log": ("text", "text/plain"),
    ".md": ("text", "text/plain"),
    ".yaml": ("text", "text/plain"),
    ".yml": ("text", "text/plain"),
    ".html": ("text", "text/plain"),
    ".zip": ("file", "application/zip"),
    ".pdf": ("file", "application/pdf"),
}
_KINDS_BY_MIME: Final[dict[str, Kind]] = {"image": "image", "video": "video", "audio": "audio", "model": "model"}


def guess(name: str, mime: str = "") -> tuple[Kind, str]:
    """Return the kind and media type suggested by a name, or by `mime` if its suffix is unknown. Only a guess."""
    known = BY_SUFFIX.get(split_suffix(name)[1].casefold())
    if known:
        return known
    mime = mime.partition(";")[0].strip().casefold()
    for kind, stated in BY_SUFFIX.values():
        if stated == mime:
            return kind, stated
    return _KINDS_BY_MIME.get(mime.partition("/")[0], "file"), OCTETS
