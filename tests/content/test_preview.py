"""A bounded look into data files."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from cyberun_widget.content.file import File
from cyberun_widget.content.inspect import inspect
from cyberun_widget.content.preview import preview


def shown(path):
    found = inspect(path, path.name, "", 0)
    made = preview(File(path, path.name, found.kind, found.mime))
    json.dumps(made)
    return made


@pytest.fixture
def frame():
    return pd.DataFrame({"step": range(500), "loss": np.linspace(1, 0, 500), "name": [f"n{i}" for i in range(500)]})


def test_a_parquet_shows_its_types(tmp_path, frame):
    frame.to_parquet(tmp_path / "a.parquet")
    made = shown(tmp_path / "a.parquet")
    assert made["dtypes"][:2] == ["int64", "double"]
    assert (len(made["rows"]), made["total_rows"]) == (200, 500)


def test_a_feather_shows_its_rows(tmp_path, frame):
    frame.to_feather(tmp_path / "a.feather")
    assert shown(tmp_path / "a.feather")["total_rows"] == 500


@pytest.mark.parametrize("shape", [(), (3,), (1000, 80), (4, 5, 6), (0, 3)])
def test_an_array_shows_its_corner_and_its_shape(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.ones(shape, dtype=np.float32))
    made = shown(tmp_path / "a.npy")
    assert "float32" in made["note"]
    assert len(made["rows"]) <= 200
    assert len(made["columns"]) <= 50


def test_a_structured_array_shows_its_fields(tmp_path):
    np.save(tmp_path / "a.npy", np.array([(1, 2.5), (3, 4.5)], dtype=[("id", "i4"), ("x", "f8")]))
    made = shown(tmp_path / "a.npy")
    assert made["columns"] == ["id", "x"]
    assert made["rows"] == [[1, 2.5], [3, 4.5]]


def test_cells_that_json_cannot_hold_are_text(tmp_path):
    frame = pd.DataFrame({"x": [None, float("inf"), 1.5], "n": [2**60, 1, 2], "b": [b"\x00", None, b"x"]})
    frame.to_parquet(tmp_path / "a.parquet")
    assert shown(tmp_path / "a.parquet")["rows"] == [
        [None, str(2**60), "b'\\x00'"],
        ["inf", 1, None],
        [1.5, 2, "b'x'"],
    ]


def test_an_array_of_objects_is_refused_in_words(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert "can't be read" in shown(tmp_path / "a.npy")["note"]


def test_an_archive_is_listed_and_a_bomb_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../evil.txt", b"x")
        file.writestr("zeros.bin", bytes(20_000_000))
    made = shown(tmp_path / "a.zip")
    assert made["entries"] == [{"name": "../../evil.txt", "size": 1}, {"name": "zeros.bin", "size": 20_000_000}]
    assert "times its size" in made["note"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip"]


def test_an_archive_of_many_entries_is_cut(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for number in range(1_200):
            file.writestr(f"{number}.txt", b"")
    made = shown(tmp_path / "a.zip")
    assert (len(made["entries"]), made["total"]) == (1_000, 1_200)


@pytest.mark.parametrize("name", ["a.parquet", "a.npy", "a.zip", "a.feather"])
def test_a_damaged_file_is_said_to_be_so(tmp_path, name):
    magic = {"a.parquet": b"PAR1", "a.npy": b"\x93NUMPY", "a.zip": b"PK\x03\x04", "a.feather": b"ARROW1\x00\x00"}[name]
    (tmp_path / name).write_bytes(magic + b"garbage" * 20)
    assert "can't be read" in shown(tmp_path / name)["note"]
