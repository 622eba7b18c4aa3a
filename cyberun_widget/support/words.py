"""Display texts from `words.json`, which is also bundled with the page, so that both use the same words.

It holds the names of statuses and stages and every text of the widgets, their archives and the terminal. `units`
formats numbers; error messages are written where the errors are raised.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

WORDS: Final[dict[str, dict[str, Any]]] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
_BLANK: Final = re.compile(r"\{(\w+)\}")


def say(key: str, **values: object) -> str:
    """Return the text "section.name" with its {blanks} filled in. Raises KeyError for an unknown key or blank."""
    section, _, name = key.partition(".")
    return _BLANK.sub(lambda blank: str(values[blank[1]]), WORDS[section][name])


def status_name(status: str) -> str:
    """Return the display name of a status; an unknown status is returned as is."""
    return _part("status", status, "name", status)


def status_doing(status: str) -> str:
    """Return the sentence that describes a task in this status, or ""."""
    return _part("status", status, "doing", "")


def sweep_status(status: str) -> str:
    """Return the display name of a point's status; an unknown status is returned as is."""
    return str(WORDS["sweep_status"].get(status, status))


def stage_name(stage: str) -> str:
    """Return the display name of a stage; an unknown stage is returned as is."""
    return _part("stage", stage, "name", stage)


def stage_doing(stage: str) -> str:
    """Return the phrase for being in a stage; for an unknown stage, its name."""
    return _part("stage", stage, "doing", stage)


def _part(section: str, name: str, part: str, fallback: str) -> str:
    return str(WORDS[section].get(name, {}).get(part, fallback))
