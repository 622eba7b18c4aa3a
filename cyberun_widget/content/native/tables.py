"""Arrow, Feather and Parquet tables, read by a child process: the first rows for a page, all rows for pandas."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.content.native import table_worker
from cyberun_widget.content.native.process import ask
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.units import data_size

if TYPE_CHECKING:
    from cyberun_widget.content.file import File

TABLE_MAX: Final = 1024 * 1024 * 1024
"""The most bytes of a table that is converted to a DataFrame."""

_MEMORY: Final = 160 * 1024 * 1024  # bytes for reading the first rows, in addition to the libraries
_WHOLE_MEMORY: Final = 768 * 1024 * 1024  # likewise, for a whole table, read batch by batch
_ANSWER_MAX: Final = 32 * 1024 * 1024
_SECONDS: Final = 2.0  # of processor time, once the libraries are loaded
_PATIENCE: Final = 20.0  # seconds of wall time, including loading: the machine may be busy
_WHOLE_SECONDS: Final = 60.0
_SETTINGS: Final = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # others reserve gigabytes of address space
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def first_rows(path: Path, mime: str, *, rows: int, columns: int) -> dict[str, Any]:
    """Return a table's first rows: {"columns": [[name, type]], "rows": [[cell]], "total": int | None}.

    Raises a readable CyberunError if the file can't be read or crashes its reader.
    """
    job = {"rows": rows, "columns": columns, "memory": _MEMORY, "seconds": _SECONDS}
    return _ask(path, mime, job, _PATIENCE)


def dataframe(file: File) -> Any:
    """Return the whole table as a pandas DataFrame.

    A child process reads and validates the file and writes a clean copy, which is the only file opened here. Raises
    CyberunError, also for a table larger than `TABLE_MAX` bytes.
    """
    with tempfile.TemporaryDirectory(prefix="cyberun-") as folder:
        out = Path(folder) / "table.arrow"
        job = {"out": str(out), "most": TABLE_MAX, "memory": _WHOLE_MEMORY, "seconds": _WHOLE_SECONDS}
        told = _ask(file.path, file.mime, job, 2 * _WHOLE_SECONDS)
        if "large" in told:
            raise CyberunError(
                f"{file.name} expands to a table of at least {data_size(told['large'])}. If you trust it, read it with "
                f"pandas from {file.path}."
            )
        arrow = importlib.import_module("pyarrow")
        with arrow.OSFile(str(out)) as source, arrow.ipc.open_stream(source) as stream:
            return stream.read_all().to_pandas()


def _ask(path: Path, mime: str, job: dict[str, Any], patience: float) -> dict[str, Any]:
    """Run a job in a child process, and return its answer. Raises a readable CyberunError."""
    job |= {"path": str(path.absolute()), "mime": mime}
    told = ask(table_worker, job, seconds=patience, most=_ANSWER_MAX, settings=_SETTINGS)
    if "missing" in told:
        raise CyberunError(f"{told['missing']} isn't installed, and this table needs it: pip install pyarrow")
    if "old" in told:
        raise CyberunError(
            f"pyarrow {told['old']} runs code embedded in tables (CVE-2023-47248), so it isn't used for downloaded "
            f"files. Update it: pip install -U pyarrow"
        )
    if "trouble" in told:
        raise CyberunError(f"The table can't be read: {told['trouble']}.")
    return told
