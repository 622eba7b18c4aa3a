"""A comparison in a saved notebook: pictures, differences, and the code that compares again."""

from __future__ import annotations

import functools
import io
from html.parser import HTMLParser

import pytest
from PIL import Image

from cyberun_widget import Artifact, TaskResult, compare
from cyberun_widget.artifacts.model import Artifacts
from cyberun_widget.comparison.display import LIMIT, bundle
from cyberun_widget.comparison.pairing import pair


@functools.cache
def poster(seed: int) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((480, 480), 40 + seed).save(out, "JPEG", quality=60)
    return out.getvalue()


def image(key: str, seed: int = 0, name: str = "") -> Artifact:
    return Artifact(
        key=key, name=name or f"{key}.png", kind="image", state="ready", poster=poster(seed), poster_mime="image/jpeg"
    )


def result(task_id: str, *items: Artifact, output: object = None) -> TaskResult:
    return TaskResult(task_id=task_id, status="completed", output=output, artifacts=Artifacts(items), elapsed=2.0)


def shown(*items: TaskResult | Artifact) -> str:
    comparison = compare(*items)
    try:
        return comparison._bundle()["text/html"]
    finally:
        comparison.close()


def test_pictures_are_side_by_side_and_differences_in_a_table():
    left = result("task-aaaaaaaa-0001", image("9.images.0"), output={"loss": 0.25, "steps": 60})
    right = result("task-bbbbbbbb-0002", image("9.images.0", 9), output={"loss": 0.5, "steps": 60})
    made = shown(left, right)
    assert made.count("data:image/") == 2
    assert 'alt="9.images.0.png, …aaa-0001"' in made
    assert "loss" in made
    assert "0.25" in made
    assert "steps" not in made  # it is the same in both
    assert 'compare(TaskWidget("task-aaaaaaaa-0001"), TaskWidget("task-bbbbbbbb-0002"))' in made


def test_files_without_tasks_have_no_code_to_compare_them_again():
    made = shown(image("a"), image("b", 9))
    assert "compare(" not in made
    assert made.count("data:image/") == 2


def test_a_picture_missing_on_one_side_is_reported():
    made = shown(result("one", image("a"), image("b")), result("two", image("a")))
    assert made.count("data:image/") == 3
    assert ">none<" in made


@pytest.mark.parametrize("files", [12, 200])
def test_many_pictures_stay_within_the_limit(files):
    sides = [[image(f"{number}.images.0", (number + shift) % 10) for number in range(files)] for shift in (0, 7)]
    tables = [
        {
            "title": "Output",
            "absent": "missing",
            "differences": {"rows": [{"path": f"a[{n}]", "cells": ("1" * 200, None)} for n in range(500)], "more": 7},
        }
    ]
    made = bundle(["left", "right"], pair(sides), tables, ["t1", "t2"])["text/html"]
    assert len(made.encode()) <= LIMIT
    assert made.count("data:image/") == 2 * min(files, 48)
    assert "… and 407 more" in made
    assert ("… and 152 more" in made) == (files == 200)


def test_untrusted_text_stays_text():
    hostile = '<img src=x onerror=alert(1)>"\x9b\u202e.png'
    made = shown(image("a", name=hostile), image("b", 3, name=hostile))
    names = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda _tag, attributes: names.update(name for name, _ in attributes)
    parser.feed(made)
    assert "src" in names
    assert "onerror" not in names
    assert "\x9b" not in made
    assert "\u202e" not in made
