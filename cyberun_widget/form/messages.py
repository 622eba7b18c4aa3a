"""What a form's page asks; `frontend/src/shared/messages.ts` has the same table."""

from __future__ import annotations

from typing import Any, Final, TypedDict

from cyberun_widget.card.messages import WIDGET_REQUESTS, Nothing


class Change(TypedDict):
    """The value that one field has now. `page` and `number` come back in the trait `_seen`."""

    key: str
    value: Any
    page: str
    number: int


class FieldName(TypedDict):
    """One field."""

    key: str


class Upload(TypedDict):
    """A file that will come in parts. `size`: bytes."""

    key: str
    name: str
    size: int


class UploadPart(TypedDict):
    """The next part of a file, as the request's buffer. `offset`: bytes that came before."""

    key: str
    offset: int


class Start(TypedDict):
    """Start a paid run. `new_seeds`: with seeds drawn now, which the fields then show."""

    new_seeds: bool


class OneRun(TypedDict):
    """One run, by its card's model id."""

    run: str


class Unfold(TypedDict):
    """Show one run's whole card, or one line of it."""

    run: str
    open: bool


class Runs(TypedDict):
    """Runs to compare, by their cards' model ids."""

    runs: list[str]


class Live(TypedDict):
    """Start a paid run whenever the values rest for `delay` seconds; null ends it."""

    delay: float | None


class Code(TypedDict):
    """The Python that does the same run."""

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
