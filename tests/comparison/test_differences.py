"""Only differences are shown; a missing value is a difference."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberun_widget.comparison.differences import Row, differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def rows(*documents):
    return [(row.path, *row.cells) for row in differences(documents).rows]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"seed": 1, "steps": 20}, {"seed": 2, "steps": 20}, [("seed", "1", "2")]),
        ({"train": {"lr": [0.1, 0.2]}}, {"train": {"lr": [0.1, 0.3]}}, [("train.lr[1]", "0.2", "0.3")]),
        ({"a": 1}, {}, [("a", "1", None), ("", None, "{}")]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [("a", "1", "true")]),
        ({"a": None}, {"a": "null"}, [("a", "null", "null")]),
        ({"a b": 1}, {"a b": 2}, [('["a b"]', "1", "2")]),
        ([], {}, [("", "[]", "{}")]),
        ("fox", "cat", [("", "fox", "cat")]),
    ],
)
def test_the_paths_and_the_values_that_differ(left, right, expected):
    assert rows(left, right) == expected


@given(JSON)
def test_a_document_equals_itself(document):
    assert differences([document, document, document]).rows == ()


@given(JSON, JSON)
def test_documents_without_a_difference_are_equal(left, right):
    same = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    assert (differences([left, right]).rows == ()) == same


def test_the_table_is_bounded_and_says_what_it_leaves_out():
    got = differences([{f"k{n}": n for n in range(900)}, {f"k{n}": -n for n in range(900)}])
    assert (len(got.rows), got.more, got.equal, got.partial) == (500, 399, 1, False)


def test_a_huge_or_deep_document_is_compared_in_part():
    assert differences([list(range(30_000)), list(range(30_000))]).partial
    deep: list = []
    for _ in range(900):
        deep = [deep]
    assert differences([deep, deep]).rows == ()


def test_a_long_value_is_shortened_in_its_cell():
    (row,) = differences(["a" * 1000, "b"]).rows
    assert row == Row("", ("a" * 199 + "…", "b"))
