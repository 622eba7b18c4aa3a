"""Builds HTML as a tree, so that text can't become markup. Pure.

The standard library's element tree escapes all text and attributes and knows HTML's void elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET  # only written here, never parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

Node = ET.Element

PLAIN: Final = "tex2jax_ignore mathjax_ignore"
"""The class of the outermost element of every HTML output, which keeps "$5 and $6" from being typeset as a formula.

MathJax 3 (JupyterLab, Notebook 7, Voila) skips `mathjax_ignore`, MathJax 2 (nbconvert) skips `tex2jax_ignore`.
"""


def node(tag: str, attributes: Mapping[str, str], *children: Node | str | None) -> Node:
    """Return an element. String children are text; None is skipped."""
    made = ET.Element(tag, dict(attributes))
    for child in children:
        if isinstance(child, str):
            if len(made):
                made[-1].tail = (made[-1].tail or "") + child
            else:
                made.text = (made.text or "") + child
        elif child is not None:
            made.append(child)
    return made


def html(root: Node) -> str:
    """Return the element as HTML. The content of `style` is not escaped, as HTML requires."""
    return ET.tostring(root, encoding="unicode", method="html")
