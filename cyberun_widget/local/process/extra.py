"""The optional dependencies of the local server, and the error when one is missing."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

_MODULES: Final = ("starlette", "uvicorn", "sse_starlette", "numpy", "imageio_ffmpeg", "PIL")


def require_extra() -> None:
    """Check that the server's dependencies are installed.

    Raises ImportError that names the install command, if one is missing.
    """
    missing = [name for name in _MODULES if find_spec(name) is None]
    if missing:
        raise ImportError(
            f'The local server needs {", ".join(missing)}, which is not installed: pip install "cyberun-widget[local]"',
            name=missing[0],
        )
