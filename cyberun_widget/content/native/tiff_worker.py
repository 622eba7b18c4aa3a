"""The child process that decodes compressed TIFF files. Run as a script; it imports nothing of the package.

libtiff reports damaged files on the standard error of its process, past Python; the parent discards that. The job
comes as JSON on standard input, and the answer goes as JSON to standard output, `{"damaged": …}` where the file can't
be read.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer one job."""
    job = json.loads(sys.stdin.buffer.read())
    sys.path[:] = job["sys_path"]
    sys.stdout.buffer.write(json.dumps(decode(job)).encode())


def decode(job: dict[str, Any]) -> dict[str, Any]:
    """Decode the first page of a job's `path`, and write it to `out` uncompressed."""
    tiff = importlib.import_module("PIL.TiffImagePlugin")
    try:
        with Path(job["path"]).open("rb") as file:
            page = tiff.TiffImageFile(file, "")
            page.load()
            page.save(job["out"], "TIFF", compression="raw")
    except MemoryError:
        return {"trouble": "it takes too much memory"}
    except Exception as problem:  # noqa: BLE001 - whatever a decoder makes of a damaged file goes back as words
        return {"damaged": str(problem).partition("\n")[0] or type(problem).__name__}
    return {}


if __name__ == "__main__":
    main()
