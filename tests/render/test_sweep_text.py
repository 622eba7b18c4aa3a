"""A sweep in a terminal: updates during a wait, the sheet as a table at the end."""

from __future__ import annotations

import io
from dataclasses import dataclass

from cyberun_widget.render.contact_sheet import Sheet, SheetCell
from cyberun_widget.render.sweep_text import SweepTerminal, line, table


@dataclass
class Point:
    index: int
    status: str = "planned"
    error: str | None = None
    elapsed: float = 0.0


def test_the_line_has_counts_the_time_left_and_what_waits():
    facts = {
        "title": "Wave",
        "size": "4 points",
        "status": "running",
        "eta": 90.0,
        "held": 2,
        "problem": "Too \x1b[31mmany",
    }
    told = line({"completed": 1, "running": 3}, facts, 0.5)
    assert told.startswith("Wave · 4 points · 1 completed, 3 running · 50% · ")
    assert "2 waiting for your go-ahead" in told
    assert "\x1b" not in told


def test_each_failure_is_printed_once_and_progress_occasionally():
    out, now = io.StringIO(), [0.0]
    terminal = SweepTerminal(out, clock=lambda: now[0])
    points = [Point(index) for index in range(3)]
    terminal.update(points)
    points[0].status, points[0].elapsed = "completed", 2.0
    terminal.update(points)  # too soon for another line
    points[1].status, points[1].error = "failed", "It broke:\nx is cursed."
    now[0] = 6.0
    terminal.update(points)
    terminal.update(points)
    points[2].status = "unknown"
    terminal.update(points)
    lines = out.getvalue().splitlines()
    assert lines[0] == "0 of 3 done"
    assert [one for one in lines if one.startswith("Point 1")] == ["Point 1 failed: It broke: x is cursed."]
    assert lines.count("2 of 3 done, 2 s of computing") == 1
    assert sum(one.startswith("Point 2 unknown") for one in lines) == 1
    assert lines[-1].startswith("3 of 3 done")


def test_the_end_is_the_sheet_as_a_table():
    cells = {(0, 0): SheetCell("completed", facts="score 3"), (0, 1): SheetCell("failed"), (1, 0): SheetCell("planned")}
    rows = table(Sheet("Wave", "x", "y", ("x 1", "x 2"), ("y 1", "y 2"), cells))
    assert [row.split() for row in rows] == [
        ["x", "y", "1", "y", "2"],
        ["x", "1", "score", "3", "failed"],
        ["x", "2", "·"],
    ]


def test_a_long_table_says_what_it_leaves_out():
    rows = table(Sheet("Wave", "x", "", tuple(map(str, range(100))), ("",), {}))
    assert rows[-1] == "… and 40 more rows"


def test_a_closed_stream_ends_the_output():
    out = io.StringIO()
    terminal = SweepTerminal(out)
    out.close()
    terminal.update([Point(0, "failed")])
    terminal.finish(["x"])
