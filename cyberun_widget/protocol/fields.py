"""Reads fields of untrusted JSON: each function returns a valid value or raises an error that says why not. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_MAX: Final = 200  # characters of a name: node, stage, status
TEXT_MAX: Final = 4_000  # characters of a message
ERROR_MAX: Final = 64_000  # characters of an error with its log
_KNOWN_MAX: Final = 60  # characters of a name whose cleaned form is cached
CAUSE_MAX: Final = 300  # characters of an error shown in one line


class FieldError(ValueError):
    """A field doesn't match the API page. The text names the field, never its value."""


def load_object(data: str | bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises FieldError for anything else, including NaN and Infinity, which aren't JSON."""
    try:
        value = _decoder.decode(data) if isinstance(data, str) else json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise FieldError("the data is not JSON") from None
    if not isinstance(value, dict):
        raise FieldError("the data is not a JSON object")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_decoder: Final = json.JSONDecoder(parse_constant=_refuse)  # `json.loads` would create one per call


def text(data: Mapping[str, Any], name: str, limit: int = TEXT_MAX) -> str:
    """Return a string field, cleaned and truncated to `limit` characters, "" if it is missing or null."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise FieldError(f"{name} is not a string")
    return clean(value, lines=True, limit=limit)


def label(data: Mapping[str, Any], name: str) -> str:
    """Return a name as a single line. Numbers are accepted, since ComfyUI's node ids look like numbers."""
    value = data.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:NAME_MAX]
    if isinstance(value, str) and len(value) < _KNOWN_MAX:
        return _known(value)
    return clean(text(data, name, NAME_MAX))


@lru_cache(maxsize=256)
def _known(value: str) -> str:
    return clean(value)  # cached: every event repeats the name of its node or stage


def fraction(data: Mapping[str, Any], name: str) -> float:
    """Return a number in [0, 1]."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FieldError(f"{name} is not a number")
    if not 0 <= value <= 1:  # also rejects NaN
        raise FieldError(f"{name} is outside 0 to 1")
    return float(value)


def count(data: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number from 0 to 2**53, None if it is missing or null. `7.0` counts as whole."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FieldError(f"{name} is not a number")
    if not (0 <= value <= 2**53) or value != int(value):
        raise FieldError(f"{name} is not a non-negative whole number")
    return int(value)


def moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """Return an ISO 8601 time in UTC, None if it is missing or unreadable: a bad time must not invalidate an event."""
    value = data.get(name)
    if not isinstance(value, str) or len(value) > 40:  # noqa: PLR2004 - longer than any ISO 8601 time
        return None
    try:
        parsed = datetime.fromisoformat(value.replace("z", "Z"))
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def cause(error: str) -> str:
    """Return the line of an error that states its cause: the first, or the last of a plain Python traceback."""
    lines = [line.strip() for line in error.splitlines() if line.strip()] or [""]
    told = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return told if len(told) <= CAUSE_MAX else told[: CAUSE_MAX - 1] + "…"
