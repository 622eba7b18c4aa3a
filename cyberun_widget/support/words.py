"""The vocabulary: `words.json`, which the page is bundled with too, so that both say the same.

It holds the names of statuses and stages and every sentence of the card, the archive and the terminal. Numbers are
worded in `units`; errors are worded where they are raised.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

WORDS: Final[dict[str, dict[str, Any]]] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
_BLANK: Final = re.compile(r"\{(\w+)\}")


def say(key: str, **values: object) -> str:
    """Return the text under "section.name" with its {blanks} filled. Raises KeyError for an unknown key or blank."""
    section, _, name = key.partition(".")
    return _BLANK.sub(lambda blank: str(values[blank[1]]), WORDS[section][name])


def status_name(status: str) -> str:
    """Return what a person calls a status; one that is new to us as it is."""
    return _part("status", status, "name", status)


def status_doing(status: str) -> str:
    """Return the sentence for what a task in this status does, "" where there is none."""
    return _part("status", status, "doing", "")


def sweep_status(status: str) -> str:
    """Return what a person calls the status of a sweep's point; one that is new to us as it is."""
    return str(WORDS["sweep_status"].get(status, status))


def stage_name(stage: str) -> str:
    """Return what a person calls a stage; one that is new to us as it is."""
    return _part("stage", stage, "name", stage)


def stage_doing(stage: str) -> str:
    """Return the word for being in a stage; the name of one that is new to us."""
    return _part("stage", stage, "doing", stage)


def _part(section: str, name: str, part: str, fallback: str) -> str:
    return str(WORDS[section].get(name, {}).get(part, fallback))
