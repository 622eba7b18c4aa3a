"""Reads requests and answers in JSON, including refusals and server errors."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from cyberun_widget.local.http.credentials import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_LOG: Final = logging.getLogger("cyberun_widget.local.http")
_BODY_MAX: Final = 4 << 20  # maximum bytes of a JSON body
_PAGE_MAX: Final = 2**31
_PER_PAGE_MAX: Final = 100
_WHOLE: Final = re.compile(r"[0-9]{1,10}")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class Json(JSONResponse):
    """JSON in ASCII, so that any text of a task can be encoded."""

    def render(self, content: Any) -> bytes:
        """Encode the body."""
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


class Problem(Exception):  # noqa: N818 - an answer, not a program error
    """An error answer. `details`: one `{"key", "message"}` for each invalid parameter."""

    def __init__(self, status: int, code: str, words: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(words)
        self.status, self.code, self.details = status, code, details


async def read_json(request: Request) -> dict[str, Any]:
    """Return the body, a JSON object; an empty body counts as {}. Raises Problem."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > _BODY_MAX:
            raise Problem(413, "too_large", "The body is too large.")
    try:
        body = json.loads(content) if content else {}
    except (ValueError, RecursionError):
        raise Problem(400, "bad_json", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Problem(422, "bad_json", "The body must be a JSON object.")
    # JSON can contain a lone surrogate ("\ud800"), which UTF-8 can't encode.
    if b"\\u" in content and _SURROGATE.search(json.dumps(body, ensure_ascii=False)):
        raise Problem(422, "bad_text", "The body contains an unpaired surrogate, which is not valid text.")
    return body


def read_page(request: Request) -> tuple[int, int]:
    """Return `current_page` and `per_page`. Raises Problem if they are out of range."""
    query = request.query_params
    return _whole(query, "current_page", 1, _PAGE_MAX), _whole(query, "per_page", 20, _PER_PAGE_MAX)


def _whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= most:
        raise Problem(422, "invalid_page", f"{name}: must be a whole number from 1 to {most}.")
    return int(text)


def page_meta(page: int, size: int, total: int) -> dict[str, int]:
    """Return the page metadata of a list."""
    return {"current_page": page, "per_page": size, "total_count": total}


async def answer(_request: Request, exc: Exception) -> Response:
    """Answer a `Problem` or a refused token."""
    assert isinstance(exc, (Problem, Refused))  # noqa: S101 - registered for these
    body: dict[str, Any] = {"error": exc.code, "message": str(exc)}
    if isinstance(exc, Problem) and exc.details:
        body["details"] = exc.details
    headers = {"WWW-Authenticate": "Bearer"} if exc.status == 401 else None  # noqa: PLR2004 - HTTP's Unauthorized
    return Json(body, exc.status, headers)


async def answer_http(_request: Request, exc: Exception) -> Response:
    """Answer a request for an unknown path or method."""
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this
    words = "There is nothing at this address." if exc.status_code == 404 else exc.detail  # noqa: PLR2004 - Not Found
    return Json({"error": "http_error", "message": words}, exc.status_code, exc.headers)


async def answer_broken(_request: Request, exc: Exception) -> Response:
    """Answer after an internal error; the log has the traceback."""
    _LOG.error("a call broke the server", exc_info=exc)
    return Json({"error": "internal", "message": "The local server broke; its log has the reason."}, 500)
