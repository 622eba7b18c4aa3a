"""All benchmarks in one table: `python -m tests.bench`, or some: `python -m tests.bench decode imports`.

decode: events/s of this decoder and its peers. reading: CPU time per event from the socket, for one stream in a burst
and many with regular events. watching: a kernel with 1 to 1,000 tasks: busy cell, messages, memory; creating a card.
paint: from event to screen in JupyterLab. sheet: a sweep of 1,000 running tasks. crowd: 1,000 tasks in one notebook,
and the user's work next to them. imports: import time. download: throughput and memory.

Peers run in the same run, in turn, on the same machine: compare figures within one table only. Keep the machine idle
meanwhile. `--write` writes the table to README.md in this folder, and to results.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.bench import crowd, decode, download, imports, paint, reading, sheet, watching
from tests.bench.report import Row, as_json, conditions, markdown, table

BENCHES = {
    "decode": decode.measure,
    "reading": reading.measure,
    "watching": watching.measure,
    "paint": paint.measure,
    "sheet": sheet.measure,
    "crowd": crowd.measure,
    "imports": imports.measure,
    "download": download.measure,
}
FOLDER = Path(__file__).parent
BEGIN = "<!-- written by `make bench`: everything below this line -->"


def main() -> None:
    """Print the table, and store it with `--write`."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="|".join(BENCHES))
    parser.add_argument("--write", action="store_true", help="put the table into README.md and results.json")
    options = parser.parse_args()
    started, load = time.monotonic(), os.getloadavg()[0]
    rows: list[Row] = []
    for name in options.names or BENCHES:
        for row in BENCHES[name]():
            rows.append(row)
            sys.stderr.write("  ".join(filter(None, row.cells())) + "\n")
    sys.stdout.write(table(rows) + "\n")
    if options.write:
        write(rows, conditions(time.monotonic() - started, load))


def write(rows: list[Row], facts: list[tuple[str, str]]) -> None:
    """Write a run to README.md, below the handwritten text, and to results.json."""
    readme = FOLDER / "README.md"
    kept = readme.read_text(encoding="utf-8").partition(BEGIN)[0]
    about = "\n".join(f"- {name}: {value}" for name, value in facts)
    readme.write_text(f"{kept}{BEGIN}\n\n{about}\n\n{markdown(rows)}\n", encoding="utf-8")
    (FOLDER / "results.json").write_text(as_json(rows, facts), encoding="utf-8")


if __name__ == "__main__":
    main()
