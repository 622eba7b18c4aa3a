"""What several kinds of tests use."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def ipykernel6_folder(pytestconfig: pytest.Config) -> Path:
    """A folder that, put on PYTHONPATH, makes ipykernel a 6. Fetched once, kept in pytest's cache."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("ipykernel6")
    if not (folder / "ipykernel").is_dir():
        # Only these two: all else of it is what the current ipykernel needs too.
        wanted = ["--no-deps", "ipykernel<7", "nest-asyncio"]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), *wanted]
        subprocess.run(command, check=True, timeout=120)
    return folder
