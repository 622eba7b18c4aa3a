"""Requests to the API itself: JSON calls and event streams, with the key, same-origin redirects and readable errors.

The key is sent only to the API's own origin.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypedDict
from urllib.parse import urlsplit

import httpx

from cyberun_widget.api.answers import Answer, Reply, date, encode, failure, mime
from cyberun_widget.api.body import close, encoding_problem, pieces
from cyberun_widget.api.exceptions import BROKEN, explain
from cyberun_widget.api.pool import before_body_hook, chained, pool
from cyberun_widget.api.proof import ServerProof
from cyberun_widget.api.settings import Settings, origin_of
from cyberun_widget.api.storage import Storage
from cyberun_widget.api.streaming.reading import deliver
from cyberun_widget.errors import CyberunError, NetworkError, ParameterError, ProtocolError
from cyberun_widget.support.backoff import parse_retry_after
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import data_size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
    from typing import Unpack

_BODY_MAX: Final = 32 * 1024 * 1024  # maximum bytes of one JSON answer
_READ_TIMEOUT: Final = 30.0  # seconds without a byte
_TOTAL: Final = 90.0  # seconds for a whole JSON answer, even if bytes keep arriving
_REDIRECTS: Final = 5
_ID_MAX: Final = 1024  # maximum characters of an event id: servers refuse long headers


@dataclass(frozen=True, slots=True)
class Stream:
    """An open response to the events call. `retry_after`: seconds the server asked to wait, if any."""

    status: int
    mime: str
    retry_after: float | None
    error: CyberunError | None
    _response: httpx.Response

    async def deliver(self, take: Callable[[bytes], bool]) -> bool:
        """Pass the body to `take` as it arrives, until it returns True. Returns whether it did; raises NetworkError."""
        try:
            return await deliver(self._response, self._response.url.host, take)
        except ProtocolError as exc:
            problem = str(exc)
        raise NetworkError(problem)


class Options(TypedDict, total=False):
    """Options of a request besides its method and path. Times are in seconds."""

    params: Mapping[str, str | int]
    body: Any
    """Sent as JSON."""
    connect_timeout: float
    read_timeout: float
    """Maximum time without a byte."""


class _Bearer(httpx.Auth):
    """Adds the key to a request at the last moment, so that no variable elsewhere holds it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if origin_of(str(request.url)) == self._settings.origin:
            request.headers["Authorization"] = f"Bearer {self._settings.key.reveal()}"
            if self._settings.team_id and self._settings.key.reveal().startswith("eyJ"):
                request.headers["X-Team-ID"] = self._settings.team_id
        yield request


@dataclass(frozen=True, slots=True)
class _Request:
    """A request before it is sent. `head_timeout`: seconds within which the response's head must arrive."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    timeout: httpx.Timeout
    head_timeout: float
    content: bytes | None = None
    before_body: Callable[[], Awaitable[None]] | None = None
    streaming: bool = False

    async def send(self, auth: httpx.Auth, proof: ServerProof | None) -> httpx.Response:
        """Return the response with its body unread. Raises TimeoutError after `head_timeout`, and what httpx raises.

        `proof`: what the server must prove first on each new connection.
        """
        client = pool().client(self.url, proof, streaming=self.streaming)
        hooks = [
            hook for hook in (proof and proof.trace, self.before_body and before_body_hook(self.before_body)) if hook
        ]
        # As bytes: an event id may contain any character.
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        request = client.build_request(
            self.method,
            self.url,
            headers=headers,
            content=self.content,
            timeout=self.timeout,
            extensions={"trace": chained(hooks)} if hooks else None,
        )
        # An overall limit too: an endless series of interim (1xx) responses resets the other time-outs.
        async with asyncio.timeout(self.head_timeout):
            return await client.send(request, stream=True, auth=auth)

    def moved(self, status: int, url: httpx.URL) -> _Request:
        """Return the request to send to a redirect's target."""
        if status in (307, 308) or self.method == "GET":
            return replace(self, url=url, before_body=None)
        headers = {name: value for name, value in self.headers.items() if name != "Content-Type"}
        return replace(self, url=url, method="GET", content=None, headers=headers, before_body=None)


class Http:
    """The API of one account. Usable from any event loop; each loop has one connection pool for all accounts.

    `storage`: the object store, which is never sent the key.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.storage = Storage(urlsplit(settings.base_url).hostname or "")
        self._auth = _Bearer(settings)
        self._proof = ServerProof(settings.proof_secret, settings.base_url) if settings.proof_secret else None

    async def call(self, method: str, path: str, **options: Unpack[Options]) -> Answer:
        """Make a request and return its JSON. Raises a CyberunError for anything but a 2xx reply with a JSON body."""
        reply = await self.request(method, path, **options)
        answer = reply.read(self._host)
        if isinstance(answer, CyberunError):
            raise answer
        return answer

    async def request(
        self,
        method: str,
        path: str,
        *,
        before_body: Callable[[], Awaitable[None]] | None = None,
        **options: Unpack[Options],
    ) -> Reply:
        """Make a request and return the whole reply, with any status. `path`: below the base URL, with a leading slash.

        `before_body` is awaited once, when the connection is open and the request's body is about to be sent; if it
        raises, no server can have accepted the request.

        Raises ParameterError for a body that can't be encoded as JSON, NetworkError (whose `sent` says whether the
        service may have accepted the request), ProtocolError for a redirect to another origin, ConfigurationError for
        invalid proxy or TLS settings. A reply that is too large or can't be decompressed has a `problem`.
        """
        params, body = options.get("params"), options.get("body")
        connect_timeout = options.get("connect_timeout", 10.0)
        read_timeout = min(options.get("read_timeout", _READ_TIMEOUT), _READ_TIMEOUT)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        content = None
        if body is not None:
            content, headers["Content-Type"] = encode(body), "application/json"
        request = _Request(
            method,
            _url(self.settings.base_url + path, params),
            headers,
            httpx.Timeout(read_timeout, connect=connect_timeout),
            head_timeout=connect_timeout + read_timeout,
            content=content,
            before_body=before_body,
        )
        outcome: Reply | CyberunError
        try:
            async with asyncio.timeout(_TOTAL):
                outcome = await self._whole(request)
        except TimeoutError:
            outcome = NetworkError(f"{self._host} did not complete its response within {_TOTAL:.0f} s.")
        if isinstance(outcome, CyberunError):
            raise outcome
        return outcome

    @asynccontextmanager
    async def stream(
        self, path: str, *, last_event_id: str = "", connect_timeout: float = 10.0, read_timeout: float = _READ_TIMEOUT
    ) -> AsyncIterator[Stream]:
        """Open an event stream. `read_timeout`: seconds to wait for a response.

        Once the response has begun there is no read time-out: the reader decides how much silence is too long.
        Raises NetworkError if the stream can't be opened; a status other than 200 is returned as `Stream.error`.
        """
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store", "Accept-Encoding": "identity"}
        if last_event_id.isprintable() and 0 < len(last_event_id) <= _ID_MAX:
            headers["Last-Event-ID"] = last_event_id
        request = _Request(
            "GET",
            _url(self.settings.base_url + path, None),
            headers,
            httpx.Timeout(None, connect=connect_timeout, pool=connect_timeout, write=connect_timeout),
            head_timeout=read_timeout,
            streaming=True,
        )
        response = await self._open(request)
        if isinstance(response, ProtocolError):  # possibly temporary, such as a redirect to a login page
            raise NetworkError(str(response))
        if isinstance(response, CyberunError):
            raise response
        error: CyberunError | None = encoding_problem(response, self._host)
        now = date(response.headers)
        if response.status_code != HTTPStatus.OK:
            error = failure(response.status_code, response.headers, b"", now)
        wait = parse_retry_after(response.headers.get("retry-after"), now or datetime.now(UTC))
        try:
            yield Stream(response.status_code, mime(response.headers), wait, error, response)
        finally:
            await close(response)

    async def _whole(self, request: _Request) -> Reply | CyberunError:
        response = await self._open(request)
        if isinstance(response, CyberunError):
            return response
        content = bytearray()
        problem: CyberunError | None = None
        try:
            async for piece in pieces(response, self._host):
                content += piece
                if len(content) > _BODY_MAX:
                    words = f"The response from {self._host} is larger than {data_size(_BODY_MAX)}."
                    problem = ProtocolError(words)
                    break
        except NetworkError as exc:
            return exc.with_traceback(None)
        except ProtocolError as exc:
            problem = exc.with_traceback(None)
        finally:
            await close(response)
        return Reply(response.status_code, response.headers, bytes(content), problem)

    async def _open(self, request: _Request) -> httpx.Response | CyberunError:
        """Send a request, following redirects within the origin. Returns the response, or the error."""
        for _ in range(_REDIRECTS):
            try:
                response = await request.send(self._auth, self._proof)
            except CyberunError as exc:  # a failed proof or an invalid setting: already a readable error
                return exc.with_traceback(None)
            except TimeoutError:
                return NetworkError(f"{self._host} accepted the request but never responded.")
            except BROKEN as exc:
                return explain(exc, self._host)
            target = self._redirect(response)
            if target is None:
                return response
            await close(response)
            if isinstance(target, ProtocolError):
                return target
            request = request.moved(response.status_code, target)
        return ProtocolError(f"{self._host} redirects in a loop. Check the base URL.")

    def _redirect(self, response: httpx.Response) -> httpx.URL | ProtocolError | None:
        """Return a redirect's target within the API's origin, None without a redirect, or why it isn't followed."""
        location = response.headers.get("location")
        if response.status_code not in (301, 302, 303, 307, 308) or not location:
            return None
        where = "somewhere unreadable"
        try:
            target = response.url.join(location)
            where = clean(f"{target.scheme}://{target.netloc.rpartition(b'@')[2].decode('ascii', 'replace')}")
            if origin_of(str(target)) == self.settings.origin:
                return target.copy_with(username=None, password=None)
        except (httpx.InvalidURL, ValueError):  # httpx accepts any number as a port
            pass
        return ProtocolError(
            f"The service redirects to {where}, and the API key is never sent to another origin. If the API has moved "
            "there, set it as the base URL."
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.settings.base_url).netloc


def _url(url: str, params: Mapping[str, str | int] | None) -> httpx.URL:
    try:
        return httpx.URL(url, params=dict(params)) if params else httpx.URL(url)
    except UnicodeEncodeError:
        problem = "an unpaired surrogate can't be part of a URL"
    raise ParameterError(f"Invalid query: {problem}.")
