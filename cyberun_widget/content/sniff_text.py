"""What a text is: JSON, a table, glTF, OBJ, SVG, or just text. Pure."""

from __future__ import annotations

import codecs
import csv
import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cyberun_widget.content.kinds import Kind

_ALLOWED_CONTROLS: Final = frozenset("\t\n\r\f\x1b\b")
_SVG: Final = re.compile(
    r"^(?:\s|<\?xml[^>]*\?>|<!--.*?-->|<!DOCTYPE\s+svg[^>\[]*(?:\[[^\]]*\])?\s*>)*<(?:\w+:)?svg[\s>/]",
    re.DOTALL | re.IGNORECASE,
)
_MARKUP: Final = re.compile(
    r"^(?:\s|<!--.*?-->)*<(?:!doctype\s+html|html|head|body|script|iframe|\?xml)\b", re.DOTALL | re.IGNORECASE
)
_GLTF: Final = re.compile(r'"asset"\s*:\s*\{[^{}]*"version"\s*:')
_SCENE: Final = re.compile(r'"(?:scenes?|meshes|nodes|buffers)"\s*:')
_OBJ_LINE: Final = re.compile(r"^(?:v|vn|vt|vp)(?:\s+[-+.\deE]+){2,8}\s*$|^f(?:\s+-?\d+(?:/-?\d*){0,2}){3,}\s*$")
_OBJ_WORD: Final = re.compile(r"^(?:o|g|s|l|p|mtllib|usemtl)\b")
_ROWS: Final = 20
_SURE: Final = 3


def sniff_text(head: bytes, *, size: int, suffix: str) -> tuple[Kind, str, str] | None:
    """Return kind, media type and suffix of a text, None if the bytes are no text."""
    if not head:
        return "file", "application/x-empty", ""
    whole = len(head) >= size
    text = decode_head(head, whole=whole)
    if text is None:
        return None
    text = text.lstrip("\ufeff")
    return _markup(text) or _json(text, whole=whole) or _lines_of(text, suffix, whole=whole)


def _markup(text: str) -> tuple[Kind, str, str] | None:
    if _SVG.match(text):
        return "image", "image/svg+xml", ".svg"
    return ("text", "text/plain", ".html") if _MARKUP.match(text) else None


def _json(text: str, *, whole: bool) -> tuple[Kind, str, str] | None:
    start = text.lstrip()[:1]
    if not (start and start in "{[" and is_json(text, whole=whole)):
        return None
    if start == "{" and _GLTF.search(text) and _SCENE.search(text):
        return "model", "model/gltf+json", ".gltf"
    return "json", "application/json", ".json"


def _lines_of(text: str, suffix: str, *, whole: bool) -> tuple[Kind, str, str]:
    if _is_obj(text, whole=whole):
        return "model", "model/obj", ".obj"
    mark = delimiter(text, suffix, whole=whole)
    if mark == "\t":
        return "table", "text/tab-separated-values", ".tsv"
    return ("table", "text/csv", ".csv") if mark else ("text", "text/plain", ".txt")


def decode_head(head: bytes, *, whole: bool) -> str | None:
    """Return the text of a file's head, None if it is none: UTF-8, UTF-16 with a mark, else Latin-1."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = codecs.getincrementaldecoder("utf-16")().decode(head, whole)
        except UnicodeDecodeError:
            return None
        return None if "\x00" in text else text
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head, whole)
    except UnicodeDecodeError:
        if any(0x80 <= byte < 0xA0 for byte in head):  # noqa: PLR2004 - the controls of Latin-1
            return None
        text = head.decode("latin-1")
    controls = sum(char < " " and char not in _ALLOWED_CONTROLS for char in text)
    return None if controls else text


def is_json(text: str, *, whole: bool) -> bool:
    """Whether the text is JSON, or the beginning of some: then the parser must fail at the very end only."""
    text = text.lstrip("\ufeff")
    try:
        json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as problem:
        cut = problem.msg.startswith("Unterminated string") or problem.pos >= len(text.rstrip()) - 8
        return not whole and cut
    except (RecursionError, ValueError):
        return False
    return whole


def _is_obj(text: str, *, whole: bool) -> bool:
    """Whether the lines are Wavefront OBJ: vertices or faces, and nothing that OBJ doesn't have."""
    geometry = 0
    for line in _lines(text, whole=whole)[:200]:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if _OBJ_LINE.match(stripped):
            geometry += 1
        elif not _OBJ_WORD.match(stripped):
            return False
    return geometry >= _SURE


def delimiter(text: str, suffix: str, *, whole: bool) -> str:
    """Return the separator of a table's cells, '' if the text is no table.

    By the file's own name two rows of one width will do; otherwise it takes three, or it is prose with commas.
    """
    lines = [line for line in _lines(text, whole=whole)[: _ROWS + 1] if line.strip()]
    named = {".csv": ",;\t|", ".tsv": "\t"}.get(suffix, "")
    best: tuple[int, str] = (0, "")
    for mark in named or "\t,;":
        widths = _widths(lines, mark)
        if widths and min(widths) == max(widths) > 1 and (named or (len(widths) >= _SURE and _terse(lines, mark))):
            best = max(best, (widths[0], mark), key=lambda pair: pair[0])
    if best[1]:
        return best[1]
    return named[:1] if named and lines and _widths(lines, named[0]) else ""


def _widths(lines: list[str], mark: str) -> list[int]:
    try:
        return [len(row) for row in csv.reader(lines, delimiter=mark, strict=True) if row]
    except csv.Error:
        return []


def _terse(lines: list[str], mark: str) -> bool:
    """Whether the cells are short, as cells are and clauses of a sentence aren't."""
    cells = [cell.strip() for line in lines for cell in line.split(mark)]
    return sum(cell.count(" ") for cell in cells) <= len(cells)


def _lines(text: str, *, whole: bool) -> list[str]:
    """Return the complete lines of a head."""
    lines = text.lstrip("\ufeff").splitlines()
    return lines if whole or len(lines) < 2 else lines[:-1]  # noqa: PLR2004 - the last one may be cut


def load_json(data: bytes) -> Any:
    """Parse a JSON file in UTF-8, UTF-16 or UTF-32, with or without a byte-order mark. Raises ValueError."""
    return json.loads(data.decode("utf-8-sig") if data.startswith(codecs.BOM_UTF8) else data)
