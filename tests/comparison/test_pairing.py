"""Matching files are found by key, by name, then by order."""

from __future__ import annotations

from cyberun_widget import Artifact
from cyberun_widget.comparison.pairing import pair


def image(key, name="", kind="image"):
    return Artifact(key=key, name=name or f"{key}.png", kind=kind)


def names(results):
    return [[item.key if item else None for item in row.artifacts] for row in pair(results)]


def test_the_same_output_of_two_runs_is_paired_in_any_order():
    assert names([[image("9.images.0"), image("12.images.0")], [image("12.images.0"), image("9.images.0")]]) == [
        ["9.images.0", "9.images.0"],
        ["12.images.0", "12.images.0"],
    ]


def test_names_pair_what_keys_do_not():
    left = [image("a1", "final.png"), image("a2", "draft.png")]
    right = [image("b1", "draft.png"), image("b2", "final.png")]
    assert names([left, right]) == [["a1", "b2"], ["a2", "b1"]]


def test_the_rest_is_paired_by_kind_and_order():
    left = [image("a1", "x.png"), image("a2", "x.mp4", "video"), image("a3", "y.png")]
    right = [image("b1", "u.png"), image("b2", "v.png"), image("b3", "w.png")]
    assert names([left, right]) == [["a1", "b1"], ["a2", None], ["a3", "b2"], [None, "b3"]]


def test_a_key_of_another_kind_is_another_file():
    assert names([[image("out", "a.png")], [image("out", "a.mp4", "video")]]) == [["out", None], [None, "out"]]


def test_three_results_and_none_at_all():
    assert names([[image("k")], [], [image("k")]]) == [["k", None, "k"]]
    assert pair([[], []]) == []


def test_two_files_of_one_name_in_one_result_both_stay():
    assert names([[image("a", "x.png"), image("b", "x.png")], [image("c", "x.png")]]) == [["a", "c"], ["b", None]]
