"""Turns errors of httpx and the libraries below it into `CyberunError`s whose message says what to do.

`import httpx` may give httpx2, if the application has called `httpx2.alias_httpx()`; `httpcore` is then httpcore2.
None of their exceptions leaves `api`, because their tracebacks hold headers and signed URLs. `explain` makes a new
error for each, which is raised outside the `except` that caught it, from a frame that holds no request.
"""

from __future__ import annotations

import ssl
from typing import Final

import h11
import httpcore
import httpx

from cyberun_widget.errors import CyberunError, NetworkError, ProtocolError

BROKEN: Final = (
    httpx.HTTPError,
    httpx.StreamError,
    httpx.InvalidURL,
    # httpx doesn't map these for direct reads of the connection, or while a body is sent.
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    h11.ProtocolError,
    # A damaged TLS record or a fatal alert isn't mapped (ssl.SSLError), nor are a few errors of a failing socket.
    OSError,
)
"""Errors that a request, reading its response or closing its connection may raise."""

_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_DNS: Final = ("name or service", "getaddrinfo", "nodename", "resolution")


def explain(exc: BaseException, host: str) -> CyberunError:
    """Return a readable error for a failed request to `host`, without a reference to the request."""
    text = f"{exc} {exc.__cause__ or ''} {exc.__context__ or ''}".lower()
    match exc:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            words = f"{host} did not respond in time. Check your network connection."
        case httpx.TimeoutException() | httpcore.TimeoutException() | TimeoutError():
            words = f"{host} stopped responding in the middle of a response."
        case httpx.ConnectError() if "wrong_version_number" in text or "record layer" in text:
            words = f"{host} doesn't speak TLS. Should the base URL start with http:// instead of https://?"
        case httpx.ConnectError() if "certificate" in text or "ssl" in text or "tls" in text:
            words = f"No secure connection to {host}: its TLS certificate can't be verified. A proxy may be the cause."
        case httpx.ConnectError() if any(part in text for part in _DNS):
            words = f"The host {host} can't be found (DNS). Check your network connection and the base URL."
        case httpx.ConnectError():
            words = f"{host} refused the connection. Is the service running?"
        case httpx.ProxyError():
            words = f"The proxy for {host} refused the connection. It is set by HTTPS_PROXY or HTTP_PROXY."
        case ssl.SSLError():
            words = f"The TLS connection to {host} failed ({exc.reason or type(exc).__name__})."
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.LocalProtocolError() | h11.LocalProtocolError():
            return ProtocolError(f"{host} returned an address or a response that can't be followed.")
        case _:
            words = f"The connection to {host} was lost."
    words = f"T{words[1:]}" if words.startswith("the ") else words  # "the object store" is not a host name
    return NetworkError(words, sent=not isinstance(exc, _UNSENT))
