"""A bounded look into data files: the first rows of a table, the list of an archive."""

from __future__ import annotations

import importlib
import math
import os
import zipfile
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.support.units import count, data_size, many

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cyberun_widget.content.file import File

ROWS: Final = 200
COLUMNS: Final = 50
CELL: Final = 200  # characters of a cell
ENTRIES: Final = 1_000
_DIRECTORY: Final = 32 * 1024 * 1024  # bytes of a zip's directory
_BROKEN: Final = (  # what the readers raise for damaged files
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    MemoryError,
    NotImplementedError,
    SyntaxError,
    zipfile.BadZipFile,
)


def preview(file: File) -> dict[str, Any]:
    """Return what a page shows of a file that it can't read itself. JSON types only. Reads the file: blocks.

    One of {"columns": [str], "dtypes": [str], "rows": [[cell]], "total_rows": int | None, "note": str} with cells that
    are strings, numbers, booleans or null, {"entries": [{"name", "size"}], "total": int, "note": str} or, for a file
    that can't be looked into, {"note": str}. At most 200 rows, 50 columns and 1,000 entries.
    """
    reader = _READERS.get(file.mime)
    if reader is None:
        return {"note": ""}
    try:
        return reader(file.path)
    except ImportError as problem:
        return {
            "note": f"{problem.name or 'A library'} isn't installed, so there is no preview. Save the file to open it."
        }
    except _BROKEN as problem:
        return {"note": f"The file can't be read as {file.mime}: {str(problem)[:200]}"}


# --- tables ----------------------------------------------------------------------------------------------------------


def _parquet(path: Path) -> dict[str, Any]:
    file = importlib.import_module("pyarrow.parquet").ParquetFile(path)
    try:
        batch = next(file.iter_batches(batch_size=ROWS), None)
        return _of_arrow(file.schema_arrow, batch, file.metadata.num_rows)
    finally:
        file.close()


def _arrow(path: Path) -> dict[str, Any]:
    ipc = importlib.import_module("pyarrow.ipc")
    with path.open("rb") as raw, ipc.open_file(raw) as reader:
        batches = reader.num_record_batches
        batch = reader.get_batch(0) if batches else None
        total = batch.num_rows if batch is not None and batches == 1 else None
        return _of_arrow(reader.schema, batch, total)


def _of_arrow(schema: Any, batch: Any, total: int | None) -> dict[str, Any]:
    columns = [(field.name, str(field.type)) for field in schema]
    rows: list[list[Any]] = []
    if batch is not None:
        kept = batch.slice(0, ROWS)
        cells = [kept.column(at).to_pylist() for at in range(min(kept.num_columns, COLUMNS))]
        rows = [list(row) for row in zip(*cells, strict=True)]
    return _table(columns, rows, total)


def _npy(path: Path) -> dict[str, Any]:
    numpy = importlib.import_module("numpy")
    array = numpy.load(path, mmap_mode="r", allow_pickle=False)
    shape = " x ".join(str(side) for side in array.shape) or "a single value"
    note = f"{array.dtype}, {shape}"
    if array.dtype.names:
        columns = [(name, str(array.dtype[name])) for name in array.dtype.names]
        return _table(columns, [list(row) for row in array.reshape(-1)[:ROWS].tolist()], int(array.size), note)
    flat = array.reshape(1, 1) if array.ndim == 0 else array.reshape(array.shape[0], math.prod(array.shape[1:]))
    corner = flat[:ROWS, :COLUMNS]
    columns = [(str(at), str(array.dtype)) for at in range(min(flat.shape[1], COLUMNS + 1))]
    return _table(columns, corner.tolist(), int(flat.shape[0]), note)


def _table(columns: list[tuple[str, str]], rows: list[list[Any]], total: int | None, note: str = "") -> dict[str, Any]:
    notes = [note] if note else []
    shown = min(len(rows), ROWS)
    if total is None or total > shown:
        notes.append(f"The first {shown:,} of {total:,} rows" if total is not None else f"The first {shown:,} rows")
    if len(columns) > COLUMNS:
        notes.append(f"the first {COLUMNS} columns")
    return {
        "columns": [name[:CELL] for name, _ in columns[:COLUMNS]],
        "dtypes": [dtype for _, dtype in columns[:COLUMNS]],
        "rows": [[_cell(cell) for cell in row[:COLUMNS]] for row in rows[:ROWS]],
        "total_rows": total,
        "note": ", ".join(notes),
    }


def _cell(value: Any) -> str | float | bool | None:
    """Return a cell as JSON: a number that JSON and a page can hold as it is, anything else as short text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and math.isfinite(value) and abs(value) <= 2**53:
        return value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


# --- archives -----------------------------------------------------------------------------------------------


def _zip(path: Path) -> dict[str, Any]:
    """List an archive by its directory alone: nothing is unpacked, so a bomb stays asleep."""
    if _directory_size(path) > _DIRECTORY:
        return {"entries": [], "total": 0, "note": "The archive's directory is too large to list."}
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    files = [info for info in infos if not info.is_dir()]
    packed, full = path.stat().st_size, sum(info.file_size for info in files)
    note = f"{many(len(files), 'file')}, {data_size(full)} unpacked"
    if full > 100 * max(packed, 1):
        note += f"; that is {count(full // max(packed, 1))} times its size: unpack it with care"
    if len(files) > ENTRIES:
        note += f"; the first {count(ENTRIES)} are listed"
    entries = [{"name": _cell(info.filename), "size": info.file_size} for info in files[:ENTRIES]]
    return {"entries": entries, "total": len(files), "note": note}


def _directory_size(path: Path) -> int:
    """Return the bytes of the central directory as the archive's end states them (APPNOTE 4.3.16), 0 if it doesn't."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 66_000, 0))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    stated = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    return size if stated == 0xFFFFFFFF else stated  # noqa: PLR2004 - a 64-bit archive: as large as can be


_READERS: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {
    "application/vnd.apache.parquet": _parquet,
    "application/vnd.apache.arrow.file": _arrow,
    "application/x-npy": _npy,
    "application/x-npz": _zip,
    "application/zip": _zip,
}
