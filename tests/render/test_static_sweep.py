"""The static sheet of a sweep in a saved notebook: limited in size, labelled, without secrets."""

from __future__ import annotations

import io
import random
import re

import pytest
from PIL import Image

from cyberun_widget.render import static_sweep
from cyberun_widget.render.contact_sheet import Sheet, SheetCell


def noise(seed: int) -> bytes:
    """Return a picture that compresses badly."""
    out = io.BytesIO()
    Image.frombytes("RGB", (128, 128), random.Random(seed).randbytes(128 * 128 * 3)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    return [noise(seed) for seed in range(8)]


def sheet(down: int, across: int, cell) -> Sheet:
    places = [(row, column) for row in range(down) for column in range(across)]
    return Sheet(
        title="Wave <b>",
        row_title="x",
        column_title="y",
        rows=tuple(f"x{row}" for row in range(down)),
        columns=tuple(f"y{column}" for column in range(across)),
        cells={place: cell(number) for number, place in enumerate(places)},
    )


def made(shown: Sheet, code: str = 'client.map("wave", grid={"x": [1]})', stars=()) -> str:
    counts = {"completed": len(shown.cells)}
    return static_sweep.bundle(shown, counts, code, stars, "in words")["text/html"]


def test_a_small_sweep_has_its_pictures_labels_and_facts(pictures):
    html = made(sheet(2, 3, lambda number: SheetCell("completed", poster=pictures[number], facts="score 3")), stars=[1])
    assert html.count("<img") == 6
    assert all(f">{name}</th>" in html for name in ("x0", "x1", "y0", "y2"))
    assert re.search(r"6 points · 6 completed · 1 star<", html)
    assert 'client.map("wave", grid=' in html
    assert 'alt="score 3"' in html
    assert "Wave &lt;b&gt;" in html


def test_a_thousand_pictures_stay_within_the_limit(pictures):
    html = made(sheet(25, 40, lambda number: SheetCell("completed", poster=pictures[number % 8])))
    assert len(html.encode()) <= static_sweep.LIMIT
    assert html.count('data-status="completed"') == 1_000
    assert ">x24</th>" in html


def test_statuses_replace_pictures_that_do_not_fit(monkeypatch, pictures):
    monkeypatch.setattr(static_sweep, "LIMIT", 40_000)
    html = made(sheet(10, 10, lambda number: SheetCell("completed", poster=pictures[number % 8])))
    assert len(html.encode()) <= 40_000
    assert html.count("<img") == 0
    assert html.count(">Completed<") == 100


def test_ten_thousand_points_end_with_how_many_are_left_out():
    html = made(sheet(2_500, 4, lambda _number: SheetCell("failed", error="x" * 160)))
    assert len(html.encode()) <= static_sweep.LIMIT
    assert "… and 2,200 more rows" in html


def test_a_failure_keeps_its_status_and_its_cause():
    html = made(sheet(1, 1, lambda _number: SheetCell("failed", error='It "broke"')))
    assert 'title="It &quot;broke&quot;"' in html
    assert ">Failed<" in html


def test_long_code_is_truncated():
    html = made(sheet(1, 1, lambda _number: SheetCell("completed")), code="x = 1\n" * 100_000)
    assert len(html.encode()) < 100_000


def test_an_unfinished_sweep_says_how_to_attach_to_it_again():
    bundle = static_sweep.unfinished('client.map("wave")', "Wave · 4 points")
    assert 'client.map("wave")' in bundle["text/html"]
    assert bundle["text/plain"] == "Wave · 4 points"
