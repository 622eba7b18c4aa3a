"""Compressed TIFF pictures, decoded by a child process, because libtiff prints its complaints about damaged files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

from cyberun_widget.content.native import tiff_worker
from cyberun_widget.content.native.process import ask
from cyberun_widget.errors import CyberunError

_MEMORY: Final = 1024 * 1024 * 1024  # bytes of address space: twice the decoded page, plus Python and Pillow
_SECONDS: Final = 10.0  # of processor time
_PATIENCE: Final = 20.0  # seconds of wall time: the machine may be busy
_ANSWER_MAX: Final = 64 * 1024


def first_page(path: Path) -> Image.Image:
    """Return the first page of a TIFF file. The caller has checked its size. Raises CyberunError."""
    with tempfile.TemporaryDirectory(prefix="cyberun-") as folder:
        out = Path(folder) / "page.tiff"
        job = {"path": str(path.absolute()), "out": str(out)}
        told = ask(tiff_worker, job, seconds=_PATIENCE, most=_ANSWER_MAX, memory=_MEMORY, processor=_SECONDS)
        if "damaged" in told:
            raise CyberunError(f"The image is damaged ({told['damaged']}). Download it again.")
        if "trouble" in told:
            raise CyberunError(f"The image can't be previewed: {told['trouble']}.")
        with Image.open(out, formats=["TIFF"]) as page:
            page.load()
            return page
