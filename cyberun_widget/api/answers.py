"""Encodes and parses the API's JSON, and turns error answers into errors that say what to do. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.errors import (
    AuthError,
    CyberunError,
    NotFoundError,
    ParameterError,
    ProtocolError,
    RateLimitError,
    ServerError,
)
from cyberun_widget.support.backoff import parse_retry_after
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping


_SAID_MAX: Final = 300  # maximum characters of the server's message in an error


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer. `now`: the server's clock (its Date header), or None."""

    data: Any
    now: datetime | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer with any status. `problem`: why its body can't be used, None if it can."""

    status: int
    # A server may repeat the key in its answer, or redirect to a signed link: neither may show in a traceback.
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    problem: CyberunError | None = None

    @property
    def ok(self) -> bool:
        """Whether the status is a success."""
        return is_success(self.status)

    @property
    def now(self) -> datetime | None:
        """The server's clock."""
        return date(self.headers)

    def error(self) -> CyberunError:
        """Return the error for an unsuccessful status."""
        return failure(self.status, self.headers, self.content, self.now)

    def read(self, host: str) -> Answer | CyberunError:
        """Return the JSON of a successful answer, or the error."""
        if not self.ok:
            return self.error()
        if self.problem is not None:
            return self.problem
        try:
            return Answer(parse(self.content, self.headers, host), self.now)
        except ProtocolError as exc:
            return exc.with_traceback(None)


def is_success(status: int) -> bool:
    """Whether an HTTP status is a success."""
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def failure(status: int, headers: Mapping[str, str], content: bytes, now: datetime | None) -> CyberunError:  # noqa: PLR0911 - one per status
    """Return the error for an HTTP status, with the server's message if there is one."""
    said = _said(content)
    wait = parse_retry_after(headers.get("retry-after"), now or datetime.now(UTC))
    match status:
        case 401:
            return AuthError(
                f"The service rejected this API key (401{said}). Check CYBERUN_API_KEY, or create an integration key "
                "(sk-...) under Access. If the key is correct, check that the base URL belongs to the same service."
            )
        case 403:
            return AuthError(
                f"This API key has no access (403{said}). Use an integration key (sk-...) of the team that owns the "
                "task."
            )
        case 404:
            return NotFoundError(f"Not found (404{said}). Check the id, the key's team, and the base URL.")
        case 429:
            return RateLimitError(f"Too many requests (429{said}).", retry_after=wait)
        case 400 | 413 | 422:
            return ParameterError(f"The service rejected the request ({status}{said}).")
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ServerError(f"Server error ({status}{said}).", status=status, retry_after=wait)
        case _:
            return ServerError(f"Unexpected response ({status}{said}).", status=status, retry_after=wait)


def _said(content: bytes) -> str:
    """Return the server's message from an error's JSON body, cleaned and shortened; '' for a web page."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if isinstance(data, dict):
        error = data.get("error")
        nested = error.get("message") if isinstance(error, dict) else error
        for words in (data.get("detail"), data.get("message"), nested):
            if words:
                text = words if isinstance(words, str) else json.dumps(words)
                return f": {clean(text, limit=_SAID_MAX)}"
    return ""


def parse(content: bytes, headers: Mapping[str, str], host: str) -> Any:
    """Return the JSON of a body. Raises ProtocolError if it is something else, such as a login page."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        page = "html" in headers.get("content-type", "") or content.lstrip()[:1] == b"<"
    what = "a web page" if page else "something else"
    raise ProtocolError(
        f"{host} returned {what} instead of JSON. Check the base URL (it ends in /api/v1); a login page or a "
        "proxy may be in the way."
    )


def mime(headers: Mapping[str, str]) -> str:
    """Return the media type of a body in lower case, without parameters; '' if not given."""
    return clean(headers.get("content-type", "").split(";")[0], limit=100).lower()


def date(headers: Mapping[str, str]) -> datetime | None:
    """Return the server's clock from its Date header; None if that is missing or invalid."""
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def encode(body: Any) -> bytes:
    """Return a body as JSON. Raises ParameterError for values that JSON can't represent."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        problem = "a text with an unpaired surrogate, which UTF-8 can't encode"
    except (TypeError, ValueError, RecursionError) as exc:
        problem = str(exc)
    raise ParameterError(f"This can't be sent as JSON: {clean(problem)}.")
