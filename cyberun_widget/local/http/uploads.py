"""`POST /r/files/presign`: returns where to upload an input file, and with which headers."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cyberun_widget.local.http.answers import Json, Problem, read_json
from cyberun_widget.local.state.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from cyberun_widget.local.http.signing import Signer

UPLOAD_MAX: Final = 500 * 1024 * 1024  # maximum bytes of an input file; the service's default
_NAME_MAX: Final = 100  # characters
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class UploadCalls:
    """The handler. `url_lifetime`: seconds an upload link is valid; `clock`: returns seconds since 1970."""

    signer: Signer
    url_lifetime: int
    clock: Callable[[], float]

    async def presign(self, request: Request) -> Response:
        """`POST /r/files/presign`."""
        body = await read_json(request)
        name, size, mime = body.get("file_name"), body.get("file_size"), body.get("content_type")
        if not isinstance(name, str) or not name.strip():
            raise Problem(422, "invalid_file", "file_name: required.")
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise Problem(422, "invalid_file", "file_size: required, in bytes.")
        if size > UPLOAD_MAX:
            raise Problem(413, "file_too_large", f"file_size: at most {UPLOAD_MAX} bytes.")
        if mime is not None and not isinstance(mime, str):
            raise Problem(422, "invalid_file", "content_type: must be a text.")
        now = self.clock()
        key = f"inputs/{uuid7(now, secrets.token_bytes(10))}/{_UNSAFE.sub('_', name)[-_NAME_MAX:]}"
        headers = {"Content-Length": str(size), "If-None-Match": "*"}
        url = self.signer.url("PUT", key, now=now, lifetime=self.url_lifetime, headers=headers)
        return Json({"file_key": key, "upload_url": url, "upload_headers": headers})
