"""The repository stays tidy: small modules, few per folder, a docstring for each folder, no build output in git."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "cyberun_widget"
MODULES_MAX = 12
LINES_MAX = 300

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts)
FOLDERS = sorted({path.parent for path in MODULES if path.name == "__init__.py"})


def named(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_folder_has_few_modules(folder):
    modules = [path.name for path in folder.glob("*.py") if path.name not in ("__init__.py", "__main__.py")]
    assert len(modules) <= MODULES_MAX, modules


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_folder_has_a_docstring(folder):
    about = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    assert about is not None
    assert len(about) >= 60


def test_git_contains_no_build_output():
    listed = subprocess.run(
        ["git", "ls-files", "cyberun_widget/static"], cwd=PROJECT, capture_output=True, check=True, text=True
    )
    assert [path for path in listed.stdout.split() if path.endswith((".js", ".mjs", ".css"))] == []


def test_test_files_have_unique_names():
    names = [path.name for path in (PROJECT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_is_short(module):
    assert len(module.read_text("utf-8").splitlines()) <= LINES_MAX
