"""Reading fields out of JSON that somebody else wrote: each gives a sound value or says why there is none. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_MAX: Final = 200  # characters of a name: node, stage, status
TEXT_MAX: Final = 4_000  # characters of a line of news
ERROR_MAX: Final = 64_000  # characters of an error with its log
_KNOWN_MAX: Final = 60  # characters of a name that is worth remembering as it was cleaned
CAUSE_MAX: Final = 300  # characters of an error shown in one line


class FieldError(ValueError):
    """A field isn't what the API page says. The message names the field, never its value."""


def load_object(data: str | bytes) -> dict[str, Any]:
    """Parse a JSON object. NaN and Infinity, which aren't JSON, are refused like anything else unsound."""
    try:
        value = _decoder.decode(data) if isinstance(data, str) else json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise FieldError("the data is not JSON") from None
    if not isinstance(value, dict):
        raise FieldError("the data is not a JSON object")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_decoder: Final = json.JSONDecoder(parse_constant=_refuse)  # `json.loads` would make one each time


def text(data: Mapping[str, Any], name: str, limit: int = TEXT_MAX) -> str:
    """Return a string field, cleaned and at most `limit` characters long; '' where it is missing or null."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(f"{name} is not a string")
    return clean(value, lines=True, limit=limit)


def label(data: Mapping[str, Any], name: str) -> str:
    """Return a name on one line; a number counts as one, since ComfyUI's node ids look like numbers."""
    value = data.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:NAME_MAX]
    if isinstance(value, str) and len(value) < _KNOWN_MAX:
        return _known(value)
    return clean(text(data, name, NAME_MAX))


@lru_cache(maxsize=256)
def _known(value: str) -> str:
    return clean(value)  # a node's or a stage's name comes with each of its events


def fraction(data: Mapping[str, Any], name: str) -> float:
    """Return a number in [0, 1]."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FieldError(f"{name} is not a number")
    if not 0 <= value <= 1:  # NaN isn't, either
        raise FieldError(f"{name} is outside of 0 to 1")
    return float(value)


def count(data: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number from 0 to 2**53, None where it is missing or null. `7.0` counts as whole."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FieldError(f"{name} is not a number")
    if not (0 <= value <= 2**53) or value != int(value):
        raise FieldError(f"{name} is not a whole number from 0 on")
    return int(value)


def moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """Return an ISO 8601 time in UTC, None where it is missing or unreadable: no time is worth losing an event for."""
    value = data.get(name)
    if not isinstance(value, str) or len(value) > 40:  # noqa: PLR2004 - longer than any ISO 8601 time
        return None
    try:
        parsed = datetime.fromisoformat(value.replace("z", "Z"))
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def cause(error: str) -> str:
    """Return the line of an error that names its cause: the first, or the last of a bare Python traceback."""
    lines = [line.strip() for line in error.splitlines() if line.strip()] or [""]
    told = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return told if len(told) <= CAUSE_MAX else told[: CAUSE_MAX - 1] + "…"
