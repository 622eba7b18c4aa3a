"""The notebooks that the demo shows: a checkout's own, or copies of the shipped ones in the present folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from cyberun_widget.errors import ConfigurationError

FIRST: Final = "quickstart.ipynb"
_PACKAGE: Final = Path(__file__).parents[1]


def notebooks() -> list[Path]:
    """Return the notebooks to work with, the quickstart first.

    Existing files of these names stay as they are: they may hold the user's work. Raises ConfigurationError where the
    notebooks are missing or can't be copied.
    """
    in_checkout = _PACKAGE.parent / "notebooks"
    if (in_checkout / FIRST).is_file():
        return _sorted(in_checkout)
    shipped = _sorted(_PACKAGE / "notebooks")
    if not shipped:
        raise ConfigurationError("The notebooks are missing from this installation; install cyberun-widget again.")
    copies = [Path.cwd() / path.name for path in shipped]
    for path, copy in zip(shipped, copies, strict=True):
        if copy.exists():
            continue
        try:
            shutil.copyfile(path, copy)
        except OSError as error:
            raise ConfigurationError(
                f"{path.name} can't be copied here ({error.strerror}); start the demo in a writable folder."
            ) from None
    return copies


def _sorted(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ipynb"), key=lambda path: (path.name != FIRST, path.name))
