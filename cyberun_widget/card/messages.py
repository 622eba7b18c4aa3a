"""The messages between page and kernel. `frontend/src/shared/messages.ts` has the same tables; a test compares them.

A request has an `id`, and is answered once: by a reply with the fields named here, or by an error. Bytes travel as
binary buffers beside the fields. What the kernel sends unasked is a push.
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL: Final = 1
"""Raised when a message changes its meaning."""


class Nothing(TypedDict):
    """No fields."""


class Module(TypedDict):
    """A script that is sent once a page. Its bytes are the reply's buffer."""

    name: str
    revision: str


class Visible(TypedDict):
    """Whether one of the page's views of the widget is in sight. `view`: an id of the page's own making."""

    view: str
    visible: bool


class Order(TypedDict):
    """A click, about the task that the page showed then."""

    task_id: str


class Switch(TypedDict):
    """Whether something is to be on."""

    on: bool


class File(TypedDict):
    """One of the task's files."""

    key: str


class Read(TypedDict):
    """A part of a file, at most `length` bytes from `offset` on."""

    key: str
    revision: str
    offset: int
    length: int


class Part(TypedDict):
    """Where a part of a file lies; its bytes are the reply's buffer."""

    offset: int
    total: int
    mime: str


class Preview(TypedDict):
    """What is in a file that a browser can't read, see `content.preview`."""

    preview: dict[str, Any]


class Chunk(TypedDict):
    """A part of a file that is sent ahead."""

    key: str
    revision: str
    offset: int
    total: int
    mime: str


class Beat(TypedDict):
    """A sign of life, for all widgets of this life of the kernel."""

    process: str


class Cells(TypedDict):
    """The cells of a sheet that changed, by index; `sequence` counts these messages."""

    sequence: int
    cells: list[Any]


class Problem(TypedDict):
    """A problem with something that was asked for earlier."""

    text: str


class Report(TypedDict):
    """The redacted story of a task and its connection, to be pasted into an issue."""

    text: str


WIDGET_REQUESTS: Final[dict[str, tuple[type, type]]] = {
    "module": (Module, Module),
    "sync": (Nothing, Nothing),
    "visible": (Visible, Nothing),
}
"""What every page asks of its widget: kind -> the request's fields, its reply's."""

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
"""What a card's page asks."""

PUSHES: Final[dict[str, type]] = {"module": Module, "chunk": Chunk, "cells": Cells, "problem": Problem, "beat": Beat}
"""What the kernel sends unasked."""


class Reply(TypedDict):
    """An answer to the request with the id `re`; its fields stand beside these."""

    type: Literal["reply"]
    protocol: int
    re: str


class Error(TypedDict):
    """Why the request with the id `re` failed.

    `code`: "failed", with words for the user; "fault", a bug of ours; "version", the page must be loaded again.
    """

    type: Literal["error"]
    protocol: int
    re: str
    code: Literal["failed", "fault", "version"]
    text: str


def check(fields: Mapping[str, Any], shape: type) -> None:
    """Raise ValueError unless the fields that `shape` names are there, with the right types; numbers from 0."""
    for name, wanted in _types(shape).items():
        value = fields.get(name)
        if wanted is not Any and (type(value) not in wanted or (type(value) is int and value < 0)):
            raise ValueError(f"The page's request has no valid {name}.")


@cache
def _types(shape: type) -> dict[str, Any]:
    """Return field -> the types that it may have, `Any` for JSON of any shape. A float may be written as an int."""
    return {name: hint if hint is Any else _members(hint) for name, hint in get_type_hints(shape).items()}


def _members(hint: Any) -> frozenset[type]:
    if isinstance(hint, UnionType):
        return frozenset().union(*map(_members, get_args(hint)))
    kind: type = get_origin(hint) or hint
    return frozenset({kind, int} if kind is float else {kind})
