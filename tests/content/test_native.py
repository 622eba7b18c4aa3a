"""Native readers of untrusted files: in a child process, with limits, without the user's environment."""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from cyberun_widget.content.audio_video import video_media
from cyberun_widget.content.file import File
from cyberun_widget.content.native import ffmpeg, tables
from cyberun_widget.content.native.process import environment, run
from cyberun_widget.content.preview import preview
from cyberun_widget.content.readers import array, dataframe
from cyberun_widget.errors import CyberunError

PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.file"
posix = pytest.mark.skipif(os.name == "nt", reason="limits and signals of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux")


def table(path, mime=""):
    return File(path, path.name, "table", mime or (PARQUET if path.suffix == ".parquet" else ARROW))


@pytest.fixture
def frame():
    index = pd.Index(range(5, 1005), name="step")
    return pd.DataFrame(
        {
            "loss": np.linspace(1, 0, 1000),
            "name": [f"n{number}" for number in range(1000)],
            "kind": pd.Categorical(["train", "test"] * 500),
            "at": pd.date_range("2026-01-01", periods=1000, freq="s", tz="UTC"),
            "pair": [[1, 2]] * 1000,
        },
        index=index,
    )


@pytest.mark.parametrize("form", ["parquet", "feather"])
def test_a_dataframe_is_what_pandas_itself_reads(tmp_path, frame, form):
    path = tmp_path / f"a.{form}"
    getattr(frame, f"to_{form}")(path)
    pd.testing.assert_frame_equal(dataframe(table(path)), getattr(pd, f"read_{form}")(path))


@pytest.mark.filterwarnings("ignore:Feather V1")
def test_an_old_feather_file_is_read_too(tmp_path):
    path = tmp_path / "a.feather"
    pyarrow.feather.write_feather(pa.table({"a": [1, 2, 3]}), path, version=1)
    assert dataframe(table(path))["a"].tolist() == [1, 2, 3]


def test_times_and_lists_are_shown_as_text(tmp_path, frame):
    frame.to_parquet(tmp_path / "a.parquet")
    made = preview(table(tmp_path / "a.parquet"))
    row = dict(zip(made["columns"], made["rows"][1], strict=True))
    assert row["at"].startswith("2026-01-01 00:00:01")
    assert row["pair"] == "[1, 2]"
    assert row["kind"] == "test"


def test_only_the_first_columns_of_a_wide_table_are_read(tmp_path):
    pd.DataFrame({f"c{number}": [number] for number in range(300)}).to_parquet(tmp_path / "a.parquet")
    made = preview(table(tmp_path / "a.parquet"))
    assert made["columns"] == [f"c{number}" for number in range(50)]
    assert made["rows"] == [list(range(50))]
    assert "first 50 columns" in made["note"]


@pytest.fixture
def old_pyarrow(tmp_path, monkeypatch):
    """A pyarrow from before the fix of CVE-2023-47248, first on the path, which runs embedded code."""
    package = tmp_path / "site" / "pyarrow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = '14.0.0'\nowned = {str(tmp_path / 'owned')!r}\n")
    (package / "parquet.py").write_text("import pyarrow\ndef ParquetFile(*_a, **_k): open(pyarrow.owned, 'w')\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    return tmp_path / "owned"


@pytest.mark.parametrize("read", [lambda file: preview(file)["note"], dataframe, array])
def test_a_pyarrow_that_runs_embedded_code_is_refused(tmp_path, old_pyarrow, read):
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    try:
        words = read(table(tmp_path / "a.parquet"))
    except CyberunError as problem:
        words = str(problem)
    assert "pyarrow 14.0.0" in words
    assert "pip install -U pyarrow" in words
    assert not old_pyarrow.exists()


def test_a_table_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if "site-packages" not in entry])
    monkeypatch.setattr(sys, "executable", getattr(sys, "_base_executable", sys.executable))
    assert "pip install pyarrow" in preview(table(tmp_path / "a.parquet"))["note"]


@linux
def test_a_small_feather_file_that_expands_is_refused_with_a_message(tmp_path):
    path = tmp_path / "a.feather"
    column = pa.array(np.zeros(100_000_000))
    pyarrow.feather.write_feather(pa.table({"a": column}), path, compression="zstd", chunksize=100_000_000)
    assert path.stat().st_size < 100_000
    begun = time.monotonic()
    assert "too much memory" in preview(table(path))["note"]
    with pytest.raises(CyberunError, match="memory"):
        dataframe(table(path))
    assert time.monotonic() - begun < 10


def test_a_small_parquet_file_that_expands_is_refused_with_a_message(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "TABLE_MAX", 100_000_000)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": pa.array(np.zeros(20_000_000))}), path)
    assert path.stat().st_size < 100_000
    assert len(preview(table(path))["rows"]) == 200
    with pytest.raises(CyberunError, match=r"expands to a table of at least 160 MB"):
        dataframe(table(path))


def test_a_table_of_unknown_width_is_measured_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "TABLE_MAX", 1_000_000)
    pd.DataFrame({"a": ["x" * 100] * 50_000}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(CyberunError, match="expands to a table of"):
        dataframe(table(tmp_path / "a.parquet"))


def test_a_child_gets_none_of_the_users_secrets(monkeypatch):
    monkeypatch.setenv("CYBERUN_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "also secret")
    done = run([sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"], seconds=20, most=100_000)
    seen = json.loads(done.output)
    assert not {"CYBERUN_API_KEY", "AWS_SECRET_ACCESS_KEY", "HOME"} & set(seen)
    assert "PATH" in environment()


@posix
def test_ffmpeg_does_not_inherit_the_key(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    program.chmod(0o700)
    (tmp_path / "a.webm").write_bytes(b"\x1aE\xdf\xa3webm")
    monkeypatch.setenv("CYBERUN_API_KEY", "sk-test-0123456789")
    monkeypatch.setattr(ffmpeg, "_program", lambda: str(program))
    video_media(tmp_path / "a.webm", "video/webm", 1000)
    assert "PATH" in (tmp_path / "seen").read_text()
    assert "sk-test" not in (tmp_path / "seen").read_text()


@posix
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.kill(os.getpid(), 11)", "crashes its reader (SIGSEGV)"),
        ("import os; os.abort()", "crashes its reader (SIGABRT)"),
        ("raise SystemExit(3)", "code 3"),
        ("import time; time.sleep(60)", "takes too long"),
        ("pass", ""),
    ],
)
def test_the_end_of_a_child_is_described(code, words):
    begun = time.monotonic()
    assert words in run([sys.executable, "-c", code], seconds=1.5, most=100).trouble
    assert time.monotonic() - begun < 10


@linux
def test_a_child_that_takes_too_much_memory_ends(tmp_path):
    done = run([sys.executable, "-c", "x = bytes(2_000_000_000)"], seconds=20, most=100, memory=500_000_000)
    assert done.code == 1


def test_a_child_with_too_much_output_ends():
    done = run([sys.executable, "-c", "while True: print('x' * 1000)"], seconds=20, most=50_000)
    assert len(done.output) == 50_000


@posix
def test_a_crashing_reader_causes_a_readable_error(tmp_path, monkeypatch):
    crash = tmp_path / "worker.py"
    crash.write_text("import os, sys\nsys.stdin.read()\nos.kill(os.getpid(), 11)\n")
    monkeypatch.setattr(tables.table_worker, "__file__", str(crash))
    (tmp_path / "a.feather").write_bytes(b"ARROW1\x00\x00")
    assert "crashes its reader (SIGSEGV)" in preview(table(tmp_path / "a.feather"))["note"]
