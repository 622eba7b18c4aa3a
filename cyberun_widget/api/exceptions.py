"""What httpx and the libraries below it raise, as errors of ours with words that say what to do.

`import httpx` may give httpx2, where an application has called `httpx2.alias_httpx()`; `httpcore` is then httpcore2.
None of their exceptions leaves `api`: their tracebacks hold headers and signed URLs. So each is put into words by
`explain`, and those are raised outside the `except` that caught it, from a frame that holds no request.
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
    # Not mapped everywhere: by reads of the bare connection, and while a body is sent.
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    h11.ProtocolError,
    # A damaged TLS record or a fatal alert comes as it is (ssl.SSLError), as do a few errors of a dying socket.
    OSError,
)
"""What a request, the reading of its answer or the closing of its connection may raise."""

_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_DNS: Final = ("name or service", "getaddrinfo", "nodename", "resolution")


def explain(exc: BaseException, host: str) -> CyberunError:
    """Return a readable error for what broke on the way to `host`, without a reference to the request."""
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
    words = f"T{words[1:]}" if words.startswith("the ") else words  # "the object store" is no host's name
    return NetworkError(words, sent=not isinstance(exc, _UNSENT))
