"""The demo's notebooks: those of a checkout, or copies of the packaged ones in the working directory."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from cyberun_widget.errors import ConfigurationError

FIRST: Final = "quickstart.ipynb"
_PACKAGE: Final = Path(__file__).parents[1]


def notebooks() -> list[Path]:
    """Return the notebooks, the quickstart first.

    Existing files with these names are kept, since they may contain the user's work. Raises ConfigurationError if the
    notebooks are missing or can't be copied.
    """
    in_checkout = _PACKAGE.parent / "notebooks"
    if (in_checkout / FIRST).is_file():
        return _sorted(in_checkout)
    shipped = _sorted(_PACKAGE / "notebooks")
    if not shipped:
        raise ConfigurationError("The notebooks are missing from this installation. Reinstall cyberun-widget.")
    copies = [Path.cwd() / path.name for path in shipped]
    for path, copy in zip(shipped, copies, strict=True):
        if copy.exists():
            continue
        try:
            shutil.copyfile(path, copy)
        except OSError as error:
            raise ConfigurationError(
                f"{path.name} can't be copied here ({error.strerror}). Start the demo in a writable folder."
            ) from None
    return copies


def _sorted(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ipynb"), key=lambda path: (path.name != FIRST, path.name))
