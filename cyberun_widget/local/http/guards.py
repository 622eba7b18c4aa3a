"""Access checks: the Host header, the token, and the proof of the server's identity."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cyberun_widget.local.http.answers import Json, Problem

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

_HOST: Final = re.compile(rb"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_NONCE: Final = re.compile(r"[0-9a-f]{32,128}")


class HostGuard:
    """Answers 421 unless the Host header names this machine, which prevents DNS rebinding by a web page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 421."""
        if scope["type"] == "http":
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
                words = "This server answers on this machine only, as 127.0.0.1 or localhost."
                await Json({"error": "misdirected", "message": words}, 421)(scope, receive, send)
                return
        await self._app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Proof:
    """Proves to a client that this is the server it started, before the client sends its key.

    The secret is never sent: the answer to a nonce is an HMAC over it and the base URL, so a program that has taken
    over a dead server's port can neither compute it nor obtain it from another server.
    """

    secret: bytes = field(repr=False)
    base_url: str

    def answer(self, nonce: str) -> str:
        """Return the proof for a nonce, in hexadecimal."""
        return hmac.digest(self.secret, f"{self.base_url}\n{nonce}".encode(), "sha256").hex()

    async def call(self, request: Request) -> Response:
        """`GET /proof?nonce=HEX`, the one call that needs no token."""
        nonce = request.query_params.get("nonce", "")
        if not _NONCE.fullmatch(nonce):
            raise Problem(422, "invalid_nonce", "nonce: 32 to 128 hexadecimal digits.")
        return Json({"proof": self.answer(nonce)}, headers={"Cache-Control": "no-store"})
