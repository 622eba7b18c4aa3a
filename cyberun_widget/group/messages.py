"""Messages between a sheet's page and the kernel; `frontend/src/shared/messages.ts` has the same tables.

See `card.messages` for the protocol of requests, replies and pushes.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

from cyberun_widget.card.messages import WIDGET_REQUESTS, Nothing, Part, Preview


class Points(TypedDict):
    """Points, by index."""

    points: list[int]


class Count(TypedDict):
    """A number of points; 0 means all."""

    count: int


class OfPoint(TypedDict):
    """One point, by index."""

    point: int


class Mark(TypedDict):
    """Points and their mark: "star", "reject" or "none"."""

    points: list[int]
    mark: str


class Thumbnails(TypedDict):
    """Points, and the output to picture; "" means each point's first."""

    points: list[int]
    output: str


class Pictures(TypedDict):
    """The point and MIME type of each picture. The pictures are the reply's buffers."""

    pictures: list[Any]


class Extension(TypedDict):
    """More values for one axis: a JSON list, or comma-separated values."""

    axis: str
    values: str


class Added(TypedDict):
    """The number of points added."""

    added: int


class Attachment(TypedDict):
    """The task that belongs to an unknown point."""

    point: int
    task: str


class Candidates(TypedDict):
    """The tasks that may belong to an unknown point, and advice in words."""

    candidates: list[Any]
    advice: str


class Detail(TypedDict):
    """All details of a point. Posters are the reply's buffers, in the order of the files that have one."""

    detail: dict[str, Any]


class Code(TypedDict):
    """Python code."""

    code: str


class Saved(TypedDict):
    """A sentence that says what was saved and where."""

    saved: str


class FileOf(TypedDict):
    """One of a point's files."""

    point: int
    key: str


class ReadOf(TypedDict):
    """One part of a point's file."""

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
"""Requests of a sheet's page: kind -> fields of the request, fields of the reply. `start`, `retry`, `extend` and
`send_again` cost money, and the page has asked for confirmation. An empty list of points means all points (`cancel`),
the whole sweep (`code`), no point (`pin`)."""
