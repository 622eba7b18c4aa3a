"""Messages from a form's page; `frontend/src/shared/messages.ts` has the same table."""

from __future__ import annotations

from typing import Any, Final, TypedDict

from cyberun_widget.card.messages import WIDGET_REQUESTS, Nothing


class Change(TypedDict):
    """The new value of one field. `page` and `number` are echoed in the trait `_seen`."""

    key: str
    value: Any
    page: str
    number: int


class FieldName(TypedDict):
    """One field."""

    key: str


class Upload(TypedDict):
    """A file that will be sent in parts. `size`: bytes."""

    key: str
    name: str
    size: int


class UploadPart(TypedDict):
    """The next part of a file, as the request's buffer. `offset`: bytes sent before it."""

    key: str
    offset: int


class Start(TypedDict):
    """Start a paid run. `new_seeds`: draw new seeds first, and show them in the fields."""

    new_seeds: bool


class OneRun(TypedDict):
    """One run, by its card's model id."""

    run: str


class Unfold(TypedDict):
    """Expand one run's card, or collapse it to one line."""

    run: str
    open: bool


class Runs(TypedDict):
    """Runs to compare, by their cards' model ids."""

    runs: list[str]


class Live(TypedDict):
    """Start a paid run whenever the values stay unchanged for `delay` seconds; null turns this off."""

    delay: float | None


class Code(TypedDict):
    """Python code for the same run."""

    code: str


FORM_REQUESTS: Final[dict[str, tuple[type, type]]] = {
    **WIDGET_REQUESTS,
    "change": (Change, Nothing),
    "seed": (FieldName, Nothing),
    "upload_begin": (Upload, Nothing),
    "upload_part": (UploadPart, Nothing),
    "upload_cancel": (FieldName, Nothing),
    "run": (Start, Nothing),
    "use": (OneRun, Nothing),
    "unfold": (Unfold, Nothing),
    "compare": (Runs, Nothing),
    "live": (Live, Nothing),
    "code": (Nothing, Code),
}
