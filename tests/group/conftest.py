"""A cache and a ledger of its own for each test, and an end to all that it watched."""

from __future__ import annotations

import pytest
from ipywidgets import Widget


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(autouse=True)
def closed_groups(own_folders):
    """A group goes on until it is closed: what a test leaves open would try to reach its server for ever."""
    yield
    Widget.close_all()
