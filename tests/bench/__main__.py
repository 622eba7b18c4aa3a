"""All benchmarks, one command, one table: `python -m tests.bench`, or some: `python -m tests.bench decode memory`.

decode: events/s of our decoder, httpx-sse and sseclient-py. watching: from the wire to the trait, what a watched task
costs a busy cell, memory a task. download: throughput and memory of ours, curl and httpx. Peers run in the same run, in
turn, on the same machine: compare the figures of one table, never of two. Keep the machine idle meanwhile.
"""

from __future__ import annotations

import argparse
import sys

from tests.bench import decode, download, watching
from tests.bench.report import table

BENCHES = {"decode": decode.measure, "watching": watching.measure, "download": download.measure}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="|".join(BENCHES))
    names = parser.parse_args().names or list(BENCHES)
    rows = [row for name in names for row in BENCHES[name]()]
    sys.stdout.write(table(rows) + "\n")


if __name__ == "__main__":
    main()
