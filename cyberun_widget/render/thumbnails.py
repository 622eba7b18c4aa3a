"""Thumbnails of posters, cached."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

from PIL import Image, features

KEPT: Final = 1_024
"""Cached thumbnails, of about 6 kB each."""
_QUALITY: Final = 72


@lru_cache(maxsize=KEPT)
def thumbnail(poster: bytes, side: int) -> tuple[bytes, str]:
    """Return a poster reduced to `side` pixels per side, and its MIME type. Empty if it can't be read."""
    try:
        with Image.open(io.BytesIO(poster)) as opened:
            small = opened.convert("RGBA" if "A" in opened.getbands() else "RGB")
            small.thumbnail((side, side), Image.Resampling.LANCZOS)
            out = io.BytesIO()
            webp = features.check("webp")
            small.save(out, "WEBP", quality=_QUALITY, method=2) if webp else small.save(out, "PNG")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b"", ""
    return out.getvalue(), "image/webp" if webp else "image/png"
