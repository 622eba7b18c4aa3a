"""The vocabulary is one file: each text in it is used, each that is asked for is in it, and no page has its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from cyberun_widget.protocol.stages import STAGES
from cyberun_widget.support.words import WORDS, say, stage_doing, stage_name, status_doing, status_name

PACKAGE = Path(__file__).parents[2] / "cyberun_widget"
PYTHON = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts}
SCRIPTS = {path: path.read_text("utf-8") for path in (PACKAGE / "frontend/src").rglob("*.[jt]s")}
KEY = re.compile(rf"""["']((?:{"|".join(WORDS)})\.(?!js\b|css\b|png\b|json\b)[a-z_]+)["']""")
ASKED = {key for text in PYTHON.values() for key in KEY.findall(text)}
SECTIONS = ("card", "viewers", "form", "comparison", "list", "sweep", "archive")
TEXTS = [f"{section}.{name}" for section in SECTIONS for name in WORDS[section]]


def said(key: str) -> str:
    """The text as a script asks for it."""
    return f"said.{key.removeprefix('card.')}"


def blanks(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("key", sorted(ASKED))
def test_what_python_asks_for_is_there(key):
    section, name = key.split(".")
    assert name in WORDS[section]


@pytest.mark.parametrize("key", TEXTS)
def test_no_text_is_left_over(key):
    section, name = key.split(".")
    python = key in ASKED or any(f'{section}.{{name}}"' in text and f'"{name}"' in text for text in PYTHON.values())
    page = any(re.search(rf"\b{re.escape(said(key))}\b", text) for text in SCRIPTS.values())
    assert python or page, f"nobody says {key}"


@pytest.mark.parametrize("key", [key for key in TEXTS if blanks(WORDS[key.split(".")[0]][key.split(".")[1]])])
def test_both_sides_fill_every_blank_of_a_text(key):
    section, name = key.split(".")
    wanted = blanks(WORDS[section][name])
    for path, text in PYTHON.items():
        if f'"{key}"' in text or f"'{key}'" in text:
            for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
                if call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == key:
                    assert {word.arg for word in call.keywords} == wanted, path
    for path, text in SCRIPTS.items():
        for found in re.finditer(rf"\bfill(?:Nodes)?\({re.escape(said(key))}, \{{", text):
            assert keys(text[found.end() :]) == wanted, path


def keys(text: str) -> set[str]:
    """The keys of an object literal, from after its opening brace on."""
    depth, part, parts = 0, "", []
    for char in re.sub(r"\.\.\.\{([^{}]*)\}", r"\1", text):
        depth += (char in "({[") - (char in ")}]")
        if depth < 0:
            break
        if char == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += char
    return {name.split(":")[0].strip() for name in [*parts, part] if name.strip()}


COMMENT = re.compile(r"/\*[\s\S]*?\*/|(?<![:\"'`])//[^\n]*")
STRING = r"(?:\"[^\"]*\"|`[^`]*`)"
ERROR = re.compile(rf"Error\(\s*{STRING}(?:\s*\+\s*{STRING})*")  # an error is worded where it is raised
TEXT = re.compile(
    r"[\"`][A-Z][a-z]+(?:[ .…:,][^\"`]*)?[\"`]"  # it begins like a label or a sentence
    r"|[\"`](?!import )[^\"`<>(){}=;/]*[a-z] [a-z]+ [a-z]+[^\"`(){}=;/]*[\"`]"  # it has three words
)
NO_TEXT = re.compile("Escape|Enter|Tab|Home|End|Delete|Backspace|Space|Esc|Shift|Draco|Notification")


@pytest.mark.parametrize(
    "path",
    sorted(path for path in SCRIPTS if path.name != "units.ts"),
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_no_script_has_a_text_of_its_own(path):
    code = ERROR.sub("", COMMENT.sub("", SCRIPTS[path]))
    assert [text for text in TEXT.findall(code) if not NO_TEXT.fullmatch(text[1:-1])] == []


def test_a_text_is_filled_and_a_missing_blank_is_an_error():
    assert say("card.step", current="1", total="1,200") == "step 1 of 1,200"
    with pytest.raises(KeyError):
        say("card.step", current="1")
    with pytest.raises(KeyError):
        say("card.nonsense")


def test_every_status_and_stage_of_the_api_has_its_words():
    assert tuple(WORDS["stage"]) == STAGES
    assert set(WORDS["status"]) >= {"pending", "waiting", "queued", "running", "completed", "failed", "cancelled"}
    assert (status_name("waiting"), stage_doing("process_data")) == ("Waiting", "Processing data")
    assert (status_name("hibernating"), status_doing("hibernating")) == ("hibernating", "")
    assert (stage_name("bake"), stage_doing("bake")) == ("bake", "bake")
