"""`echo-files`: returns one small, valid file of each kind, and an uploaded file."""

from __future__ import annotations

import csv
import io
import json
import mimetypes
import shutil
import time
import wave
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw

from cyberun_widget.local.runtimes.context import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.local.runtimes.context import Context

_MIME: Final = {
    "png": "image/png", "gif": "image/gif", "wav": "audio/wav", "svg": "image/svg+xml", "html": "text/html",
    "txt": "text/plain", "log": "text/plain", "csv": "text/csv", "tsv": "text/tab-separated-values",
    "json": "application/json", "zip": "application/zip", "npy": "application/octet-stream",
    "bin": "application/octet-stream",
}  # fmt: skip
_GROUPS: Final = {"png": "images", "gif": "images", "wav": "audio"}
_NODE: Final = "4"


def run(context: Context) -> dict[str, Any]:
    """Make the files. Raises RuntimeFailure for an unknown kind."""
    kinds = [item.strip() for item in str(context.parameters["kinds"]).split(",") if item.strip()]
    unknown = [item for item in kinds if item not in _MIME]
    if unknown:
        raise RuntimeFailure(f"MakeFiles: there is no kind {', '.join(unknown)}.\n\nKinds: {', '.join(_MIME)}")
    _take_time(context)
    counts: dict[str, int] = {}
    for kind in kinds:
        group = _GROUPS.get(kind, "files")
        index = counts[group] = counts.get(group, -1) + 1
        path = context.output(f"{_NODE}.{group}.{index}", f"echo.{kind}", _MIME[kind], _NODE)
        path.write_bytes(_MAKERS[kind](context))
    if "file" in context.files:
        name = str(context.parameters["file"]).rsplit("/", 1)[-1]
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        shutil.copyfile(context.files["file"], context.output("1.files.0", name, mime, "1"))
    return {"text": str(context.parameters["text"])}


def _take_time(context: Context) -> None:
    seconds = float(context.parameters["seconds"])
    steps = max(1, min(200_000, round(seconds * 20)))
    for step in range(steps):
        node = "2" if step or "file" not in context.files else "1"
        context.progress(step / steps, node=node, step=step, total=steps)
        time.sleep(seconds / steps)
    context.progress(1.0, node=_NODE, step=steps, total=steps)


def _picture(hue: int) -> Image.Image:
    image = Image.new("RGB", (160, 120), (24, 28, 44))
    draw = ImageDraw.Draw(image)
    for index in range(12):
        left = 8 + index * 12
        draw.rounded_rectangle((left, 100 - index * 7, left + 9, 108), 3, (60 + index * 14, 110 + hue, 200 - index * 9))
    return image


def _encode(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _gif(_context: Context) -> bytes:
    first, *rest = [_picture(hue) for hue in range(0, 120, 20)]
    return _encode(first, "GIF", save_all=True, append_images=rest, duration=120, loop=0)


def _wav(_context: Context) -> bytes:
    rate = 22_050
    moments = np.arange(rate * 2) / rate
    chord = sum(np.sin(2 * np.pi * pitch * moments) for pitch in (261.63, 329.63, 392.0)) * np.exp(-1.5 * moments) / 3
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((chord * 30_000).astype("<i2").tobytes())
    return buffer.getvalue()


def _svg(_context: Context) -> bytes:
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80"><rect width="120" height="80" rx="8" '
        b'fill="#1b2233"/><circle cx="60" cy="40" r="24" fill="#4fb3a5"/></svg>'
    )


def _rows(context: Context, delimiter: str) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["step", "value", "note"])
    writer.writerows([step, f"{np.sin(step / 4):.4f}", str(context.parameters["text"])] for step in range(20))
    return buffer.getvalue().encode()


def _text(context: Context) -> bytes:
    return f"{context.parameters['text']}\n".encode()


def _zip(context: Context) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("hello.txt", _text(context))
        file.writestr("data/table.csv", _rows(context, ","))
    return buffer.getvalue()


def _npy(_context: Context) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(24, dtype=np.float32).reshape(4, 6))
    return buffer.getvalue()


def _json(context: Context) -> bytes:
    return json.dumps(
        {"text": context.parameters["text"], "list": [1, 2.5, None, True], "deep": {"a": {"b": "c"}}}
    ).encode()


def _html(context: Context) -> bytes:
    words = str(context.parameters["text"]).replace("&", "&amp;").replace("<", "&lt;")
    return f"<!doctype html><title>Echo</title><h1>{words}</h1>".encode()


_MAKERS: Final[dict[str, Callable[[Context], bytes]]] = {
    "png": lambda _: _encode(_picture(0), "PNG"),
    "gif": _gif,
    "wav": _wav,
    "svg": _svg,
    "html": _html,
    "txt": _text,
    "log": lambda context: _text(context) * 50,
    "csv": lambda context: _rows(context, ","),
    "tsv": lambda context: _rows(context, "\t"),
    "json": _json,
    "zip": _zip,
    "npy": _npy,
    "bin": lambda context: np.random.default_rng(0).bytes(int(context.parameters["size"])),
}
