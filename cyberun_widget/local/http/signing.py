"""Presigned URLs like those of an S3 object store: an HMAC over method, key, expiry and headers. Pure.

Uses Amazon's query parameters, but not its algorithm.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and checks signed URLs. `origin`: the object store's, such as `http://127.0.0.1:4000`."""

    origin: str
    bucket: str
    secret: bytes = field(repr=False)

    def url(self, method: str, key: str, *, now: float, lifetime: int, headers: Mapping[str, str] | None = None) -> str:
        """Return a URL valid for `lifetime` seconds; the request must have exactly these `headers`."""
        signed = {name.lower(): value for name, value in (headers or {}).items()}
        query = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now)),
            "X-Amz-Expires": str(lifetime),
            "X-Amz-SignedHeaders": ";".join(sorted({"host", *signed})),
        }
        query["X-Amz-Signature"] = self._sign(method, key, query, signed)
        return f"{self.origin}/{self.bucket}/{quote(key)}?{urlencode(query)}"

    def refusal(
        self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], now: float
    ) -> str | None:
        """Return why a request is refused, as an S3 error code; None if it is accepted. HEAD may use a GET's URL."""
        if "authorization" in headers:
            return "InvalidArgument"
        given = query.get("X-Amz-Signature", "")
        names = [name for name in query.get("X-Amz-SignedHeaders", "").split(";") if name and name != "host"]
        signed = {name: headers.get(name, "") for name in names}
        expected = self._sign("GET" if method == "HEAD" else method, key, query, signed)
        if not given or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
            return "SignatureDoesNotMatch"
        made, lifetime = _parse_time(query.get("X-Amz-Date", "")), query.get("X-Amz-Expires", "")
        if made is None or not lifetime.isdigit() or now >= made + int(lifetime):
            return "ExpiredToken"
        return None

    def _sign(self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
        lines = [method, self.origin, self.bucket, key]
        lines += [f"{name}={query.get(name, '')}" for name in ("X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")]
        lines += [f"{name}:{headers[name].strip()}" for name in sorted(headers)]
        return hmac.new(self.secret, "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def _parse_time(text: str) -> float | None:
    try:
        return float(calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ")))
    except ValueError:
        return None
