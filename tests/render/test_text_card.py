"""The card as text, and how a terminal shows it."""

from __future__ import annotations

import io
import re

import pytest

from cyberun_widget.render.terminal import TerminalCard
from cyberun_widget.render.text_card import block, cells, cut, line

ID = "019abc12"


def traits(facts=None, **changes):
    values = {
        "task_id": ID,
        "status": "running",
        "progress": 0.35,
        "step_current": 7,
        "step_total": 20,
        "connection": "live",
        "elapsed": 14.0,
        "eta": 26.0,
        "_facts": {"title": "text-to-image", "gpu": "RTX 4090", "node": "KSampler", "speed": 2.1, **(facts or {})},
    }
    return {**values, **changes}


def ended(status="completed", **changes):
    return traits(status=status, connection="closed", eta=None, **changes)


FILES = [
    {"name": "cat.png", "size": 1_200_000, "state": "ready", "path": "/data/cat.png", "error": None},
    {"name": "dog.png", "size": None, "state": "failed", "path": None, "error": "The link expired."},
]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            traits(),
            "text-to-image 019abc12 · Running · 35% · step 7 of 20 · KSampler · 0:14 elapsed · about 26 s left",
        ),
        (traits(stage="train"), "text-to-image 019abc12 · Training · 35% · step 7 of 20 · KSampler · 0:14"),
        (traits({"cancel": "requested"}), "text-to-image 019abc12 · Cancelling"),
        (traits({"retry_in": 3.6}, connection="reconnecting"), "Reconnecting in 4 s"),
        (ended(artifacts=FILES[:1]), "text-to-image 019abc12 · Completed · Finished in 14 s · 1 file · 1.2 MB"),
        (
            ended(
                "failed", error="Out of memory.\nTraceback", _facts={"cause": "Out of memory.", "failed_at": "train"}
            ),
            "Task 019abc12 · Failed · 35% · step 7 of 20 · Train · Out of memory. · Failed after 14 s",
        ),
        (
            {"task_id": ID, "status": "unknown", "connection": "error", "error": "No key."},
            "Task 019abc12 · Connection failed · No key.",
        ),
        ({"task_id": ID}, "Task 019abc12 · Connecting"),
        ({}, "Task · Connecting"),
    ],
)
def test_a_line_summarises_a_task(values, expected):
    assert expected in line(values)
    assert "\n" not in line(values)


def test_a_block_has_the_bar_the_numbers_and_the_facts():
    assert block(traits(), 72).split("\n") == [
        "text-to-image  019abc12                                          Running",
        "━" * 25 + "─" * 47,
        "35%  step 7 of 20  KSampler                0:14 elapsed  about 26 s left",
        "Live  RTX 4090                                               2.1 steps/s",
    ]


def test_a_block_of_a_waiting_task_says_what_it_waits_for():
    values = traits({"labels": ["gpu", "comfyui"]}, status="waiting", progress=0.0, step_total=None, eta=None)
    text = block(values, 72)
    assert text.splitlines()[0].endswith("  Waiting")
    assert "Waiting for an agent with gpu, comfyui" in text
    assert "0:14 waiting" in text


def test_a_block_of_an_ended_task_lists_its_files_and_where_they_are():
    text = block(ended(artifacts=FILES), 72)
    assert "Finished in 14 s  RTX 4090                              2 files · 1.2 MB" in text
    assert "  cat.png  1.2 MB  /data/cat.png" in text
    assert "  dog.png  The link expired." in text
    assert "and 8 more" in block(ended(artifacts=FILES * 10), 72)


def test_a_block_of_a_failed_task_wraps_its_cause_and_marks_the_stage():
    stages = [{"name": "download", "state": "done", "seconds": 8}, {"name": "train", "state": "failed", "seconds": 61}]
    facts = {"cause": "word " * 30, "failed_at": "train"}
    rows = block(ended("failed", error="x", stages=stages, _facts=facts), 40).split("\n")
    assert rows[1].startswith("Train: word word")
    assert "✓ Download 0:08  ✗ Train 1:01" in rows


@pytest.mark.parametrize("width", [20, 37, 80, 200])
@pytest.mark.parametrize("title", ["a" * 300, "長い名前" * 40, "تحويل النص إلى صورة " * 9, "e\u0301" * 90, "😀" * 70])
def test_no_line_is_wider_than_the_terminal(width, title):
    for values in (traits({"title": title, "node": title}, message=title), ended(artifacts=[{"name": title}])):
        for colour in (False, True):
            for row in block(values | {"task_id": title}, width, colour=colour).split("\n"):
                assert cells(row) <= width


def test_colours_are_reset_even_if_a_line_is_truncated():
    assert cut("\x1b[31mabcdef\x1b[0m", 4) == "\x1b[31mabc…\x1b[0m"
    coloured = block(traits(), 60, colour=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == block(traits(), 60)


def test_without_unicode_the_cards_own_symbols_are_ascii():
    stages = [{"name": "train", "state": "done", "seconds": 8}]
    for values in (traits(stages=stages), ended(artifacts=FILES, stages=stages)):
        assert block(values, 60, unicode=False).isascii()


def test_a_servers_text_cannot_control_the_terminal_or_reveal_a_key():
    words = "\x1b[2Jgone \x9b31m sk-abcdef123456 https://x/y?X-Amz-Signature=feed\nnext\r"
    values = traits({"title": words, "node": words, "note": words}, message=words)
    for text in (line(values), block(values, 400)):
        assert "\x1b" not in text
        assert "\x9b" not in text
        assert "\r" not in text
        assert "sk-abc" not in text
        assert "feed" not in text


def test_a_saved_notebooks_text_contains_file_names_but_no_local_paths():
    text = block(ended(artifacts=FILES), paths=False)
    assert "  cat.png  1.2 MB\n" in text
    assert "/data" not in text


# --- in a terminal ---------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def card(stream, environ=None, clock=None, size=(60, 20)):
    return TerminalCard(stream, environ=environ or {"TERM": "xterm"}, clock=clock or Clock(), size=lambda: size)


def test_a_terminal_is_rewritten_in_place():
    stream = Terminal()
    drawn = card(stream, {"TERM": "xterm", "NO_COLOR": "1"})
    drawn.update(traits())
    drawn.update(traits())
    first = stream.getvalue()
    assert first == block(traits(), 59) + "\n"
    drawn.update(traits(progress=0.4))
    assert stream.getvalue()[len(first) :] == "\x1b[4F\x1b[J" + block(traits(progress=0.4), 59) + "\n"


def test_a_small_terminal_shows_only_what_it_can_rewrite():
    stream = Terminal()
    card(stream, size=(60, 3)).update(traits())
    assert stream.getvalue().count("\n") == 2


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "xterm", "NO_COLOR": ""}, True)],
)
def test_no_color_is_obeyed(environ, coloured):
    stream = Terminal()
    card(stream, environ).update(traits())
    assert ("\x1b[" in stream.getvalue()) is coloured


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_without_a_terminal_lines_are_sparse(stream):
    clock = Clock()
    drawn = card(stream, {"TERM": "dumb"}, clock)
    for hundredth in range(101):
        clock.now += 0.2
        drawn.update(traits(progress=hundredth / 100))
    drawn.update(ended())
    drawn.update(ended())
    lines = stream.getvalue().splitlines()
    assert 10 <= len(lines) <= 13
    assert "Completed" in lines[-1]
    assert "\x1b" not in stream.getvalue()


def test_a_line_is_printed_after_a_long_silence_too():
    stream, clock = io.StringIO(), Clock()
    drawn = card(stream, clock=clock)
    for _ in range(300):
        clock.now += 1
        drawn.update(traits())
    assert 4 <= len(stream.getvalue().splitlines()) <= 6


def test_an_ascii_stream_gets_ascii_and_foreign_names_become_question_marks():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    card(stream).update(traits({"title": "Bär"}))
    assert raw.getvalue().startswith(b"B?r 019abc12 ")


def test_a_closed_pipe_ends_the_drawing_silently():
    class Gone(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    drawn = card(Gone())
    drawn.update(traits())
    drawn.update(ended())
    closed = io.StringIO()
    closed.close()
    card(closed).update(traits())


def test_follow_draws_until_the_end_and_returns_whether_it_was_reached():
    clock, stream = Clock(), io.StringIO()
    states = iter([traits(), traits(progress=0.6), ended(), ended()])

    def wait(seconds):
        clock.now += seconds
        return clock.now > 0.3

    assert card(stream, clock=clock).follow(lambda: next(states), wait) is True
    assert "Completed" in stream.getvalue().splitlines()[-1]

    clock = Clock()

    def in_vain(seconds):
        clock.now += seconds
        return False

    assert card(io.StringIO(), clock=clock).follow(traits, in_vain, 1.0) is False
    assert clock.now == pytest.approx(1.0)
