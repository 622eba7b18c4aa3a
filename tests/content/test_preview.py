"""A bounded look into data files."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from cyberun_widget.artifacts.model import Artifact
from cyberun_widget.content.inspect import inspect
from cyberun_widget.content.preview import preview
from cyberun_widget.errors import CyberunError


def shown(path):
    found = inspect(path, path.name, "", 0)
    item = Artifact(
        key="k", name=path.name, kind=found.kind, mime=found.mime, size=found.size, state="ready", path=path
    )
    made = preview(item)
    json.dumps(made)
    return made


@pytest.fixture
def frame():
    return pd.DataFrame({"step": range(500), "loss": np.linspace(1, 0, 500), "name": [f"n{i}" for i in range(500)]})


def test_a_csv_shows_its_first_rows_and_how_many_there_are(tmp_path, frame):
    frame.to_csv(tmp_path / "a.csv", index=False)
    made = shown(tmp_path / "a.csv")
    assert made["columns"] == ["step", "loss", "name"]
    assert made["dtypes"] == ["int", "float", "text"]
    assert len(made["rows"]) == 200
    assert made["rows"][0] == ["0", "1.0", "n0"]
    assert made["total_rows"] == 500
    assert "200 of 500" in made["note"]


def test_a_huge_csv_is_not_read_whole(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n" + b"1,2\n" * 100_000)
        file.truncate(5_000_000_000)
    made = shown(path)
    assert made["total_rows"] is None
    assert made["rows"][0] == ["1", "2"]


def test_quoted_cells_with_line_breaks_stay_one_cell(tmp_path):
    (tmp_path / "a.csv").write_text('a,b\n"x\ny","1"\n"z",2\n')
    assert shown(tmp_path / "a.csv")["rows"] == [["x\ny", "1"], ["z", "2"]]


def test_a_tsv_and_a_semicolon_table_are_split_where_they_should(tmp_path):
    (tmp_path / "a.tsv").write_text("a\tb\n1,5\t2\n")
    (tmp_path / "b.csv").write_text("a;b\n1,5;2\n")
    assert shown(tmp_path / "a.tsv")["rows"] == shown(tmp_path / "b.csv")["rows"] == [["1,5", "2"]]


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


def test_the_beginning_of_a_long_text_is_shown(tmp_path):
    (tmp_path / "a.log").write_text("é" * 300_000)
    made = shown(tmp_path / "a.log")
    assert made["truncated"] is True
    assert set(made["text"]) == {"é"}
    (tmp_path / "b.json").write_text('{"a": 1}')
    assert shown(tmp_path / "b.json") == {"text": '{"a": 1}', "truncated": False}


def test_html_is_shown_as_the_text_it_is(tmp_path):
    (tmp_path / "a.html").write_text("<!doctype html><script>alert(1)</script>")
    assert shown(tmp_path / "a.html")["text"].startswith("<!doctype")


@pytest.mark.parametrize("name", ["a.parquet", "a.npy", "a.zip", "a.feather"])
def test_a_damaged_file_is_said_to_be_so(tmp_path, name):
    magic = {"a.parquet": b"PAR1", "a.npy": b"\x93NUMPY", "a.zip": b"PK\x03\x04", "a.feather": b"ARROW1\x00\x00"}[name]
    (tmp_path / name).write_bytes(magic + b"garbage" * 20)
    assert "can't be read" in shown(tmp_path / name)["note"]


def test_a_file_that_is_not_here_says_how_to_get_it():
    with pytest.raises(CyberunError, match=r"w\.fetch"):
        preview(Artifact(key="k", name="a.csv", kind="table", mime="text/csv", state="offered"))
