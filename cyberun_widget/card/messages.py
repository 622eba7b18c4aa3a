"""Messages between page and kernel. `frontend/src/shared/messages.ts` has the same tables; a test compares them.

Each request has an `id` and gets exactly one answer: a reply with the fields listed here, or an error. Bytes are sent
as binary buffers next to the fields. A message that the kernel sends without a request is a push.
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL: Final = 1
"""Protocol version: incremented when the meaning of a message changes."""


class Nothing(TypedDict):
    """No fields."""


class Module(TypedDict):
    """A script, sent once per page. Its bytes are the reply's buffer."""

    name: str
    revision: str


class Visible(TypedDict):
    """Whether one of the page's views of the widget is visible. `view`: an id chosen by the page."""

    view: str
    visible: bool


class Order(TypedDict):
    """A click on a button. `task_id`: the task that the page showed at the time."""

    task_id: str


class Switch(TypedDict):
    """The new state of a switch."""

    on: bool


class File(TypedDict):
    """One of the task's files."""

    key: str


class Read(TypedDict):
    """A part of a file: at most `length` bytes starting at `offset`."""

    key: str
    revision: str
    offset: int
    length: int


class Part(TypedDict):
    """The position of a part in its file, in bytes. The part itself is the reply's buffer."""

    offset: int
    total: int
    mime: str


class Preview(TypedDict):
    """A preview of a file that browsers can't read, see `content.preview`."""

    preview: dict[str, Any]


class Chunk(TypedDict):
    """A part of a file, sent before the page requests it."""

    key: str
    revision: str
    offset: int
    total: int
    mime: str


class Beat(TypedDict):
    """A heartbeat for all widgets of one kernel process."""

    process: str


class Cells(TypedDict):
    """The changed cells of a sheet, by index. `sequence` counts these messages."""

    sequence: int
    cells: list[Any]


class Problem(TypedDict):
    """A problem with an earlier request."""

    text: str


class Report(TypedDict):
    """A redacted log of the task and its connection, for pasting into an issue."""

    text: str


WIDGET_REQUESTS: Final[dict[str, tuple[type, type]]] = {
    "module": (Module, Module),
    "sync": (Nothing, Nothing),
    "visible": (Visible, Nothing),
}
"""Requests that every widget answers: kind -> (fields of the request, fields of the reply)."""

CARD_REQUESTS: Final[dict[str, tuple[type, type]]] = {
    **WIDGET_REQUESTS,
    "cancel": (Order, Nothing),
    "reconnect": (Order, Nothing),
    "resume": (Order, Nothing),
    "fetch_again": (Order, Nothing),
    "run_again": (Order, Nothing),
    "save_all": (Order, Nothing),
    "notify": (Switch, Nothing),
    "edit": (Order, Nothing),
    "fetch": (File, Nothing),
    "read": (Read, Part),
    "preview": (File, Preview),
    "poster": (File, Nothing),
    "diagnostics": (Nothing, Report),
}
"""Requests that a card answers."""

PUSHES: Final[dict[str, type]] = {"module": Module, "chunk": Chunk, "cells": Cells, "problem": Problem, "beat": Beat}
"""Messages that the kernel sends without a request."""


class Reply(TypedDict):
    """The answer to the request whose id is `re`. The fields of its kind are added to these."""

    type: Literal["reply"]
    protocol: int
    re: str


class Error(TypedDict):
    """Why the request whose id is `re` failed.

    `code`: "failed", `text` is for the user; "fault", a bug in this package; "version", the page must be reloaded.
    """

    type: Literal["error"]
    protocol: int
    re: str
    code: Literal["failed", "fault", "version"]
    text: str


def check(fields: Mapping[str, Any], shape: type) -> None:
    """Raise ValueError if a field of `shape` is missing or has the wrong type. Integers must not be negative."""
    for name, wanted in _types(shape).items():
        value = fields.get(name)
        if wanted is not Any and (type(value) not in wanted or (type(value) is int and value < 0)):
            raise ValueError(f"The page's request has no valid {name}.")


@cache
def _types(shape: type) -> dict[str, Any]:
    """Return field -> its allowed types, `Any` for arbitrary JSON. A float field also accepts an int."""
    return {name: hint if hint is Any else _members(hint) for name, hint in get_type_hints(shape).items()}


def _members(hint: Any) -> frozenset[type]:
    if isinstance(hint, UnionType):
        return frozenset().union(*map(_members, get_args(hint)))
    kind: type = get_origin(hint) or hint
    return frozenset({kind, int} if kind is float else {kind})
