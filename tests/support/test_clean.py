"""Text from outside is safe to show in a terminal, a page and a log."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberun_widget.support.text import clean

UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        (3, "3"),
        ("  two\t words\r\nand more ", "two words and more"),
        ("\x1b[31mred\x1b[0m and \x9b1mbold\x9bm", "red and bold"),
        ("\x1b]0;your title\x07after", "after"),
        ("\x1b]52;c;ZXZpbA==\x1b\\after", "after"),
        ("\x9d52;c;ZXZpbA==\x9cafter", "after"),
        ("\x1bP1$r0m\x1b\\after", "after"),
        ("\x1b]0;never ended", "0;never ended"),
        ("\x1b(Bplain\x1bcreset\x1b", "plainreset"),
        ("a\x00b\x07c\x08d\x7fe\x85f", "abcde f"),
        ("photo\u202egnp.exe \u2067x\u2069", "photognp.exe x"),
        ("half \ud800 pair", "half pair"),
        ("\ufeffhello", "hello"),
        ("👩\u200d🚀 क\u200dष \u200fא", "👩\u200d🚀 क\u200dष \u200fא"),
        ("refused sk-abcdef123456", "refused ***"),
        ("refused sk-abc\x00def\u202e123456", "refused ***"),
        ("at https://x/y?X-Amz-Signature=feed&a=1", "at https://x/y?X-Amz-Signature=***&a=1"),
    ],
)
def test_any_text_becomes_one_line(text, expected):
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\r\ntwo\rthree\x0bfour\u2028five", "one\ntwo\nthree\nfour\nfive"),
        ("\tindented  twice\n\n  kept", "\tindented  twice\n\n  kept"),
        ("10%\r20%\r\x1b[K30%", "10%\n20%\n30%"),
    ],
)
def test_lines_and_their_indentation_are_kept_on_request(text, expected):
    assert clean(text, lines=True) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [("12345", 5, "12345"), ("123456", 5, "1234…"), ("1234 6789", 6, "1234…"), ("", 5, ""), ("\x00" * 99, 5, "")],
)
def test_a_limit_counts_what_is_returned(text, limit, expected):
    assert clean(text, limit=limit) == expected


def test_a_key_at_the_limit_is_not_shown_in_part():
    assert "sk-" not in clean("x" * 95 + " sk-abcdef123456", limit=100)


def test_a_truncated_text_says_so_however_short_it_is():
    assert clean("\x00" * 100_000 + "end", limit=10).endswith("…")


@given(st.text(st.characters(codec=None)) | st.text("\x1b\x9b\x9d\x07\x9c\\[]0;m\r\n\u202e\ud800 a"))
def test_nothing_unsafe_is_left_and_cleaning_twice_changes_nothing(text):
    for lines in (False, True):
        cleaned = clean(text, lines=lines)
        assert not UNSAFE.search(cleaned)
        assert lines or "\n" not in cleaned
        assert clean(cleaned, lines=lines) == cleaned
        cleaned.encode()


@pytest.mark.parametrize(
    "piece", ["\x1b[", "\x1b]", "\x9b0", "\x9d", "\x1bP;", "\x1b]0;\x1b", "\r", "\u202e", "\ud800"]
)
def test_repeated_tricks_take_no_time(piece):
    began = time.perf_counter()
    clean(piece * (200_000 // len(piece)))
    assert time.perf_counter() - began < 1
