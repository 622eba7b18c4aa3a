"""Names from a server, made safe."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cyberun_widget.support.filenames import (
    UniqueNames,
    fold,
    folder_name,
    natural,
    safe_name,
    split_suffix,
    unique_name,
)

TABLE = [
    ("cat.png", "cat.png"),
    ("../../../etc/passwd", "passwd"),
    ("/etc/shadow", "shadow"),
    ("..\\..\\windows\\system32\\a.dll", "a.dll"),
    ("C:\\Users\\x\\a.png", "a.png"),
    ("C:a.png", "a.png"),
    ("\\\\server\\share\\a.png", "a.png"),
    ("a.png/", "a.png"),
    ("a/..", "a"),
    ("..", "file"),
    (".", "file"),
    ("", "file"),
    ("   ", "file"),
    ("...", "file"),
    (".bashrc", "bashrc"),
    ("a.png. . ", "a.png"),
    ("CON", "_CON"),
    ("con.txt", "_con.txt"),
    ("aux.tar.gz", "_aux.tar.gz"),
    ("lpt¹.txt", "_lpt¹.txt"),
    ("COM10.txt", "COM10.txt"),
    ("console.txt", "console.txt"),
    ('a<b>c:"d|e?f*.png', "a_b_c__d_e_f_.png"),
    ("a\x00b\x1f.png", "ab.png"),
    ("line\nbreak\t.png", "line break.png"),
    ("photo\u202egnp.exe", "photognp.exe"),
    ("zero\u200bwidth\ufeff.png", "zerowidth.png"),
    ("e\u0301.png", "é.png"),
    ("\ud800lone.png", "lone.png"),
    ("-rf.png", "_rf.png"),
    ("~root.png", "_root.png"),
    ("日本語.png", "日本語.png"),
]


@pytest.mark.parametrize(("given_name", "safe"), TABLE)
def test_a_name_is_sanitised(given_name, safe):
    assert safe_name(given_name) == safe


@pytest.mark.parametrize("name", ["x" * 300 + ".png", "日" * 300 + ".png", "🙂" * 300, "a" * 290 + "." + "b" * 300])
def test_a_long_name_is_cut_and_keeps_its_suffix(name):
    short = safe_name(name)
    assert len(short) <= 120
    assert len(short.encode()) <= 200
    if name.endswith(".png"):
        assert short.endswith(".png")


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_becomes_a_name_inside_its_folder(text):
    name = safe_name(text)
    assert name
    assert PurePosixPath(name).parts == (name,)
    assert PureWindowsPath(name).parts == (name,)
    assert not PureWindowsPath(name).drive
    assert not PureWindowsPath(name).is_reserved()
    assert name == name.strip(" .")
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(char)[0] == "C" for char in name)
    assert len(name.encode()) <= 200


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_safe_name_is_unchanged(text):
    assert safe_name(safe_name(text)) == safe_name(text)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a.png", "A.PNG", "\uff41.png", "a-2.png", "ß", "SS", "x" * 120 + ".png"]), max_size=12)
)
def test_names_that_clash_anywhere_are_numbered(names):
    taken = set()
    for name in names:
        own = unique_name(safe_name(name), taken)
        assert fold(own) not in taken
        assert len(own.encode()) <= 200
        taken.add(fold(own))
    assert len(taken) == len(names)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.b.png", ("a.b", ".png")),
        ("a", ("a", "")),
        ("9.images.0", ("9.images.0", "")),
        ("a.mp4", ("a", ".mp4")),
        (".png", (".png", "")),
    ],
)
def test_a_suffix_holds_a_letter(name, parts):
    assert split_suffix(name) == parts


def test_numbers_sort_as_numbers():
    keys = ["10.images.0", "9.images.10", "9.images.2", "9.gifs.0", "b", "a"]
    assert sorted(keys, key=natural) == ["9.gifs.0", "9.images.2", "9.images.10", "10.images.0", "a", "b"]


@given(st.text(max_size=100))
@example("/../../../")
@example("a/b\\c")
@example("..")
@example("cyberun-/../../../")
def test_a_folder_named_after_any_text_stays_in_its_parent(text):
    name = folder_name(text)
    assert name not in ("", ".", "..")
    assert not {"/", "\\", "\x00", ":"} & set(name)
    assert Path("/base", name).parent == Path("/base")


def test_a_folder_is_named_after_all_of_a_path():
    assert folder_name("a/b") == "a_b"


@given(st.lists(st.sampled_from(["a.png", "A.PNG", "a-2.png", "b", "ä", "a\u0308"]), max_size=12))
def test_names_that_are_given_out_never_clash(names):
    unique = UniqueNames()
    given = [unique.add(name) for name in names]
    assert len({fold(name) for name in given}) == len(names)
