"""ARCHITECTURE.md is true: every path in it exists, and it lists every layer of the contract."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
MAP = (PROJECT / "ARCHITECTURE.md").read_text("utf-8")
PATHS = sorted(set(re.findall(r"`((?:cyberun_widget|tests)/[\w./-]*|\w+\.(?:md|toml))`", MAP)))


@pytest.mark.parametrize("path", [path for path in PATHS if "/static/" not in path])
def test_a_path_in_the_architecture_exists(path):
    found = PROJECT / path
    assert found.is_dir() if path.endswith("/") else found.is_file()


def test_the_layers_in_the_architecture_are_those_of_the_contract_in_order():
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rows = re.findall(r"^\| \d+ \| ([^|]*) \|", MAP, re.MULTILINE)
    shown = {name: at for at, row in enumerate(rows) for name in re.findall(r"cyberun_widget/(\w+)", row)}
    contract = {name: at for at, layer in enumerate(layers) for name in re.findall(r"\w+", layer)}
    assert set(shown) == set(contract)
    assert sorted(contract, key=lambda name: (contract[name], shown[name])) == sorted(
        contract, key=lambda name: (shown[name], contract[name])
    )


def test_the_architecture_is_one_page_and_linked_from_the_readme():
    assert len(MAP.splitlines()) <= 110
    assert "](ARCHITECTURE.md)" in (PROJECT / "README.md").read_text("utf-8")
