"""The object store: signed links, downloads and uploads. It is never sent the API key."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

import httpx

from cyberun_widget.api.addresses import allowed_address
from cyberun_widget.api.answers import is_success, mime
from cyberun_widget.api.body import close, encoding_problem, pieces
from cyberun_widget.api.exceptions import BROKEN, explain
from cyberun_widget.api.pool import pool
from cyberun_widget.errors import CyberunError, DownloadError, NetworkError, ParameterError, ProtocolError
from cyberun_widget.support.secrets import Secret
from cyberun_widget.support.urls import Link, disposition_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

_T = TypeVar("_T")

_STORE: Final = "the object store"
_READ_TIMEOUT: Final = 30.0  # seconds without a byte
_CONNECT: Final = 10.0  # seconds
_UPLOAD_READ_TIMEOUT: Final = 120.0  # seconds: a store may take long to answer after the last byte
_REDIRECTS: Final = 5
_GOOD: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE})
_WHY: Final = {
    403: "the link has expired or is invalid",
    404: "the file no longer exists (outputs are kept for at least 7 days)",
}


@dataclass(frozen=True, slots=True)
class Download:
    """An open download. `status`: 200, 206 or 416. `offset`: where the body starts within the file, in bytes.

    `total`: size of the whole file in bytes, None if unknown. `etag`: the strong validator for `If-Range`, or None.
    """

    status: int
    offset: int
    total: int | None
    etag: str | None
    mime: str
    filename: str | None
    _response: httpx.Response
    _read_timeout: float

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises NetworkError if the connection breaks."""
        async for chunk in pieces(self._response, _STORE, self._read_timeout):
            yield chunk


class Storage:
    """The object store of one API. `api_host` determines the networks that an unvouched address may be on."""

    def __init__(self, api_host: str) -> None:
        self._api_host = api_host

    @asynccontextmanager
    async def download(
        self, link: Link, *, offset: int = 0, if_range: str | None = None, read_timeout: float = _READ_TIMEOUT
    ) -> AsyncIterator[Download]:
        """Open a link from byte `offset`, without the API key. `read_timeout`: seconds without a byte.

        Raises DownloadError (with `status`) for a 4xx or 5xx answer other than 416, ProtocolError for a forbidden
        address or a body that can't be decompressed, NetworkError if the store can't be reached.
        """
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if if_range:
                headers["If-Range"] = if_range
        response = await self._open(link, headers, read_timeout)
        if isinstance(response, CyberunError):
            raise response
        try:
            yield _described(response, offset, read_timeout)
        finally:
            await close(response)

    async def upload(self, url: Secret, headers: Mapping[str, Secret], content: AsyncIterator[bytes]) -> None:
        """PUT a body to a presigned URL with exactly the given headers, and without the API key.

        Raises CyberunError if the store refuses it, and whatever `content` raises.
        """
        outcome = await _attempt(
            _put(url, headers, content),
            unanswered="The object store accepted the upload but never responded.",
            invalid=ParameterError("The upload address is not a web address."),
        )
        if isinstance(outcome, CyberunError):
            raise outcome
        if outcome == HTTPStatus.PRECONDITION_FAILED:
            raise CyberunError(
                "The object store already has a file under this key (412); upload it again for a new one."
            )
        if not is_success(outcome):
            raise CyberunError(f"The object store refused the upload ({outcome}).")

    async def _open(self, link: Link, headers: Mapping[str, str], read_timeout: float) -> httpx.Response | CyberunError:
        """Request a file, following redirects. Returns the response, or the error."""
        vouched, url = link.vouched, Secret(link.url)
        for _ in range(_REDIRECTS):
            response = await self._ask(url, headers, read_timeout, vouched=vouched)
            if isinstance(response, CyberunError):
                return response
            location = response.headers.get("location")
            if not (response.has_redirect_location and location):
                return await _checked(response)
            target = _joined(url, location)
            await close(response)
            if target is None:
                return ProtocolError("The object store redirects to an invalid address.")
            # A redirect within the same origin stays vouched for; a redirect to any other host doesn't.
            vouched, url = vouched and _origin(target) == _origin(url), target
        return ProtocolError("The object store redirects in a loop.")

    async def _ask(
        self, url: Secret, headers: Mapping[str, str], read_timeout: float, *, vouched: bool
    ) -> httpx.Response | CyberunError:
        return await _attempt(
            self._get(url, headers, read_timeout, vouched=vouched),
            unanswered="The object store accepted the request but never responded.",
            invalid=ProtocolError("The link to this file is not a web address, so it can't be downloaded."),
        )

    async def _get(
        self, url: Secret, headers: Mapping[str, str], read_timeout: float, *, vouched: bool
    ) -> httpx.Response:
        target = httpx.URL(url.reveal()).copy_with(username=None, password=None)
        client, extensions, headers = pool().client(target), {}, dict(headers)
        if not vouched:
            port = target.port or {"http": 80, "https": 443}.get(target.scheme, 0)
            look_up = not pool().proxied(target)
            pinned = await allowed_address(target.host, port, self._api_host, look_up=look_up)
            if pinned is not None:
                # Don't reuse the connection for another host: the pool knows it only by its address.
                headers |= {"Host": target.netloc.decode("ascii"), "Connection": "close"}
                extensions["sni_hostname"] = target.host
                target = target.copy_with(host=pinned)
        timeout = httpx.Timeout(read_timeout, connect=_CONNECT)
        request = client.build_request("GET", target, headers=headers, timeout=timeout, extensions=extensions)
        # An overall limit too: an endless series of interim (1xx) responses resets the other time-outs.
        async with asyncio.timeout(_CONNECT + read_timeout):
            return await client.send(request, stream=True, follow_redirects=False)


async def _put(url: Secret, headers: Mapping[str, Secret], content: AsyncIterator[bytes]) -> int:
    """Return the store's status."""
    # A body of known length must not be sent chunked: object stores sign Content-Length.
    plain = {name: value.reveal() for name, value in headers.items()}
    target = httpx.URL(url.reveal()).copy_with(username=None, password=None)
    client = pool().client(target)
    timeout = httpx.Timeout(_UPLOAD_READ_TIMEOUT, connect=_CONNECT)
    async with asyncio.timeout(_CONNECT + _UPLOAD_READ_TIMEOUT) as limit:
        request = client.build_request("PUT", target, headers=plain, content=_paced(content, limit), timeout=timeout)
        response = await client.send(request, stream=True, follow_redirects=False)
    await close(response)
    return response.status_code


async def _attempt(request: Awaitable[_T], *, unanswered: str, invalid: CyberunError) -> _T | CyberunError:
    """Return what the request returns, or its error, worded, without a traceback whose frames hold secrets.

    `unanswered`: the words for a time-out. `invalid`: the error for a link that isn't a URL.
    """
    try:
        return await request
    except CyberunError as exc:  # already a readable error; NetworkError is also an OSError
        return exc.with_traceback(None)
    except TimeoutError:
        return NetworkError(unanswered)
    except BROKEN as exc:
        return explain(exc, _STORE)
    except ValueError:
        return invalid


async def _paced(content: AsyncIterator[bytes], limit: asyncio.Timeout) -> AsyncIterator[bytes]:
    """Yield a body's blocks, extending the time limit with each block the store accepts."""
    async for block in content:
        limit.reschedule(asyncio.get_running_loop().time() + _UPLOAD_READ_TIMEOUT)
        yield block


async def _checked(response: httpx.Response) -> httpx.Response | CyberunError:
    status = response.status_code
    problem: CyberunError | None = encoding_problem(response, _STORE)
    if status not in _GOOD:
        why = _WHY.get(status, "it failed")
        problem = DownloadError(f"The object store returned {status}: {why}.", status=status)
    if problem is None:
        return response
    await close(response)
    return problem


def _joined(url: Secret, location: str) -> Secret | None:
    try:
        return Secret(str(httpx.URL(url.reveal()).join(location)))
    except (httpx.InvalidURL, ValueError):
        return None


def _origin(url: Secret) -> tuple[str, str, int | None]:
    parsed = httpx.URL(url.reveal())
    return parsed.scheme, parsed.host, parsed.port


def _described(response: httpx.Response, asked: int, read_timeout: float) -> Download:
    headers, status = response.headers, response.status_code
    offset, total = 0, None
    span = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", headers.get("content-range", "").strip())
    if span and status != HTTPStatus.OK:
        offset = int(span[1] or asked)
        total = int(span[2]) if span[2] != "*" else None
    elif status == HTTPStatus.OK and headers.get("content-length", "").isdigit() and "content-encoding" not in headers:
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
        _read_timeout=read_timeout,
    )
