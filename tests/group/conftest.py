"""A separate cache and ledger for each test, and the end of everything that it watched."""

from __future__ import annotations

import pytest
from ipywidgets import Widget


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(autouse=True)
def closed_groups(own_folders):
    """Close all groups: one that a test leaves open would try to reach its server forever."""
    yield
    Widget.close_all()
