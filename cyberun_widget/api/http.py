"""The only module that imports httpx: auth, origins, redirects, and errors in words.

The key goes to the API's own origin and nowhere else. What httpx raises never leaves this module: its tracebacks
hold headers and signed URLs, so each trouble is told anew, outside the `except` that caught it.
"""

from __future__ import annotations

import asyncio
import re
import weakref
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpcore
import httpx

from cyberun_widget.api.bulk import pieces
from cyberun_widget.api.failures import date, failure, mime, parse
from cyberun_widget.api.settings import Settings, origin_of
from cyberun_widget.errors import (
    CyberunError,
    DownloadError,
    NetworkError,
    ProtocolError,
)
from cyberun_widget.support.backoff import parse_retry_after
from cyberun_widget.support.secrets import Secret, guard_logs
from cyberun_widget.support.threads import close_with_loop
from cyberun_widget.support.units import data_size
from cyberun_widget.support.urls import disposition_name

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping

_BODY_MAX: Final = 32 * 1024 * 1024  # bytes of one JSON answer
_REST_TIMEOUT: Final = 30.0  # seconds without a byte
_REST_TOTAL: Final = 90.0  # seconds for a whole JSON answer, however slowly it drips
_REDIRECTS: Final = 5
_ID_MAX: Final = 1024  # characters of an event id: servers refuse requests whose headers grow too long
# Shorter than the 5 s after which common servers close an idle connection: reusing one that is just being closed
# would fail a request that nothing is wrong with.
_KEEPALIVE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer. `now`: the server's clock (its Date header), None where it sent none."""

    data: Any
    now: datetime | None


@dataclass(frozen=True, slots=True)
class Stream:
    """An open answer to the events call. `retry_after`: seconds asked for, if any."""

    status: int
    mime: str
    retry_after: float | None
    error: CyberunError | None
    _response: httpx.Response

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, decompressed. Raises NetworkError when the connection breaks."""
        problem: CyberunError | None = None
        try:
            async for chunk in self._response.aiter_bytes():
                yield chunk
        except (httpx.HTTPError, httpx.StreamError) as exc:
            problem = _explain(exc, self._response.url.host)
        if problem is not None:
            raise problem


@dataclass(frozen=True, slots=True)
class Download:
    """An open download. `status`: 200, 206 or 416. `offset`: where the body starts in the whole file, in bytes.

    `total`: bytes of the whole file, None if unknown. `etag`: the strong validator for `If-Range`, None without one.
    """

    status: int
    offset: int
    total: int | None
    etag: str | None
    mime: str
    filename: str | None
    _response: httpx.Response
    _silence: float

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises NetworkError when the connection breaks."""
        problem: CyberunError | None = None
        try:
            async for chunk in pieces(self._response, self._silence):
                yield chunk
        except (httpx.HTTPError, httpx.StreamError, httpcore.NetworkError, httpcore.TimeoutException) as exc:
            problem = _explain(exc, self._response.url.host)
        if problem is not None:
            raise problem


class _Bearer(httpx.Auth):
    """Puts the key on a request at the last moment, so that no variable outside of here holds it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if origin_of(str(request.url)) == self._settings.origin:
            request.headers["Authorization"] = f"Bearer {self._settings.key.reveal()}"
            if self._settings.team_id and self._settings.key.reveal().startswith("eyJ"):
                request.headers["X-Team-ID"] = self._settings.team_id
        yield request


class Http:
    """The API of one account. Used from any event loop; each loop has one connection pool for all accounts."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._auth = _Bearer(settings)

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
        connect_timeout: float = 10.0,
        silence: float = _REST_TIMEOUT,
        sending: Callable[[], Awaitable[None]] | None = None,
    ) -> Answer:
        """Make one JSON call. `path`: below the base URL, with a leading slash. `silence`: seconds without a byte.

        `sending` is awaited once, when the connection stands and right before the first byte of the request goes out;
        if it raises, nothing was sent. Raises a CyberunError for everything but a 2xx answer with a JSON body.
        """
        timeout = httpx.Timeout(min(silence, _REST_TIMEOUT), connect=connect_timeout)
        answer: Answer | CyberunError
        try:
            async with asyncio.timeout(_REST_TOTAL):
                answer = await self._call(method, path, params, body, timeout, sending)
        except TimeoutError:
            answer = NetworkError(f"No whole answer from {self._host} within {_REST_TOTAL:.0f} s.")
        if isinstance(answer, CyberunError):
            raise answer
        return answer

    async def _call(self, *args: Any) -> Answer | CyberunError:
        try:
            return await self._ask(*args)
        except CyberunError as exc:
            # Its traceback holds the answer, in which a server may repeat the key or tell a signed link.
            return exc.with_traceback(None)

    async def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None,
        body: Any,
        limits: httpx.Timeout,
        sending: Callable[[], Awaitable[None]] | None,
    ) -> Answer:
        request = pool().build_request(
            method,
            self.settings.base_url + path,
            params=dict(params) if params else None,
            json=body,
            timeout=limits,
            headers={"Accept": "application/json"},
            extensions={"trace": _before_sending(sending)} if sending else None,
        )
        for _ in range(_REDIRECTS):
            status, headers, content, problem = await self._send(request)
            if problem is not None:
                raise problem
            target = _redirect(status, headers, request, self.settings.origin)
            if target is None:
                break
            request = target
        else:
            raise ProtocolError(f"{self._host} redirects in circles; check the base URL.")
        now = date(headers)
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's success range
            raise failure(status, headers, content, now)
        return Answer(parse(content, headers, self._host), now)

    async def _send(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes, CyberunError | None]:
        content, size = [], 0
        try:
            response = await pool().send(request, stream=True, auth=self._auth)
            try:
                async for chunk in response.aiter_bytes():
                    content.append(chunk)
                    size += len(chunk)
                    if size > _BODY_MAX:
                        break
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as exc:
            return 0, httpx.Headers(), b"", _explain(exc, self._host)
        if size > _BODY_MAX:
            problem = ProtocolError(
                f"{self._host} sent an answer of more than {data_size(_BODY_MAX)}; gave up reading it."
            )
            return 0, httpx.Headers(), b"", problem
        return response.status_code, response.headers, b"".join(content), None

    @asynccontextmanager
    async def stream(
        self, path: str, *, last_event_id: str = "", connect_timeout: float = 10.0, silence: float = _REST_TIMEOUT
    ) -> AsyncIterator[Stream]:
        """Open an event stream. `silence`: seconds without an answer.

        Once that has begun there is no read time-out: the one who reads decides how much silence is too much.
        Raises NetworkError when it can't be opened; an answer that isn't 200 comes back as `Stream.error`.
        """
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store", "Accept-Encoding": "identity"}
        if last_event_id.isprintable() and 0 < len(last_event_id) <= _ID_MAX:
            headers["Last-Event-ID"] = last_event_id
        request = pool().build_request(
            "GET",
            self.settings.base_url + path,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            timeout=httpx.Timeout(None, connect=connect_timeout, pool=connect_timeout, write=connect_timeout),
        )
        response, error = await self._open_stream(request, silence)
        now = date(response.headers)
        if error is None and response.status_code != httpx.codes.OK:
            error = failure(response.status_code, response.headers, b"", now)
        wait = parse_retry_after(response.headers.get("retry-after"), now or datetime.now(UTC))
        try:
            yield Stream(response.status_code, mime(response.headers), wait, error, response)
        finally:
            await response.aclose()

    async def _open_stream(self, request: httpx.Request, silence: float) -> tuple[httpx.Response, CyberunError | None]:
        """Send a request, following redirects within the origin. Returns the answer, and why it is none to follow."""
        for _ in range(_REDIRECTS):
            problem: CyberunError | None = None
            try:
                async with asyncio.timeout(silence):
                    response = await pool().send(request, stream=True, auth=self._auth)
            except TimeoutError:
                problem = NetworkError(f"{self._host} took the request for the stream and never answered it.")
            except (httpx.HTTPError, httpx.InvalidURL) as exc:
                problem = _explain(exc, self._host)
            if problem is not None:
                raise problem
            try:
                target = _redirect(response.status_code, response.headers, request, self.settings.origin)
            except ProtocolError as exc:
                return response, exc.with_traceback(None)  # likewise
            if target is None:
                return response, None
            await response.aclose()
            target.headers.update({"Accept": "text/event-stream", "Accept-Encoding": "identity"})
            request = target
        raise NetworkError(f"{self._host} redirects in circles.")

    @asynccontextmanager
    async def download(
        self, url: str, *, offset: int = 0, if_range: str | None = None, silence: float = _REST_TIMEOUT
    ) -> AsyncIterator[Download]:
        """Open a signed URL, without the key, from `offset` on. `silence`: seconds without a byte that end it.

        Raises DownloadError (with `status`) for a 4xx or 5xx answer other than 416, NetworkError when the store can't
        be reached.
        """
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if if_range:
                headers["If-Range"] = if_range
        sealed, url = Secret(url), ""
        response, problem = await _open(sealed, headers, silence)
        if response is None:
            raise problem or NetworkError("The object store couldn't be reached.")
        try:
            yield _described(response, offset, silence)
        finally:
            await response.aclose()

    async def upload(self, url: Secret, headers: Mapping[str, Secret], content: AsyncIterator[bytes]) -> None:
        """PUT a body to a presigned URL with exactly the given headers, and without the key.

        Raises CyberunError when the store refuses.
        """
        problem: CyberunError | None = None
        status = 0
        try:
            timeout = httpx.Timeout(_REST_TIMEOUT, connect=10.0, write=120.0, read=120.0)
            # A body of known length must not be sent chunked: object stores sign Content-Length.
            plain = {name: value.reveal() for name, value in headers.items()}
            response = await pool().put(url.reveal(), headers=plain, content=content, timeout=timeout)
            status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            problem = _explain(exc, "the object store")
        if problem is not None:
            raise problem
        if status == httpx.codes.PRECONDITION_FAILED:
            raise CyberunError(
                "The object store already has a file under this key (412); upload it again for a new one."
            )
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's success range
            raise CyberunError(f"The object store refused the upload ({status}).")

    @property
    def _host(self) -> str:
        return urlsplit(self.settings.base_url).netloc


async def _open(
    url: Secret, headers: Mapping[str, str], silence: float
) -> tuple[httpx.Response | None, CyberunError | None]:
    try:
        timeout = httpx.Timeout(silence, connect=10.0)
        request = pool().build_request("GET", url.reveal(), headers=dict(headers), timeout=timeout)
        # A store may redirect to another host: there is no key on this request that could go along.
        response = await pool().send(request, stream=True, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
        return None, _explain(exc, "the object store")
    if response.status_code in (
        httpx.codes.OK,
        httpx.codes.PARTIAL_CONTENT,
        httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE,
    ):
        return response, None
    await response.aclose()
    status = response.status_code
    why = {
        403: "the link has expired or isn't valid",
        404: "the file isn't there any more (outputs are kept for 7 days)",
    }
    return None, DownloadError(f"The object store answered {status}: {why.get(status, 'it failed')}.", status=status)


def _described(response: httpx.Response, asked: int, silence: float) -> Download:
    headers, status = response.headers, response.status_code
    offset, total = 0, None
    span = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", headers.get("content-range", "").strip())
    if span and status != httpx.codes.OK:
        offset = int(span[1] or asked)
        total = int(span[2]) if span[2] != "*" else None
    elif status == httpx.codes.OK and headers.get("content-length", "").isdigit() and "content-encoding" not in headers:
        total = int(headers["content-length"])
    etag = headers.get("etag")
    return Download(
        status=status,
        offset=offset,
        total=total,
        etag=etag if etag and not etag.startswith("W/") else None,
        mime=mime(headers),
        filename=disposition_name(headers.get("content-disposition", "")) or None,
        _response=response,
        _silence=silence,
    )


# --- one pool a loop -------------------------------------------------------------------------------------------------

_pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = weakref.WeakKeyDictionary()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # it takes 10 ms and a megabyte, so all pools share it


def pool() -> httpx.AsyncClient:
    """Return the running loop's connection pool, made on first use."""
    loop = asyncio.get_running_loop()
    client = _pools.get(loop)
    if client is None or client.is_closed:
        guard_logs()
        direct = dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]"))  # never through a proxy
        close_with_loop(close_pool)
        client = _pools[loop] = httpx.AsyncClient(
            verify=_tls(),
            mounts=direct,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=_KEEPALIVE),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": f"cyberun-widget/{version('cyberun-widget')}"},
        )
    return client


_guests: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, int] = weakref.WeakKeyDictionary()


def enter_pool() -> None:
    """Count one more who counts on the running loop's pool."""
    loop = asyncio.get_running_loop()
    _guests[loop] = _guests.get(loop, 0) + 1


async def leave_pool() -> None:
    """Close the running loop's pool with the last one who leaves: nobody's request is cut off by another's end."""
    loop = asyncio.get_running_loop()
    left = _guests.pop(loop, 1) - 1
    if left > 0:
        _guests[loop] = left
    else:
        await close_pool()


async def close_pool() -> None:
    """Close the running loop's connections. A later call opens new ones."""
    client = _pools.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()


# --- words for what went wrong ---------------------------------------------------------------------------------------


def _before_sending(sending: Callable[[], Awaitable[None]]) -> Callable[[str, Any], Awaitable[None]]:
    """Return httpcore's trace hook that awaits `sending` once, before the first byte."""
    sent = False

    async def trace(event: str, _info: Any) -> None:
        nonlocal sent
        if not sent and event.endswith(".send_request_headers.started"):
            sent = True
            await sending()

    return trace


def _redirect(status: int, headers: httpx.Headers, request: httpx.Request, origin: str) -> httpx.Request | None:
    """Return the request to make instead where the API redirects within its origin, None where it doesn't.

    Raises ProtocolError for a redirect to any other origin: the key stays here.
    """
    location = headers.get("location")
    if status not in (301, 302, 303, 307, 308) or not location:
        return None
    try:
        target = request.url.join(location)
        foreign = origin_of(str(target)) != origin
    except (httpx.InvalidURL, ValueError):  # httpx takes any number for a port
        target, foreign = None, True
    if target is None or foreign:
        where = f"{target.scheme}://{target.netloc.decode('ascii', 'replace')}" if target else "somewhere unreadable"
        raise ProtocolError(
            f"The service redirects to {where}, and the key isn't sent to another origin. If that is where the API "
            "lives now, set it as the base URL."
        )
    keep = status in (307, 308) or request.method == "GET"
    return pool().build_request(
        request.method if keep else "GET",
        target,
        headers={"Accept": "application/json"}
        | ({"Content-Type": "application/json"} if keep and request.content else {}),
        content=request.content if keep else None,
        timeout=httpx.Timeout(**request.extensions["timeout"]),
    )


def _explain(exc: Exception, host: str) -> CyberunError:
    """Tell a transport's trouble in words, with no trace of the request that met it."""
    text = f"{exc} {exc.__cause__ or ''} {exc.__context__ or ''}".lower()
    match exc:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            words = f"{host} didn't answer in time. Is the network up?"
        case httpx.ReadTimeout() | httpx.WriteTimeout():
            words = f"{host} went silent in the middle of an answer."
        case httpx.ConnectError() if "wrong_version_number" in text or "record layer" in text:
            words = f"{host} doesn't speak TLS. Does the base URL begin with https:// where it should be http://?"
        case httpx.ConnectError() if "certificate" in text or "ssl" in text or "tls" in text:
            words = (
                f"No safe connection to {host}: its TLS certificate can't be verified. A proxy in between may be why."
            )
        case httpx.ConnectError() if any(
            s in text for s in ("name or service", "getaddrinfo", "nodename", "resolution")
        ):
            words = f"The name of {host} can't be found (DNS). Is the network up, and the base URL spelled right?"
        case httpx.ConnectError():
            words = f"{host} refuses the connection. Is the service up?"
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.TooManyRedirects() | httpx.LocalProtocolError():
            return ProtocolError(f"{host} gave an address or an answer that can't be followed.")
        case httpx.DecodingError():
            words = f"The answer of {host} can't be decompressed."
        case _:
            words = f"The connection to {host} broke."
    return NetworkError(words)
