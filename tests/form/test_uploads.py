"""Files from the page arrive whole or not at all, under safe names, for their owner alone."""

from __future__ import annotations

import asyncio
import os
import stat
import time

import pytest

from cyberun_widget.api.calls import UPLOAD_MAX
from cyberun_widget.errors import CyberunError, ParameterError
from cyberun_widget.form.uploads import UploadedFiles, Uploads


@pytest.fixture
def uploads(tmp_path):
    return Uploads(tmp_path / "inputs")


def test_a_file_in_parts_is_whole_in_the_end(uploads):
    uploads.begin("image", "fox.png", 6)
    assert uploads.add("image", 0, b"abc") is None
    path = uploads.add("image", 3, b"def")
    assert (path.name, path.read_bytes()) == ("fox.png", b"abcdef")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, uploads.root)} == {0o700}


@pytest.mark.parametrize("name", ["../../.bashrc", "/etc/passwd", "..\\a.png", "a/b.png", "\u202egnp.exe", ""])
def test_a_hostile_name_stays_in_its_folder(uploads, name):
    uploads.begin("image", name, 1)
    path = uploads.add("image", 0, b"x")
    assert path.resolve().parent.parent == uploads.root.resolve()


@pytest.mark.parametrize("part", [(1, b"a"), (0, b"abcdefg"), (3, b"d")])
def test_a_part_that_is_not_the_next_one_is_refused(uploads, part):
    uploads.begin("image", "fox.png", 6)
    with pytest.raises(CyberunError, match="Choose the file again"):
        uploads.add("image", *part)


def test_a_second_file_for_a_field_replaces_the_one_on_its_way(uploads):
    uploads.begin("image", "first.png", 6)
    uploads.add("image", 0, b"abc")
    uploads.begin("image", "second.png", 1)
    assert uploads.add("image", 0, b"x").name == "second.png"
    assert [path.name for path in uploads.root.rglob("*.png")] == ["second.png"]


def test_a_file_that_the_service_would_refuse_is_refused_before_it_travels(uploads):
    with pytest.raises(ParameterError, match=r"fox.png is 501 MB; .* at most 500 MB"):
        uploads.begin("image", "fox.png", UPLOAD_MAX + 1_000_000)
    assert not uploads.root.exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "inputs").write_text("a file")
    with pytest.raises(CyberunError, match="can't be stored in"):
        Uploads(tmp_path / "inputs").begin("image", "fox.png", 1)


def test_what_no_run_has_needed_for_a_month_goes(uploads):
    uploads.begin("image", "old.png", 1)
    old = uploads.add("image", 0, b"x")
    os.utime(old.parent, (time.time() - 40 * 86_400,) * 2)
    uploads.begin("image", "new.png", 1)
    assert not old.exists()


def test_a_file_is_uploaded_once_for_many_runs_and_again_once_the_service_has_let_it_go(tmp_path):
    file = tmp_path / "fox.png"
    file.write_bytes(b"x")
    uploaded, now = [], [0.0]

    async def upload(path):
        uploaded.append(path.name)
        return f"key-{len(uploaded)}"

    files = UploadedFiles(upload, lambda: now[0])

    def key():
        return asyncio.run(files.resolve({"image": file, "steps": 3}))["image"]

    assert [key(), key()] == ["key-1", "key-1"]
    file.write_bytes(b"changed")
    assert key() == "key-2"
    now[0] = 86_400.0
    assert key() == "key-3"


def test_a_file_that_is_gone_is_named(tmp_path):
    async def upload(_path):
        raise AssertionError("not reached")

    with pytest.raises(ParameterError, match=r"The file gone\.png can't be read"):
        asyncio.run(UploadedFiles(upload).resolve({"image": tmp_path / "gone.png"}))
