"""The built front end: the scripts and style sheets that pages and archives get. Nothing in it is hand-written."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

_REVISION: Final = 12  # digits; frontend/build.mjs has the same
STATIC: Final = Path(__file__).parents[1] / "static"


def text(name: str) -> str:
    """Return a built file, such as "card.css". Raises FileNotFoundError that names the command that builds it."""
    return _existing(name).read_text("utf-8")


def content(name: str) -> bytes:
    """Return a built file's bytes. Raises like `text`."""
    return _existing(name).read_bytes()


def modules() -> frozenset[str]:
    """Return the names of the scripts that pages load on demand: those that are no widget, which has a style sheet."""
    return frozenset(path.stem for path in STATIC.glob("*.js") if not path.with_suffix(".css").exists())


def revision(name: str) -> str:
    """Return what tells one build of a file from another: the first hexadecimal digits of its SHA-256."""
    return hashlib.sha256(content(name)).hexdigest()[:_REVISION]


def for_anywidget(name: str) -> str | Path:
    """Return what anywidget takes as `_esm` or `_css`.

    Text, since for a path anywidget keeps a hook to every widget there ever was, and with it all that the widget
    holds. With ANYWIDGET_HMR set, as while working on the front end, the path: open cards then follow each build.
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
