"""httpx2 under httpx's name: runs the HTTP tests again, in a separate process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
# The tests that depend on what httpx or httpcore raise, log, decompress or expose.
CHOSEN = (
    "api/test_body.py",
    "api/test_encoding.py",
    "api/test_environment.py",
    "api/test_interim.py",
    "api/test_secrets.py",
    "api/test_sending.py",
    "api/test_streaming.py",
    "api/test_submission.py",
    "api/test_tls.py",
    "api/test_upload_links.py",
)
ARGUMENTS = [
    "-q",
    "-x",
    "-p",
    "no:cacheprovider",
    "-n0",
    "-k",
    "not notebook and not bomb and not stand_in",
    *(str(TESTS / name) for name in CHOSEN),
]
RUN = f"""
import sys
import httpx2
httpx2.alias_httpx()
import httpx
assert httpx is httpx2
import pytest
sys.exit(pytest.main({ARGUMENTS!r}))
"""


def test_the_http_tests_pass_with_httpx2():
    command = [sys.executable, "-c", RUN]
    run = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, timeout=280, check=False)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
