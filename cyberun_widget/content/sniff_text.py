"""Determines the type of a text file: JSON, a table, glTF, OBJ, SVG, or plain text. Pure."""

from __future__ import annotations

import codecs
import csv
import json
import re
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.content.kinds import BY_SUFFIX

if TYPE_CHECKING:
    from cyberun_widget.content.kinds import Kind

_ALLOWED_CONTROLS: Final = frozenset("\t\n\r\f\x1b\b")
_VISIBLE: Final = re.compile(r"\S")
_ELEMENT: Final = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)(?=[\s/>])")
_DOCTYPE: Final = re.compile(r"<!doctype\s+([\w:.-]+)", re.IGNORECASE)
_HTML: Final = frozenset({"html", "head", "body", "script", "iframe"})
_GLTF: Final = re.compile(r'"asset"\s*:\s*\{[^{}]*"version"\s*:')
_SCENE: Final = re.compile(r'"(?:scenes?|meshes|nodes|buffers)"\s*:')
_OBJ_LINE: Final = re.compile(r"^(?:v|vn|vt|vp)(?:\s+[-+.\deE]+){2,8}\s*$|^f(?:\s+-?\d+(?:/-?\d*){0,2}){3,}\s*$")
_OBJ_WORD: Final = re.compile(r"^(?:o|g|s|l|p|mtllib|usemtl)\b")
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|[-+]?inf|", re.IGNORECASE)
_ROWS: Final = 20
_SURE: Final = 3


def sniff_text(head: bytes, *, size: int, suffix: str) -> tuple[Kind, str, str] | None:
    """Return the kind, media type and suffix of a text, None if the bytes aren't text."""
    if not head:
        return "file", "application/x-empty", ""
    whole = len(head) >= size
    text = decode_head(head, whole=whole)
    if text is None:
        return None
    text = text.lstrip("\ufeff")
    return _markup(text) or _json(text, whole=whole) or _lines_of(text, suffix, whole=whole)


def _markup(text: str) -> tuple[Kind, str, str] | None:
    """Identify SVG, and text that a browser would treat as HTML or XML, by the first element and its prolog."""
    doctype, element, xml = _opening(text)
    if element == "svg" and doctype in ("", "svg"):
        return "image", "image/svg+xml", ".svg"
    return ("text", "text/plain", ".html") if xml or doctype == "html" or element in _HTML else None


def _opening(text: str) -> tuple[str, str, bool]:
    """Return the document type, the name of the first element, and whether there is an XML declaration."""
    doctype, xml, at = "", False, 0
    while True:
        at = found.start() if (found := _VISIBLE.search(text, at)) else len(text)
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif text.startswith("<?", at):
            xml = xml or text[at + 2 : at + 5].casefold() == "xml"
            end = text.find("?>", at)
        elif named := _DOCTYPE.match(text, at):
            doctype = named[1].casefold()
            end = text.find(">", at)
            if 0 <= (subset := text.find("[", at)) < end:
                end = text.find(">", max(text.find("]", subset), end))
        else:
            element = _ELEMENT.match(text, at)
            return doctype, element[1].casefold() if element else "", xml
        if end < 0:
            return doctype, "", xml
        at = text.index(">", end) + 1


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
    """Decode a file's head as UTF-8, UTF-16 with a byte-order mark, or else Latin-1. None if it isn't text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = codecs.getincrementaldecoder("utf-16")().decode(head, whole)
        except UnicodeDecodeError:
            return None
        return None if "\x00" in text else text
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head, whole)
    except UnicodeDecodeError:
        if any(0x80 <= byte < 0xA0 for byte in head):  # noqa: PLR2004 - control characters in Latin-1
            return None
        text = head.decode("latin-1")
    controls = sum(char < " " and char not in _ALLOWED_CONTROLS for char in text)
    return None if controls else text


def is_json(text: str, *, whole: bool) -> bool:
    """Whether the text is JSON, or a truncated start of it, in which the parser fails only at the very end."""
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
    """Whether the lines are Wavefront OBJ: vertices or faces, and only statements that OBJ defines."""
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
    """Return a table's delimiter, "" if the text isn't a table.

    If the suffix stands for a table, two rows of equal width are enough; if it stands for text, it isn't a table.
    Otherwise there must be three rows below a header, or of numbers only: prose and logs contain commas too.
    """
    if suffix in BY_SUFFIX and BY_SUFFIX[suffix][0] == "text":
        return ""
    lines = [line for line in _lines(text, whole=whole)[: _ROWS + 1] if line.strip()]
    named = {".csv": ",;\t|", ".tsv": "\t"}.get(suffix, "")
    best: tuple[int, str] = (0, "")
    for mark in named or "\t,;":
        rows = _rows(lines, mark)
        widths = [len(row) for row in rows]
        alike = bool(widths) and min(widths) == max(widths) > 1
        if alike and (named or (len(rows) >= _SURE and _headed(rows))):
            best = max(best, (widths[0], mark), key=lambda pair: pair[0])
    if best[1]:
        return best[1]
    return named[:1] if named and lines and _rows(lines, named[0]) else ""


def _rows(lines: list[str], mark: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(lines, delimiter=mark, strict=True) if row]
    except csv.Error:
        return []


def _headed(rows: list[list[str]]) -> bool:
    """Whether the first row is a header above short cells, or all cells are numbers."""
    cells = [cell.strip() for row in rows for cell in row]
    if all(_NUMBER.fullmatch(cell) for cell in cells):
        return True
    names = [cell.strip() for cell in rows[0]]
    distinct = len({name.casefold() for name in names}) == len(names)
    terse = sum(cell.count(" ") for cell in cells) <= len(cells)
    return distinct and terse and not any(name[:1].isdigit() or _NUMBER.fullmatch(name) for name in names)


def _lines(text: str, *, whole: bool) -> list[str]:
    """Return the complete lines of a head."""
    lines = text.lstrip("\ufeff").splitlines()
    return lines if whole or len(lines) < 2 else lines[:-1]  # noqa: PLR2004 - the last line may be truncated


def load_json(data: bytes) -> Any:
    """Parse a JSON file in UTF-8, UTF-16 or UTF-32, with or without a byte-order mark. Raises ValueError."""
    return json.loads(data.decode("utf-8-sig") if data.startswith(codecs.BOM_UTF8) else data)
