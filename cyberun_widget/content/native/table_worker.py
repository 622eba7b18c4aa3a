"""The child process that reads Arrow, Feather and Parquet files. Run as a script, without importing the package.

It reads a job as JSON from standard input and writes its answer as JSON to standard output, `{"trouble": …}` if the
file can't be read. Each batch is fully validated before any value is read. Memory and processor time are limited once
the libraries are loaded.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PARQUET: Final = "application/vnd.apache.parquet"
OLDEST: Final = (14, 0, 1)
"""The oldest safe pyarrow: earlier ones run code embedded in files (CVE-2023-47248)."""
CELL: Final = 200
"""The most characters of a cell."""

_COLUMN_MAX: Final = 16 * 1024 * 1024  # bytes of one column's first rows
_BATCH: Final = 65_536  # rows
_GROUPS: Final = 8  # row groups that are read for the first rows


def main() -> None:
    """Process one job."""
    job = json.loads(sys.stdin.buffer.read())
    sys.path[:] = job["sys_path"]
    sys.stdout.buffer.write(json.dumps(answer(job)).encode())


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Read a job's file. Write the whole table to the job's `out` if given, else return the first rows."""
    try:
        arrow = importlib.import_module("pyarrow")
        importlib.import_module("pyarrow.parquet")
    except ImportError as problem:
        return {"missing": problem.name or "pyarrow"}
    if version(arrow.__version__) < OLDEST:
        return {"old": arrow.__version__}
    limit(job["memory"], job["seconds"])
    try:
        return _convert(arrow, job) if job.get("out") else _first_rows(arrow, job)
    except MemoryError:
        return {"trouble": "it needs too much memory"}
    except Exception as problem:  # noqa: BLE001 - a damaged file may raise anything; it is returned as text
        return {"trouble": str(problem).partition("\n")[0][:CELL] or type(problem).__name__}


def version(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version."""
    parts = text.split(".")[:3]
    return tuple(int("".join(char for char in part if char.isdigit()) or 0) for part in parts)


def limit(memory: int, seconds: float) -> None:
    """Limit further memory (bytes) and processor time (seconds) of this process, where the system supports it."""
    try:
        resource, signal = importlib.import_module("resource"), importlib.import_module("signal")
    except ImportError:
        return
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # no /proc, or a stricter limit already
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no need to load pathlib
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))


# --- the first rows --------------------------------------------------------------------------------------------------


def _first_rows(arrow: Any, job: dict[str, Any]) -> dict[str, Any]:
    with arrow.OSFile(job["path"]) as file:
        schema, total, batches = _opened(arrow, file, job["mime"], rows=job["rows"], columns=job["columns"])
        rows: list[list[Any]] = []
        for batch in batches:
            batch.validate(full=True)
            rows += _rows(arrow, batch.slice(0, job["rows"] - len(rows)))
            if len(rows) >= job["rows"]:
                break
    columns = [[field.name[:CELL], str(field.type)[:CELL]] for field in list(schema)[: job["columns"] + 1]]
    return {"columns": columns, "rows": rows, "total": total}


def _opened(arrow: Any, file: Any, mime: str, *, rows: int, columns: int) -> tuple[Any, int | None, Iterator[Any]]:
    """Return the schema, the number of rows (None if unknown) and the batches, for the first columns only."""
    if mime == PARQUET:
        source = _parquet(file)
        names = source.schema_arrow.names[:columns]
        groups, found = [], 0
        for group in range(min(source.num_row_groups, _GROUPS)):
            groups.append(group)
            found += source.metadata.row_group(group).num_rows
            if found >= rows:
                break
        few = None if len(source.schema_arrow.names) <= columns else names
        batches = source.iter_batches(batch_size=rows, row_groups=groups, columns=few, use_threads=False)
        return source.schema_arrow, source.metadata.num_rows, batches
    ipc = arrow.ipc
    schema = ipc.open_file(file).schema
    chosen = ipc.IpcReadOptions(included_fields=list(range(min(columns, len(schema)))), use_threads=False)
    source = ipc.open_file(file, options=chosen)
    count = source.num_record_batches
    total = source.get_batch(0).num_rows if count == 1 else 0 if not count else None
    return schema, total, (source.get_batch(index) for index in range(count))


def _parquet(file: Any) -> Any:
    """Open a Parquet file so that columns are read page by page and the size of its metadata is limited."""
    return importlib.import_module("pyarrow.parquet").ParquetFile(
        file,
        buffer_size=65_536,
        pre_buffer=False,
        thrift_string_size_limit=16_000_000,
        thrift_container_size_limit=1_000_000,
    )


def _rows(arrow: Any, batch: Any) -> list[list[Any]]:
    columns: list[list[Any]] = []
    for column in batch.columns:
        if column.nbytes > _COLUMN_MAX:
            columns.append(["…"] * batch.num_rows)
            continue
        if arrow.types.is_temporal(column.type):  # Python's types have no year 0, and pandas takes a second to load
            column = column.cast(arrow.string())  # noqa: PLW2901 - the same column, as text
        try:
            values = column.to_pylist()
        except (ValueError, OverflowError, arrow.ArrowException):  # a nested value without a Python type
            values = ["…"] * batch.num_rows
        columns.append([cell(value) for value in values])
    return [list(row) for row in zip(*columns, strict=True)]


def cell(value: Any) -> str | float | bool | None:
    """Return a value as JSON: unchanged if JSON and JavaScript represent it exactly, else as short text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and math.isfinite(value) and abs(value) <= 2**53:
        return value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


# --- the whole table -------------------------------------------------------------------------------------------------


def _convert(arrow: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Write the whole table to `out` as an Arrow stream of validated batches, at most `most` bytes."""
    with arrow.OSFile(job["path"]) as file:
        schema, width, batches = _whole(arrow, file, job["path"], job["mime"])
        size = width
        if size <= job["most"]:
            size = 0
            with arrow.OSFile(job["out"], "wb") as sink, arrow.ipc.new_stream(sink, schema) as writer:
                for batch in batches:
                    batch.validate(full=True)
                    size += batch.nbytes
                    if size > job["most"]:
                        break
                    writer.write_batch(batch)
    return {"large": size} if size > job["most"] else {"size": size}


def _whole(arrow: Any, file: Any, path: str, mime: str) -> tuple[Any, int, Iterator[Any]]:
    """Return the schema, a lower bound of the values' size in bytes, and the batches."""
    if mime == PARQUET:
        source = _parquet(file)
        schema = source.schema_arrow
        width = sum(_bits(field.type) for field in schema) // 8
        return schema, source.metadata.num_rows * width, source.iter_batches(batch_size=_BATCH, use_threads=False)
    with open(path, "rb") as head:  # noqa: PTH123 - no need to load pathlib
        first = head.read(4) == b"FEA1"
    if first:
        table = importlib.import_module("pyarrow.feather").read_table(path, use_threads=False, memory_map=False)
        return table.schema, table.nbytes, iter(table.to_batches(max_chunksize=_BATCH))
    source = arrow.ipc.open_file(file)
    return source.schema, 0, (source.get_batch(index) for index in range(source.num_record_batches))


def _bits(kind: Any) -> int:
    try:
        return int(kind.bit_width)
    except (ValueError, AttributeError):  # no fixed width
        return 0


if __name__ == "__main__":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    main()
