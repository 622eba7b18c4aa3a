"""A comparison's static output: what a saved notebook shows without a kernel, in at most `LIMIT` bytes of HTML."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.render.html_nodes import PLAIN, Node, html, node
from cyberun_widget.render.source import literal
from cyberun_widget.render.static_card import style
from cyberun_widget.render.thumbnails import thumbnail
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import count
from cyberun_widget.support.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberun_widget.artifacts.model import Artifact
    from cyberun_widget.comparison.pairing import Pair

LIMIT: Final = 1_000_000
_SIDES: Final = (320, 240, 160, 96, 48)  # pixels of a picture's longer side, largest first
_PICTURES: Final = 48  # maximum rows of pictures
_ROWS: Final = 100  # maximum differences in one table
_CELL: Final = 200  # characters
_DRAWN: Final = ("image", "video", "model")


def bundle(
    labels: Sequence[str], pairs: Sequence[Pair], tables: Sequence[Mapping[str, Any]], task_ids: Sequence[str]
) -> dict[str, str]:
    """Return the MIME bundle. `tables`: as sent to the page. `task_ids`: of all compared items, or none.

    Pictures get the largest size at which all of them fit; if there are too many, only their names are shown.
    """
    drawn = [each for each in pairs if each.kind in _DRAWN]
    for side in (*_SIDES, 0):
        made = html(_whole(labels, drawn, tables, task_ids, side))
        if len(made.encode()) <= LIMIT:
            break
    return {"text/html": made, "text/plain": f"{say('comparison.name')}: {', '.join(labels)}"}


def _whole(
    labels: Sequence[str], drawn: Sequence[Pair], tables: Sequence[Mapping[str, Any]], ids: Sequence[str], side: int
) -> Node:
    # tocSkip: otherwise JupyterLab lists even hidden headings of outputs in its table of contents.
    title = node("h4", {"class": "tocSkip jp-toc-ignore"}, say("comparison.name"))
    parts = [node("header", {}, title)]
    if drawn:
        rows = [
            _row(each.name, [_picture(*told, side) for told in zip(each.artifacts, labels, strict=True)])
            for each in drawn[:_PICTURES]
        ]
        parts.append(_table(say("comparison.file"), labels, rows, len(drawn) - len(rows)))
    for table in tables:
        found = table["differences"]
        rows = [
            _row(row["path"], [_value(cell, table["absent"]) for cell in row["cells"]]) for row in found["rows"][:_ROWS]
        ]
        parts.append(node("p", {}, node("bdi", {}, say("comparison.differences", title=_text(table["title"])))))
        parts.append(_table(say("comparison.value"), labels, rows, len(found["rows"]) - len(rows) + found["more"]))
    if ids:
        code = f"compare({', '.join(f'TaskWidget({literal(each)})' for each in ids)})"
        line = node("p", {}, say("comparison.again"), " ", node("code", {"dir": "ltr"}, code))
        parts.append(node("footer", {}, line))
    about = {"class": f"cyberun-archive {PLAIN}", "data-status": "static"}
    return node("div", about, node("style", {}, style()), node("article", {}, *parts))


def _table(first: str, labels: Sequence[str], rows: Sequence[Node], more: int) -> Node:
    heads = [node("th", {"scope": "col"}, node("bdi", {}, _text(name))) for name in (first, *labels)]
    body = node("tbody", {}, *rows)
    if more:
        span = {"colspan": str(len(labels) + 1)}
        body.append(node("tr", {}, node("td", span, say("archive.more_files", count=count(more)))))
    made = node("table", {}, node("thead", {}, node("tr", {}, *heads)), body)
    return node("div", {"style": "overflow-x:auto", "tabindex": "0"}, made)


def _row(name: str, cells: Sequence[Node]) -> Node:
    return node("tr", {}, node("th", {"scope": "row"}, node("bdi", {}, _text(name))), *cells)


def _picture(item: Artifact | None, label: str, side: int) -> Node:
    if item is None:
        return _value(None, say("comparison.none"))
    data, mime = thumbnail(item.poster, side) if item.poster and side else (b"", "")
    if not data:
        return node("td", {}, node("span", {"class": "cy-a-quiet"}, say("comparison.not_shown")))
    source = f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
    return node("td", {}, node("img", {"src": source, "alt": _text(f"{item.name}, {label}"), "width": str(side)}))


def _value(text: str | None, absent: str) -> Node:
    if text is None:
        return node("td", {}, node("span", {"class": "cy-a-quiet"}, absent))
    return node("td", {}, node("bdi", {}, _text(text)))


def _text(text: str) -> str:
    return clean(text, limit=_CELL)
