"""The static copy of a form or a list, which a saved notebook shows without a kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberun_widget.render.html_nodes import PLAIN, Node, html, node
from cyberun_widget.render.static_card import style
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CELL: int = 200  # characters


def form(title: str, slug: str, values: Mapping[str, str], code: str) -> str:
    """Return the HTML of a form: its values by label, and the code that opens it again."""
    pairs = [_pair(label, text) for label, text in values.items()]
    foot = node("footer", {}, node("p", {}, node("code", {"dir": "ltr"}, code)))
    return html(_root(_head(title, slug), node("dl", {}, *pairs) if pairs else None, foot))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the HTML of a list as a plain table."""
    head = node("thead", {}, node("tr", {}, *(node("th", {"scope": "col"}, _text(name)) for name in columns)))
    body = node(
        "tbody", {}, *(node("tr", {}, *(node("td", {"dir": "auto"}, _text(cell)) for cell in row)) for row in rows)
    )
    return html(_root(_head(title, ""), node("table", {}, head, body)))


def _root(*parts: Node | None) -> Node:
    about = {"class": f"cyberun-archive {PLAIN}", "data-status": "static"}
    return node("div", about, node("style", {}, style()), node("article", {}, *parts))


def _head(title: str, slug: str) -> Node:
    # tocSkip: JupyterLab lists headings in outputs in its table of contents, even hidden ones.
    name = node("h4", {"class": "tocSkip jp-toc-ignore"}, node("bdi", {}, _text(title)))
    return node("header", {}, name, node("code", {}, _text(slug)) if slug else None)


def _pair(label: str, text: str) -> Node:
    return node("div", {}, node("dt", {}, _text(label)), node("dd", {}, node("bdi", {}, _text(text))))


def _text(text: str) -> str:
    return clean(text, limit=_CELL)
