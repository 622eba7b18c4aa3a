"""The archive: a task in a saved notebook without a kernel, scripts or network."""

from __future__ import annotations

import base64
import re
import time
from html.parser import HTMLParser

import pytest

from cyberun_widget.artifacts.model import Artifact, Artifacts
from cyberun_widget.render import static_card
from cyberun_widget.render.excerpts import MOST, excerpts, layout

ID = "019abc12-77aa-7bcd-8e11-0123456789ab"
SIGNED = "https://store.example/a.png?X-Amz-Credential=AKIAEXAMPLE&X-Amz-Signature=feedfacecafe"
POSTER = b"RIFF....WEBP" + bytes(range(256)) * 4
VOID = {"img", "br", "hr"}


class Tree(HTMLParser):
    """Collects the tags, texts and attributes of HTML. Fails if tags are not well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def traits(facts=None, **changes):
    known = {
        "title": "text-to-image",
        "gpu": "RTX 4090",
        "started": "2026-03-01T14:30:11Z",
        "waited": 6.0,
        "attempt": 1,
        "cause": "",
        "details": "",
        "failed_at": "",
    }
    values = {
        "task_id": ID,
        "status": "completed",
        "progress": 1.0,
        "message": "",
        "error": None,
        "output": None,
        "connection": "closed",
        "elapsed": 40.2,
        "stages": [],
        "artifacts": [],
        "_facts": {**known, **(facts or {})},
    }
    return {**values, **changes}


def artifact(key="9.images.0", name="cat.png", kind="image", **changes):
    values = {
        "key": key,
        "name": name,
        "kind": kind,
        "size": 1_200_000,
        "group": "Save Image · 9",
        "state": "ready",
        "error": None,
        "width": 1024,
        "height": 512,
        "duration": None,
        "poster": POSTER,
        "poster_mime": "image/webp",
        "path": None,
    }
    return {**values, **changes}


def shown(values, texts=None) -> Tree:
    return Tree(static_card.bundle(values, texts)["text/html"])


def test_a_saved_card_names_its_label_and_the_parameters_that_matter():
    said = static_card.bundle(
        traits({"parameters": {"seed": 7, "steps": 2500, "prompt": "<b>" + "x" * 60}}, label="try 3")
    )
    tree = Tree(said["text/html"])
    assert "try 3" in tree.texts
    assert f"seed 7 · steps 2500 · prompt <b>{'x' * 29}…" in tree.texts
    assert said["text/plain"].splitlines()[:2] == [
        f"text-to-image  try 3  {ID}             Completed",
        f"seed 7 · steps 2500 · prompt <b>{'x' * 29}…",
    ]


def test_a_completed_task_shows_its_pictures_its_facts_and_how_to_watch_it_again():
    tree = shown(traits(artifacts=[artifact()]))
    (image,) = tree.all("img")
    assert image["alt"] == "cat.png"
    assert image["src"] == "data:image/webp;base64," + base64.b64encode(POSTER).decode()
    assert (image["width"], image["height"]) == ("480", "240")
    root = tree.all("div")[0]
    assert root["class"].split()[0] == "cyberun-archive"
    assert root["data-task-id"] == ID
    assert root["data-status"] == "completed"
    for words in ("text-to-image", "Completed", "1024 × 512 · 1.2 MB", "Duration 0:40", "GPU RTX 4090", "Waited 0:06"):
        assert words in tree.text
    assert "Started 2026-03-01 14:30 UTC" in tree.text
    assert f'TaskWidget("{ID}")' in tree.text


@pytest.mark.parametrize("status", ["unknown", "pending", "waiting", "running", "hibernating"])
def test_an_unfinished_task_leaves_a_placeholder(status):
    tree = shown(traits(status=status, connection="live", artifacts=[artifact()]))
    assert tree.all("div")[0]["data-status"] == "unfinished"
    assert "This notebook was saved before the result arrived" in tree.text
    assert f'TaskWidget("{ID}")' in tree.text
    assert tree.all("img") == []


def test_a_failed_task_shows_its_cause_first_and_collapses_the_details():
    facts = {"cause": "Only 3 of 48 photos fit. They need overlap.", "details": "Traceback\n  line 2"}
    stages = [
        {"name": "download", "state": "done", "seconds": 8.0, "progress": 1.0},
        {"name": "process_data", "state": "failed", "seconds": 102.0, "progress": None},
        {"name": "train", "state": "skipped", "seconds": None, "progress": None},
    ]
    tree = shown(traits(facts, status="failed", error="Only 3", stages=stages))
    assert tree.texts.index("Only 3 of 48 photos fit.") < tree.texts.index(" They need overlap.")
    assert "Traceback\n  line 2" in tree.texts
    assert [item["data-state"] for item in tree.all("li")] == ["done", "failed", "skipped"]
    assert "Process data 1:42 failed" in tree.text


def test_a_task_that_cannot_be_watched_says_why():
    values = traits(status="unknown", connection="error", error="The key was refused (401).")
    tree = shown(values | {"_facts": {}})
    assert tree.all("div")[0]["data-status"] == "error"
    assert "Connection failed" in tree.text
    assert "The key was refused (401)." in tree.text


def test_a_cancelled_task_shows_its_progress():
    tree = shown(traits(status="cancelled", progress=0.35))
    assert "Cancelled" in tree.text
    assert "Stopped at 35%" in tree.text


def test_a_widget_that_knows_nothing_yet_has_an_archive_too():
    assert "This notebook was saved before" in shown({"task_id": ID}).text
    assert static_card.bundle({})["text/plain"]


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><b>", "&amp;"]
)
def test_untrusted_text_stays_text(text):
    item = artifact(name=text, key=text, group=text, error=text)
    values = traits({"title": text, "gpu": text, "cause": text, "details": text}, status="failed", error=text)
    values |= {"task_id": text, "artifacts": [item], "stages": [{"name": text, "state": text, "seconds": 1.0}]}
    tree = shown(values, {text: text})
    assert {tag for tag, _ in tree.tags} <= {
        *("div", "style", "article", "header", "footer", "section", "h4", "bdi", "code", "strong", "p", "ol", "li"),
        *("span", "figure", "figcaption", "img", "pre", "dl", "dt", "dd", "time", "details", "summary", "small"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert not any(name.startswith("on") for _, attributes in tree.tags for name in attributes)
    assert text in tree.texts


def test_it_contains_no_key_no_signature_and_no_local_path():
    words = f"Bearer sk-abcdef123456 said no to {SIGNED}"
    facts = {"cause": words, "details": words, "note": words, "saved": "/home/ada/renders", "problem": {"text": words}}
    item = artifact(error=words, path="/home/ada/.cache/cat.png", name="sk-abcdef123456.json", kind="json")
    for status in ("failed", "completed", "cancelled", "running"):
        values = traits(facts, status=status, error=words, message=words, output={"url": SIGNED}, artifacts=[item])
        for files in ([], [item]):
            made = static_card.bundle({**values, "artifacts": files}, {item["key"]: f'{{"key": "{words}"}}'})
            html = made["text/html"]
            for secret in ("sk-abcdef123456", "feedfacecafe", "AKIAEXAMPLE"):
                assert secret not in html
                assert secret not in made["text/plain"]
            assert "/home/ada" not in html


def test_it_loads_nothing_and_runs_nothing():
    tree = shown(traits(artifacts=[artifact()]))
    assert tree.all("script") == tree.all("link") == tree.all("a") == []
    html = static_card.bundle(traits(artifacts=[artifact()]))["text/html"]
    assert "http" not in html
    assert "@import" not in html
    assert "url(" not in html


def test_it_is_never_larger_than_a_megabyte_and_keeps_a_picture_of_each_group():
    large = [
        artifact(f"{number}.images.0", f"{'é' * 60}{number}.png", group=f"node {number // 50}", poster=POSTER * 38)
        for number in range(400)
    ]
    values = traits(
        {"details": "é<" * 50_000, "cause": "&" * 5_000, "title": "<" * 2_000},
        status="failed",
        artifacts=large,
        error="x" * 10_000,
        stages=[{"name": "&" * 500, "state": "done", "seconds": 1.0, "progress": None}] * 50,
    )
    began = time.perf_counter()
    html = static_card.bundle(values, {item["key"]: "<" * 16_000 for item in large[:MOST]})["text/html"]
    assert time.perf_counter() - began < 2
    assert len(html.encode()) <= static_card.LIMIT
    kept = {figure["data-artifact"] for figure in Tree(html).all("figure")}
    assert {f"{number}.images.0" for number in (0, 50, 100, 150)} <= kept
    assert "more pictures. Open the live card to see them" in Tree(html).text
    assert "and 300 more" in Tree(html).text


def test_broken_surrogates_and_control_characters_do_not_break_the_message():
    html = static_card.bundle(traits({"title": "a\ud800b\x00\x1b[31m\u202ec"}))["text/html"]
    assert html.encode()
    assert ">abc<" in html


def test_a_poster_of_an_unknown_type_is_omitted():
    tree = shown(traits(artifacts=[artifact(poster_mime="image/svg+xml")]))
    assert tree.all("img") == []
    assert "cat.png" in tree.text


def test_the_artifacts_object_is_as_good_as_its_list():
    made = Artifacts([Artifact(key="1", name="cat.png", kind="image", poster=POSTER, poster_mime="image/webp")])
    assert shown(traits(artifacts=made)).all("img")[0]["alt"] == "cat.png"


def test_small_files_are_shown_by_type():
    table = artifact("t", "history.csv", "table", poster=None)
    values = artifact("j", "metrics.json", "json", poster=None)
    text = "step,loss\n" + "\n".join(f"{step},0.{step}" for step in range(20))
    tree = shown(traits(artifacts=[table, values]), {"t": text, "j": '{"psnr": 27.4, "link": "' + SIGNED + '"}'})
    assert '"psnr": 27.4' in tree.text
    assert "feedface" not in tree.text
    assert "… 12 more rows" in tree.text
    assert {"scope": "col"} in tree.all("th")


def test_an_output_without_files_is_shown():
    assert '"image_count": 3' in shown(traits(output={"image_count": 3})).text


def test_all_content_is_visible_without_styles():
    html = static_card.bundle(traits(artifacts=[artifact()]))["text/html"]
    bare = Tree(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    order = ["text-to-image", "Completed", "cat.png", "Duration", "To open the live card again, run "]
    places = [bare.texts.index(words) for words in order]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("json", '{"a":1}', '{\n  "a": 1\n}'),
        ("json", '{"a":1}\n{"a":2}', '{"a":1}\n{"a":2}'),
        ("table", "a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("table", "no columns\nat all", "no columns\nat all"),
        ("text", "\n".join("abc"), "a\nb\nc"),
        ("text", "", ""),
    ],
)
def test_an_excerpt_is_laid_out(kind, content, expected):
    assert layout(kind, "file", content) == expected


def test_a_wide_table_and_a_long_text_are_truncated():
    rows = layout("table", "t.tsv", "\t".join("abcdefgh") + "\n" + "\t".join("12345678"))
    assert rows == [["a", "b", "c", "d", "e", "f", "…"], ["1", "2", "3", "4", "5", "6", "…"]]
    text = layout("text", "t.txt", "line\n" * 100)
    assert isinstance(text, str)
    assert text.endswith("…")
    assert text.count("\n") < 20


def test_excerpts_are_read_from_small_text_files_on_disk(tmp_path):
    for name, data in {
        "a.json": b'{"a": 1}',
        "b.txt": b"\xef\xbb\xbfhi",
        "c.csv": b"x" * 20_000,
        "d.txt": b"\xff\xfe",
    }.items():
        (tmp_path / name).write_bytes(data)
    items = [
        artifact("a", "a.json", "json", path=str(tmp_path / "a.json"), size=8),
        artifact("b", "b.txt", "text", path=str(tmp_path / "b.txt"), size=5),
        artifact("c", "c.csv", "table", path=str(tmp_path / "c.csv"), size=20_000),
        artifact("d", "d.txt", "text", path=str(tmp_path / "d.txt"), size=2),
        artifact("e", "e.txt", "text", path=str(tmp_path / "gone.txt"), size=2),
        artifact("f", "f.txt", "text", state="offered"),
        artifact("g", "g.png", "image", path=str(tmp_path / "a.json"), size=8),
    ]
    assert excerpts({"artifacts": items}) == {"a": '{"a": 1}', "b": "hi"}


def test_json_nested_a_thousand_levels_deep_is_shown_unchanged():
    text = "[" * 1_500 + "]" * 1_500
    assert "[" in layout("json", "a.json", text)
