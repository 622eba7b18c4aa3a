"""The benchmarks' table keeps the handwritten text, and says whether the aims were met."""

from __future__ import annotations

import json

from tests.bench import __main__ as bench
from tests.bench.decode import WHO, comfyui, cut
from tests.bench.report import Row, markdown, table

ROWS = [
    Row("decode", "burst", "cyberun-widget", "2 events/s", "2.0 x peer", "3 x peer", good=False),
    Row("decode", "burst", "peer", "1 event/s"),
]


def test_a_table_says_whether_an_aim_was_met():
    assert "MISSED: 3 x peer" in table(ROWS)
    assert markdown(ROWS).splitlines()[2] == (
        "| decode | burst | cyberun-widget | 2 events/s | 2.0 x peer | MISSED: 3 x peer |"
    )


def test_writing_a_run_replaces_the_last_one_and_keeps_the_text_above(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text(f"By hand.\n\n{bench.BEGIN}\n\nold")
    for _ in range(2):
        bench.write(ROWS, [("date", "today")])
    text = readme.read_text()
    assert text.startswith("By hand.\n")
    assert "old" not in text
    assert text.count("2 events/s") == 1
    assert json.loads((tmp_path / "results.json").read_text())["conditions"] == {"date": "today"}


def test_every_decoder_counts_the_same_events():
    events = comfyui(120)
    for chunks in (events, cut(b"".join(events), 16)):
        assert {name: decode(chunks) for name, decode in WHO.items()} == dict.fromkeys(WHO, 120)
