"""The child process that decodes compressed TIFF files. Run as a script, without importing the package.

libtiff reports damaged files directly on standard error, bypassing Python; the parent discards that. The job is read
as JSON from standard input, and the answer written as JSON to standard output, `{"damaged": …}` if the file can't be
read.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Process one job."""
    job = json.loads(sys.stdin.buffer.read())
    sys.path[:] = job["sys_path"]
    sys.stdout.buffer.write(json.dumps(decode(job)).encode())


def decode(job: dict[str, Any]) -> dict[str, Any]:
    """Decode the first page of the job's `path`, and write it uncompressed to `out`."""
    tiff = importlib.import_module("PIL.TiffImagePlugin")
    try:
        with Path(job["path"]).open("rb") as file:
            page = tiff.TiffImageFile(file, "")
            page.load()
            page.save(job["out"], "TIFF", compression="raw")
    except MemoryError:
        return {"trouble": "it needs too much memory"}
    except Exception as problem:  # noqa: BLE001 - a damaged file may raise anything; it is returned as text
        return {"damaged": str(problem).partition("\n")[0] or type(problem).__name__}
    return {}


if __name__ == "__main__":
    main()
