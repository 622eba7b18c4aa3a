"""The static sheet: shows a sweep in a saved notebook without a kernel, scripts or network.

Like a card's archive, it is hidden while the live sheet is shown, is readable without styles, and contains no key, no
signed link and no local path.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Final

from cyberun_widget.render.html_nodes import PLAIN, Node, html, node
from cyberun_widget.render.sweep_text import counts_text
from cyberun_widget.render.thumbnails import thumbnail
from cyberun_widget.support import assets
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import count, many
from cyberun_widget.support.words import say, sweep_status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cyberun_widget.render.contact_sheet import Sheet, SheetCell

LIMIT: Final = 1_000_000
"""The most bytes of a sweep's HTML."""
_CELLS: Final = 1_200  # the most cells in the HTML
_SIDES: Final = (160, 128, 96, 64, 48)  # pixels per side of a cell's picture, largest first
_CODE: Final = 20_000  # characters of the code that attaches to the sweep again


def unfinished(code: str, line: str) -> dict[str, str]:
    """Return the MIME bundle of an unfinished sweep: how to attach to it again, worded to stay true after its end."""
    root = _root("unfinished", 0, node("p", {}, say("archive.unfinished")), _code(code))
    return {"text/html": html(root), "text/plain": line}


def bundle(sheet: Sheet, counts: Mapping[str, int], code: str, selected: Collection[int], text: str) -> dict[str, str]:
    """Return the MIME bundle of a sweep: "text/html" of at most `LIMIT` bytes, and "text/plain".

    `code`: attaches to the sweep again. Pictures have the largest size at which all of them fit; if they fit at none,
    the statuses are shown instead.
    """
    for side in (*_SIDES, 0):
        made = html(_whole(sheet, counts, code, len(selected), side))
        if len(made.encode()) <= LIMIT:
            break
    return {"text/html": made, "text/plain": text}


def _whole(sheet: Sheet, counts: Mapping[str, int], code: str, stars: int, side: int) -> Node:
    facts = [many(len(sheet.cells), "point"), counts_text(counts), many(stars, "star") if stars else ""]
    head = node(
        "header",
        {},
        node("h4", {"class": "tocSkip jp-toc-ignore"}, node("bdi", {}, sheet.title)),
        node("span", {}, " · ".join(fact for fact in facts if fact)),
    )
    footer = node("footer", {}, node("p", {}, say("sweep.attach")), _code(code))
    return _root("done", len(sheet.cells), head, _table(sheet, side), footer)


def _table(sheet: Sheet, side: int) -> Node:
    labelled = any(sheet.rows)
    parts = []
    if any(sheet.columns):
        corner = [node("td", {})] if labelled else []
        title = f"{sheet.row_title} \\ {sheet.column_title}" if sheet.row_title else sheet.column_title
        if corner and title:
            corner = [node("th", {"scope": "col"}, title)]
        heads = [node("th", {"scope": "col"}, name) for name in sheet.columns]
        parts.append(node("thead", {}, node("tr", {}, *corner, *heads)))
    body = node("tbody", {})
    left = _CELLS
    for row, name in enumerate(sheet.rows):
        if left <= 0:
            span = {"colspan": str(len(sheet.columns) + labelled)}
            body.append(node("tr", {}, node("td", span, say("sweep.more_rows", count=count(len(sheet.rows) - row)))))
            break
        left -= len(sheet.columns)
        made = [node("th", {"scope": "row"}, name)] if labelled else []
        made += [_cell(sheet.cells.get((row, column)), side) for column in range(len(sheet.columns))]
        body.append(node("tr", {}, *made))
    parts.append(body)
    return node("div", {"class": "cy-a-sheet", "tabindex": "0"}, node("table", {}, *parts))


def _cell(cell: SheetCell | None, side: int) -> Node:
    if cell is None:
        return node("td", {})
    data, mime = thumbnail(cell.poster, side) if cell.poster and side else (b"", "")
    if data:
        source = f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
        alt = cell.caption or cell.facts or sweep_status(cell.status)
        shown = node("img", {"src": source, "alt": clean(alt), "width": str(side)})
    else:
        shown = node("span", {"title": clean(cell.error)}, sweep_status(cell.status))
    caption = node("small", {}, cell.caption) if cell.caption else None
    return node("td", {"data-status": cell.status}, shown, caption)


def _root(status: str, total: int, *parts: Node) -> Node:
    about = {"class": f"cyberun-archive cyberun-sweep-archive {PLAIN}", "data-status": status, "data-total": str(total)}
    return node("div", about, node("style", {}, _css()), node("article", {}, *parts))


def _code(code: str) -> Node:
    text = code if len(code) <= _CODE else f"{code[:_CODE]}\n…"
    return node("details", {}, node("summary", {}, "Python"), node("pre", {}, node("code", {}, text)))


@cache
def _css() -> str:
    return assets.text("archive.css").strip()
