"""Bounded previews of data files: the first rows of a table, the corner of an array, the entries of an archive."""

from __future__ import annotations

import importlib
import io
import math
import struct
import tokenize
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.content.archives import beginning, listing
from cyberun_widget.content.native.table_worker import PARQUET, cell
from cyberun_widget.content.native.tables import first_rows
from cyberun_widget.errors import CyberunError
from cyberun_widget.support.units import count, data_size, many

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cyberun_widget.content.file import File

ROWS: Final = 200
COLUMNS: Final = 50
ENTRIES: Final = 1_000
_ARRAYS: Final = 100  # arrays of an .npz file whose headers are read
_HEADER: Final = 12_000  # bytes that contain an array's header
_ITEM_MAX: Final = 4 * 1024  # bytes of one structured element
BROKEN: Final = (  # raised when a damaged array or archive is read
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,  # an encrypted entry, or excessive nesting
    SyntaxError,
    SystemError,  # NumPy, for text that isn't Unicode
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def preview(file: File) -> dict[str, Any]:
    """Return a preview, in JSON types, of a file that the page can't read. Blocks: it reads the file.

    One of {"columns": [str], "dtypes": [str], "rows": [[cell]], "total_rows": int | None, "note": str} with cells that
    are strings, numbers, booleans or null; {"entries": [{"name", "size"}], "total": int, "note": str}; or, for a file
    without a preview, {"note": str}. At most 200 rows, 50 columns and 1,000 entries.
    """
    reader = _READERS.get(file.mime)
    if reader is None:
        return {"note": ""}
    try:
        return reader(file.path)
    except CyberunError as problem:
        return {"note": str(problem)}
    except ImportError as problem:
        return {
            "note": f"{problem.name or 'A library'} is not installed, so there is no preview. Save the file to open it."
        }
    except BROKEN as problem:
        return {"note": f"The file can't be read as {file.mime}: {str(problem)[:200]}"}


# --- tables ----------------------------------------------------------------------------------------------------------


def _parquet(path: Path) -> dict[str, Any]:
    return _native(path, PARQUET)


def _arrow(path: Path) -> dict[str, Any]:
    return _native(path, "application/vnd.apache.arrow.file")


def _native(path: Path, mime: str) -> dict[str, Any]:
    told = first_rows(path, mime, rows=ROWS, columns=COLUMNS)
    return _table([(str(name), str(kind)) for name, kind in told["columns"]], told["rows"], told["total"])


def _npy(path: Path) -> dict[str, Any]:
    """Preview the corner of an array, as rows of its first axis. Maps the file and copies only the corner."""
    numpy = importlib.import_module("numpy")
    array = numpy.load(path, mmap_mode="r", allow_pickle=False)
    note = _described(array.dtype, array.shape)
    if array.dtype.itemsize > _ITEM_MAX:
        return {"note": f"{note}: its elements are too large to show."}
    if array.dtype.names:
        columns = [(name, str(array.dtype[name])) for name in array.dtype.names]
        return _table(columns, [list(row) for row in array.flat[:ROWS].tolist()], int(array.size), note)
    if array.ndim == 0:
        return _table([("0", str(array.dtype))], [[array.item()]], 1, note)
    width = math.prod(array.shape[1:])
    places = numpy.unravel_index(numpy.arange(min(width, COLUMNS)), array.shape[1:]) if array.ndim > 1 else ()
    rows = array[(numpy.arange(min(len(array), ROWS))[:, None], *places)].tolist() if width else []
    columns = [(str(at), str(array.dtype)) for at in range(min(width, COLUMNS + 1))]
    return _table(columns, rows, len(array), note)


def _npz(path: Path) -> dict[str, Any]:
    """List the arrays of an .npz file from their headers."""
    found = listing(path)
    rows: list[list[Any]] = []
    for entry in found.entries[:_ARRAYS]:
        shape, dtype = _header(beginning(path, entry, _HEADER))
        rows.append([entry.name.removesuffix(".npy"), dtype, shape, data_size(entry.size)])
    columns = [("array", "text"), ("type", "text"), ("shape", "text"), ("size", "text")]
    return _table(columns, rows, len(found.entries))


def _header(data: bytes) -> tuple[str, str]:
    """Return an array's shape and type from the start of its file, "?" if it isn't an array."""
    if not data.startswith(b"\x93NUMPY"):
        return "?", "?"
    formats = importlib.import_module("numpy.lib.format")
    source = io.BytesIO(data)
    major, _minor = formats.read_magic(source)
    shape, _order, dtype = (formats.read_array_header_1_0 if major == 1 else formats.read_array_header_2_0)(source)
    return _shape(shape), str(dtype)[:ROWS]


def _described(dtype: Any, shape: tuple[int, ...]) -> str:
    return f"{str(dtype)[:ROWS]}, {_shape(shape)}"


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape) or "a single value"


def _table(columns: list[tuple[str, str]], rows: list[list[Any]], total: int | None, note: str = "") -> dict[str, Any]:
    notes = [note] if note else []
    shown = min(len(rows), ROWS)
    if total is None or total > shown:
        notes.append(f"The first {shown:,} of {total:,} rows" if total is not None else f"The first {shown:,} rows")
    if len(columns) > COLUMNS:
        notes.append(f"the first {COLUMNS} columns")
    return {
        "columns": [str(cell(name)) for name, _ in columns[:COLUMNS]],
        "dtypes": [str(cell(dtype)) for _, dtype in columns[:COLUMNS]],
        "rows": [[cell(value) for value in row[:COLUMNS]] for row in rows[:ROWS]],
        "total_rows": total,
        "note": ", ".join(notes),
    }


# --- archives --------------------------------------------------------------------------------------------------------


def _zip(path: Path) -> dict[str, Any]:
    """List an archive from its directory."""
    found = listing(path)
    packed, full = path.stat().st_size, sum(entry.size for entry in found.entries)
    total = len(found.entries) if found.whole else max(found.stated, len(found.entries))
    note = many(total, "file")
    if found.whole:
        note += f", {data_size(full)} unpacked"
    if full > 100 * max(packed, 1):
        note += f"; that is {count(full // max(packed, 1))} times its size: unpack it with care"
    if total > ENTRIES:
        note += f"; the first {count(ENTRIES)} are listed"
    entries = [{"name": cell(entry.name), "size": entry.size} for entry in found.entries[:ENTRIES]]
    return {"entries": entries, "total": total, "note": note}


_READERS: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {
    PARQUET: _parquet,
    "application/vnd.apache.arrow.file": _arrow,
    "application/x-npy": _npy,
    "application/x-npz": _npz,
    "application/zip": _zip,
}
