"""Reading requests and telling what is wrong with them, as JSON."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from cyberun_widget.local.http.credentials import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_LOG: Final = logging.getLogger("cyberun_widget.local.http.app")
_BODY_MAX: Final = 4 << 20  # bytes of a JSON body


class Problem(Exception):  # noqa: N818 - it is an answer, not an accident
    """An answer that isn't a success, told as JSON."""

    def __init__(self, status: int, code: str, words: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(words)
        self.status, self.code, self.details = status, code, details


async def read_json(request: Request) -> dict[str, Any]:
    """Return a body that is a JSON object; an empty one counts as {}. Raises Problem."""
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
    return body


def read_page(request: Request) -> tuple[int, int]:
    """Return `current_page` and `per_page`. Raises Problem where they are out of bounds."""
    numbers = []
    for name, default, most in (("current_page", 1, 2**31), ("per_page", 20, 100)):
        text = request.query_params.get(name, str(default))
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            raise Problem(422, "invalid_page", f"{name}: must be a whole number from 1 to {most}.")
        numbers.append(int(text))
    return numbers[0], numbers[1]


def page_meta(page: int, size: int, total: int) -> dict[str, int]:
    """Return what a list says about its page."""
    return {"current_page": page, "per_page": size, "total_count": total}


async def answer(_request: Request, exc: Exception) -> Response:
    """Tell a problem of ours."""
    assert isinstance(exc, (Problem, Refused))  # noqa: S101 - registered for these
    body: dict[str, Any] = {"error": exc.code, "message": str(exc)}
    if isinstance(exc, Problem) and exc.details:
        body["details"] = exc.details
    headers = {"WWW-Authenticate": "Bearer"} if exc.status == 401 else None  # noqa: PLR2004 - HTTP's unauthorised
    return JSONResponse(body, exc.status, headers)


async def answer_http(_request: Request, exc: Exception) -> Response:
    """Tell that an address or method is not there."""
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this
    words = "There is nothing at this address." if exc.status_code == 404 else exc.detail  # noqa: PLR2004 - HTTP's not found
    headers: Mapping[str, str] | None = exc.headers
    return JSONResponse({"error": "http_error", "message": words}, exc.status_code, headers)


async def answer_broken(_request: Request, exc: Exception) -> Response:
    """Tell that the server itself broke; the log has the reason."""
    _LOG.error("a call broke the server", exc_info=exc)
    return JSONResponse({"error": "internal", "message": "The local server broke; its log has the reason."}, 500)
