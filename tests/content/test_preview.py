"""Bounded previews of data files."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest

from cyberun_widget.content.file import File
from cyberun_widget.content.inspect import inspect
from cyberun_widget.content.preview import preview
from cyberun_widget.content.readers import array
from cyberun_widget.errors import CyberunError


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


def test_an_array_of_objects_is_refused_with_a_message(tmp_path):
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


def test_the_list_of_a_large_archive_is_truncated(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for number in range(1_200):
            file.writestr(f"{number}.txt", b"")
    made = shown(tmp_path / "a.zip")
    assert (len(made["entries"]), made["total"]) == (1_000, 1_200)


@pytest.mark.parametrize("name", ["a.parquet", "a.npy", "a.zip", "a.feather"])
def test_a_damaged_file_is_reported(tmp_path, name):
    magic = {"a.parquet": b"PAR1", "a.npy": b"\x93NUMPY", "a.zip": b"PK\x03\x04", "a.feather": b"ARROW1\x00\x00"}[name]
    (tmp_path / name).write_bytes(magic + b"garbage" * 20)
    assert "can't be read" in shown(tmp_path / name)["note"]


def test_the_arrays_of_an_npz_are_listed_as_a_table(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", weights=np.zeros((300, 40), dtype=np.float32), step=np.int64(7))
    made = shown(tmp_path / "a.npz")
    assert made["columns"] == ["array", "type", "shape", "size"]
    assert made["rows"] == [["weights", "float32", "300 x 40", "48.1 kB"], ["step", "int64", "a single value", "136 B"]]


@pytest.mark.parametrize("order", ["C", "F"])
def test_only_the_corner_of_a_large_array_is_read(tmp_path, order):
    array = np.lib.format.open_memmap(
        tmp_path / "a.npy", "w+", dtype=np.float64, shape=(300, 4000, 200), fortran_order=order == "F"
    )
    array[1, 0, 2] = 5
    del array
    tracemalloc.start()
    made = shown(tmp_path / "a.npy")
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made["rows"][1][:3] == [0.0, 0.0, 5.0]
    assert made["total_rows"] == 300
    assert most < 20_000_000


def test_a_damaged_array_is_reported_wherever_it_is_damaged(tmp_path):
    out = io.BytesIO()
    np.save(out, np.arange(20.0).reshape(4, 5))
    whole = out.getvalue()
    for at in range(len(whole)):
        for value in (0, 0x27, 0x28, 0xFF):
            data = whole[:at] + bytes([value]) + whole[at + 1 :]
            (tmp_path / "a.npy").write_bytes(data)
            file = File(tmp_path / "a.npy", "a.npy", "table", "application/x-npy")
            json.dumps(preview(file))
            with contextlib.suppress(CyberunError):
                array(file)


def test_a_damaged_collection_of_arrays_is_reported_wherever_it_is_damaged(tmp_path):
    out = io.BytesIO()
    np.savez_compressed(out, a=np.arange(20.0), b=np.zeros((2, 2)))
    whole = out.getvalue()
    for at in range(len(whole)):
        (tmp_path / "a.npz").write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        file = File(tmp_path / "a.npz", "a.npz", "table", "application/x-npz")
        json.dumps(preview(file))
        with contextlib.suppress(CyberunError):
            array(file)


def test_an_archive_of_64_bits_is_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", b"x" * 5_000)
        file.writestr("b.txt", b"y" * 7)
    assert b"PK\x06\x07" in (tmp_path / "a.zip").read_bytes()
    made = shown(tmp_path / "a.zip")
    assert made["entries"] == [{"name": "a.txt", "size": 5_000}, {"name": "b.txt", "size": 7}]


def test_a_directory_with_its_size_in_a_64_bit_record_is_read_partly(tmp_path):
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 800_000
    size = count * len(entry)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 50, 0, 0)
    (tmp_path / "a.zip").write_bytes(entry * count + end64 + locator + end)
    file = File(tmp_path / "a.zip", "a.zip", "file", "application/zip")
    begun = time.process_time()
    made = preview(file)
    assert time.process_time() - begun < 2
    tracemalloc.start()
    preview(file)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(made["entries"]), made["total"]) == (1_000, count)
    assert most < 100_000_000


def test_a_comment_after_an_archive_hides_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.txt", b"x")
        file.comment = b"c" * 60_000
    assert shown(tmp_path / "a.zip")["entries"] == [{"name": "a.txt", "size": 1}]
