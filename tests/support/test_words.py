"""The vocabulary is one file: every word in it is used, and every word that is asked for is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cyberun_widget.protocol.stages import STAGES
from cyberun_widget.support.words import WORDS, say, stage_doing, stage_name, status_doing, status_name

PACKAGE = Path(__file__).parents[2] / "cyberun_widget"
PYTHON = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts}
SCRIPTS = {path: path.read_text("utf-8") for path in (PACKAGE / "frontend/src").rglob("*.[jt]s")}
KEY = re.compile(rf"""["']((?:{"|".join(WORDS)})\.(?!js\b|css\b)[a-z_]+)["']""")
ASKED = {key for text in PYTHON.values() for key in KEY.findall(text)}
TEXTS = [f"{section}.{name}" for section in ("card", "archive") for name in WORDS[section]]


@pytest.mark.parametrize("key", sorted(ASKED))
def test_what_python_asks_for_is_there(key):
    section, name = key.split(".")
    assert name in WORDS[section]


@pytest.mark.parametrize("key", TEXTS)
def test_no_text_is_left_over(key):
    section, name = key.split(".")
    python = key in ASKED or any(f'{section}.{{name}}"' in text and f'"{name}"' in text for text in PYTHON.values())
    page = any(re.search(rf"\bsaid\.{name}\b", text) for text in SCRIPTS.values())
    assert python or page, f"nobody says {key}"


def test_a_text_is_filled_and_a_missing_blank_is_an_error():
    assert say("card.step", current="1", total="1,200") == "step 1 of 1,200"
    with pytest.raises(KeyError):
        say("card.step", current="1")
    with pytest.raises(KeyError):
        say("card.nonsense")


def test_every_status_and_stage_of_the_api_has_its_words():
    assert tuple(WORDS["stage"]) == STAGES
    assert set(WORDS["status"]) >= {"pending", "waiting", "queued", "running", "completed", "failed", "cancelled"}
    assert (status_name("waiting"), stage_doing("process_data")) == ("Waiting for an agent", "Processing data")


def test_a_word_that_is_new_to_us_is_shown_as_it_is():
    assert (status_name("hibernating"), status_doing("hibernating")) == ("hibernating", "")
    assert (stage_name("bake"), stage_doing("bake")) == ("bake", "bake")
