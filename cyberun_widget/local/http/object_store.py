"""The second origin: an object store that accepts only signed URLs, and refuses bearer tokens."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from cyberun_widget.local.http.guards import HostGuard
from cyberun_widget.local.state.store import ObjectRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request

    from cyberun_widget.local.http.signing import Signer
    from cyberun_widget.local.state.store import Store

_STATUS: Final = {"InvalidArgument": 403, "SignatureDoesNotMatch": 403, "ExpiredToken": 403, "NoSuchKey": 404}
_WORDS: Final = {
    "InvalidArgument": "Only one auth mechanism allowed: the signature in the URL, not an Authorization header.",
    "SignatureDoesNotMatch": "The signature does not match the request; send every signed header as it was given.",
    "ExpiredToken": "The request has expired.",
    "NoSuchKey": "The specified key does not exist.",
    "PreconditionFailed": "There is an object under this key already.",
    "IncompleteBody": "The body is not as long as its Content-Length.",
}


@dataclass(slots=True)
class Objects:
    """The handlers. `clock`: seconds since 1970."""

    store: Store
    signer: Signer
    clock: Callable[[], float] = time.time

    async def get(self, request: Request) -> Response:
        """Answer GET and HEAD, with ranges, `If-Range` and `If-None-Match`."""
        key = request.path_params["key"]
        refusal = self._refusal(request, key)
        if refusal:
            return _error(refusal)
        item = self.store.object(key)
        if item is None:
            return _error("NoSuchKey")
        headers = {
            "ETag": item.etag,
            "Accept-Ranges": "bytes",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(item.name)}",
            "X-Content-Type-Options": "nosniff",
        }
        if item.etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers={"ETag": item.etag})
        return FileResponse(item.path, headers=headers, media_type=item.mime)

    async def put(self, request: Request) -> Response:
        """Accept an upload once, if it is complete and has every signed header."""
        key = request.path_params["key"]
        refusal = self._refusal(request, key)
        if refusal:
            return _error(refusal)
        if self.store.object(key) is not None:
            return _error("PreconditionFailed", 412)
        target = self.store.object_path(key)
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            size, etag = await _receive(request, part)
            if size != int(request.headers.get("content-length", "-1")):
                return _error("IncompleteBody", 400)
            mime = request.headers.get("content-type", "application/octet-stream")
            item = ObjectRow(key, mime, key.rsplit("/", 1)[-1], size, etag, self.clock(), target)
            os.replace(part, target)  # noqa: PTH105 - atomic
            if not self.store.add_object(item):
                return _error("PreconditionFailed", 412)
        finally:
            part.unlink(missing_ok=True)
        return Response(status_code=200, headers={"ETag": etag})

    def _refusal(self, request: Request, key: str) -> str | None:
        return self.signer.refusal(request.method, key, request.query_params, request.headers, self.clock())


async def _receive(request: Request, path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            digest.update(chunk)
            size += file.write(chunk)
    return size, f'"{digest.hexdigest()[:32]}"'


def create_object_app(objects: Objects) -> Starlette:
    """Return the application that serves the objects below `/{bucket}`."""
    path = f"/{objects.signer.bucket}/{{key:path}}"
    routes = [Route(path, objects.get, methods=["GET"]), Route(path, objects.put, methods=["PUT"])]
    return Starlette(routes=routes, middleware=[Middleware(HostGuard)])


def _error(code: str, status: int | None = None) -> Response:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
        f"<Message>{escape(_WORDS[code])}</Message></Error>"
    )
    return Response(body, status or _STATUS[code], media_type="application/xml")
