"""Damaged files of every kind cause readable errors: no crash, no hang, no excessive memory.

`CYBERUN_FUZZ=50 pytest tests/content/test_fuzz.py` tests fifty times as many files; `CYBERUN_FUZZ_SEED` selects others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="measured with what POSIX tells of a process")

TIMES = int(os.environ.get("CYBERUN_FUZZ", "1"))
CASES = {"pictures": 200, "arrays": 250, "texts": 150, "models": 150, "tables": 60, "media": 4}
MEMORY = 256_000_000


@pytest.mark.timeout(90 + 60 * TIMES)
@pytest.mark.parametrize("group", CASES)
def test_damaged_files_cause_readable_errors(tmp_path, group):
    command = [sys.executable, "-W", "ignore", "-m", "tests.content.fuzzing", group, "--folder", str(tmp_path)]
    command += ["--cases", str(CASES[group] * TIMES), "--seed", os.environ.get("CYBERUN_FUZZ_SEED", "1")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ended by {done.returncode}; the file is the last case-* of {tmp_path}\n{done.stderr}"
    report = json.loads(done.stdout)
    assert report["faults"] == []
    assert report["seconds"] < 2, report["slowest"]
    assert report["grown"] < MEMORY, report["hungriest"]
    assert report["children"] < MEMORY
