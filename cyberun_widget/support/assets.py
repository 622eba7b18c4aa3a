"""The built front end: the scripts and style sheets of pages and archives. All files are generated."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

_REVISION: Final = 12  # digits; frontend/build.mjs uses the same number
STATIC: Final = Path(__file__).parents[1] / "static"


def text(name: str) -> str:
    """Return a built file's text, such as "card.css". Raises FileNotFoundError that names the build command."""
    return _existing(name).read_text("utf-8")


def content(name: str) -> bytes:
    """Return a built file's bytes. Raises like `text`."""
    return _existing(name).read_bytes()


def modules() -> frozenset[str]:
    """Return the names of scripts that pages load on demand: those without a style sheet, which each widget has."""
    return frozenset(path.stem for path in STATIC.glob("*.js") if not path.with_suffix(".css").exists())


def revision(name: str) -> str:
    """Return an identifier of a file's build: the first hexadecimal digits of its SHA-256."""
    return hashlib.sha256(content(name)).hexdigest()[:_REVISION]


def for_anywidget(name: str) -> str | Path:
    """Return the value for anywidget's `_esm` or `_css`.

    Returns text, because for a path anywidget keeps a hook to every widget ever made, and with it everything the widget
    holds. With ANYWIDGET_HMR set, for front-end development, returns the path: open cards then reload after each build.
    """
    return _existing(name) if os.environ.get("ANYWIDGET_HMR") else text(name)


def _existing(name: str) -> Path:
    path = STATIC / name
    if not path.is_file():
        raise FileNotFoundError(
            f"cyberun-widget's front end isn't built: {path} is missing. In a checkout run"
            " `python cyberun_widget/frontend/hatch_build.py` (or `pip install -e .`); elsewhere install the wheel."
        )
    return path
