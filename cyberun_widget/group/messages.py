"""The messages between a sheet's page and the kernel; `frontend/src/shared/messages.ts` has the same tables.

See `card.messages` for how requests, replies and pushes travel.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

from cyberun_widget.card.messages import WIDGET_REQUESTS, Nothing, Part, Preview


class Points(TypedDict):
    """Points, by index."""

    points: list[int]


class Count(TypedDict):
    """How many; 0 for all."""

    count: int


class OfPoint(TypedDict):
    """One point, by index."""

    point: int


class Mark(TypedDict):
    """Points, and what is thought of them: "star", "reject", "none"."""

    points: list[int]
    mark: str


class Thumbnails(TypedDict):
    """Points, and the output whose picture is wanted; "" for each point's first."""

    points: list[int]
    output: str


class Pictures(TypedDict):
    """For each picture, which are the reply's buffers, its point and MIME type."""

    pictures: list[Any]


class Extension(TypedDict):
    """More values for one axis: a JSON list, or values with commas between them."""

    axis: str
    values: str


class Added(TypedDict):
    """How many points were added."""

    added: int


class Attachment(TypedDict):
    """The task that is an unknown point's."""

    point: int
    task: str


class Candidates(TypedDict):
    """The tasks that an unknown point may have become, and what that means in words."""

    candidates: list[Any]
    advice: str


class Detail(TypedDict):
    """Everything about a point. Posters are the reply's buffers, in the order of the files that have one."""

    detail: dict[str, Any]


class Code(TypedDict):
    """Python."""

    code: str


class Saved(TypedDict):
    """What was saved where, in words."""

    saved: str


class FileOf(TypedDict):
    """One file of a point."""

    point: int
    key: str


class ReadOf(TypedDict):
    """A part of a file of a point."""

    point: int
    key: str
    revision: str
    offset: int
    length: int


GROUP_REQUESTS: Final[dict[str, tuple[type, type]]] = {
    **WIDGET_REQUESTS,
    "start": (Count, Nothing),
    "retry": (Points, Nothing),
    "extend": (Extension, Added),
    "send_again": (OfPoint, Nothing),
    "cancel": (Points, Nothing),
    "attach": (Attachment, Nothing),
    "candidates": (OfPoint, Candidates),
    "mark": (Mark, Nothing),
    "pin": (Points, Nothing),
    "look": (Points, Nothing),
    "thumbnails": (Thumbnails, Pictures),
    "detail": (OfPoint, Detail),
    "code": (Points, Code),
    "save_all": (Nothing, Saved),
    "fetch": (FileOf, Nothing),
    "read": (ReadOf, Part),
    "preview": (FileOf, Preview),
    "poster": (FileOf, Nothing),
}
"""What a sheet's page asks: kind -> the request's fields, its reply's. `start`, `retry`, `extend` and `send_again` cost
money, and the page has asked for it. An empty list of points means all (`cancel`), the whole (`code`), none (`pin`)."""
