"""A sweep's contact sheet: labelled pictures in rows and columns, drawn as one image. Reads only picture files."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_log = logging.getLogger(__name__)

PIXELS_MAX: Final = 100_000_000
"""The most pixels of a sheet. Cells are reduced until it fits."""
_GAP: Final = 6  # pixels between cells
_PAD: Final = 16
_PAPER, _INK, _QUIET, _SUNK = (255, 255, 255), (22, 25, 29), (96, 103, 112), (240, 241, 243)
_BAD, _BAD_PAPER = (180, 35, 42), (253, 236, 236)
_FAILURES: Final = (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError)


@dataclass(frozen=True, slots=True)
class SheetCell:
    """One point of a sheet: its picture, or why there is none.

    `poster`: a small picture; `path`: the full picture, if it is on disk. `facts`: its numbers, as one line.
    """

    status: str
    caption: str = ""
    error: str = ""
    poster: bytes | None = None
    poster_mime: str = ""
    path: Path | None = None
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole sheet. `cells`: (row, column) -> cell; positions without a cell stay empty."""

    title: str
    row_title: str
    column_title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[int, int], SheetCell]


def draw(sheet: Sheet, size: int = 192) -> Image.Image:
    """Return the sheet as an RGB image of square cells with sides of `size` pixels, less if the sheet is too large."""
    across, down = max(1, len(sheet.columns)), max(1, len(sheet.rows))
    while size > 16 and across * down * (size + _GAP) ** 2 > PIXELS_MAX:  # noqa: PLR2004 - pixels: smaller cells are useless
        size = size * 3 // 4
    letters = max(11, min(16, size // 12))
    text = ImageFont.load_default(size=letters)
    line = round(letters * 1.5)
    captions = line if any(cell.caption for cell in sheet.cells.values()) else 0
    labels = [name for name in (*sheet.rows, sheet.row_title) if name]
    left = _PAD + (round(max(text.getlength(name) for name in labels)) + 12 if labels else 0)
    top = _PAD + (line if sheet.column_title else 0) + (line if any(sheet.columns) else 0)
    width = left + across * (size + _GAP) - _GAP + _PAD
    height = top + down * (size + captions + _GAP) - _GAP + _PAD
    image = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(image)
    if sheet.column_title:
        pen.text((left, _PAD), sheet.column_title, _QUIET, text)
    if sheet.row_title:
        pen.text((_PAD, top - line), sheet.row_title, _QUIET, text)
    for column, name in enumerate(sheet.columns):
        middle = left + column * (size + _GAP) + size / 2
        pen.text((middle, top - line / 2 - 2), _fitted(name, text, size), _INK, text, anchor="mm")
    for row, name in enumerate(sheet.rows):
        middle = top + row * (size + captions + _GAP) + size / 2
        pen.text((left - 10, middle), name, _INK, text, anchor="rm")
    for (row, column), cell in sheet.cells.items():
        corner = (left + column * (size + _GAP), top + row * (size + captions + _GAP))
        _paste(image, pen, cell, corner, size, text)
        if cell.caption:
            below = (corner[0] + size / 2, corner[1] + size + line / 2)
            pen.text(below, _fitted(cell.caption, text, size), _INK, text, anchor="mm")
    return image


def _paste(
    image: Image.Image,
    pen: ImageDraw.ImageDraw,
    cell: SheetCell,
    corner: tuple[int, int],
    size: int,
    text: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    picture = _picture(cell, size)
    x, y = corner
    if picture is not None:
        image.paste(picture, (x + (size - picture.width) // 2, y + (size - picture.height) // 2))
        return
    bad = cell.status in ("failed", "error")
    pen.rectangle((x, y, x + size - 1, y + size - 1), fill=_BAD_PAPER if bad else _SUNK)
    pen.text((x + size / 2, y + size / 2), cell.status, _BAD if bad else _QUIET, text, anchor="mm")


def _picture(cell: SheetCell, size: int) -> Image.Image | None:
    """Return the cell's picture within `size` pixels, read from the file if its poster is too small."""
    poster = _opened(cell.poster, size) if cell.poster else None
    if poster is not None and (max(poster.size) >= size or cell.path is None):
        return poster
    try:
        whole = _opened(cell.path.read_bytes(), size) if cell.path is not None else None
    except OSError:
        whole = None
    return whole or poster


def _opened(data: bytes, size: int) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.draft("RGB", (size * 2, size * 2))
            picture = ImageOps.exif_transpose(opened)
            if picture.mode in ("RGBA", "LA", "P"):
                picture = picture.convert("RGBA")
                ground = Image.new("RGBA", picture.size, (*_PAPER, 255))
                picture = Image.alpha_composite(ground, picture)
            return ImageOps.contain(picture.convert("RGB"), (size, size), Image.Resampling.LANCZOS)
    except _FAILURES as problem:
        _log.debug("omitted from the sheet: %s", type(problem).__name__)
        return None


def _fitted(name: str, text: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: float) -> str:
    if text.getlength(name) <= room:
        return name
    while len(name) > 1 and text.getlength(f"{name}…") > room:
        name = name[:-1]
    return f"{name}…"
