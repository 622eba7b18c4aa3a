"""The connections of an event loop: one pool for all accounts, closed with the loop."""

from __future__ import annotations

import asyncio
import os
import ssl
import weakref
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

import httpx

from cyberun_widget.api.addresses import is_loopback
from cyberun_widget.api.environment import Proxies, tls_context
from cyberun_widget.api.streaming.connection import Backend
from cyberun_widget.support.secrets import guard_logs
from cyberun_widget.support.threads import close_with_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cyberun_widget.api.proof import ServerProof

    Hook = Callable[[str, Any], Awaitable[None]]

# Shorter than the 5 s after which common servers close an idle connection: a valid request would fail on a connection
# that is just being closed.
_KEEPALIVE: Final = 2.0
_TRUST: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_PROXIES: Final = tuple(
    name for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (lower, lower.upper())
)


class Pool:
    """Connections, grouped by route: plain on this machine, with TLS, through a proxy.

    The environment is read for every request, so a setting corrected in a notebook takes effect at once.
    """

    def __init__(self) -> None:
        self._clients: dict[tuple[object, ...], httpx.AsyncClient] = {}
        self._proxies: tuple[tuple[str, ...], Proxies] | None = None
        self.guests = 0

    def client(self, url: httpx.URL, proof: ServerProof | None = None, *, streaming: bool = False) -> httpx.AsyncClient:
        """Return the client for a URL. Raises ConfigurationError if the environment's settings can't work.

        This machine is always reached without a proxy, and without loading TLS settings unless the URL uses TLS: an
        invalid setting must not block the local server. `proof`: required of each connection; only callers that
        require the same proof share connections. `streaming`: for answers that arrive in many small pieces.
        """
        local = is_loopback(url.host)
        proxy = None if local else self._way(url)
        plain = local and url.scheme == "http"
        trust = () if plain else _environ(_TRUST)
        way = (plain, proxy, trust, proof, streaming)
        client = self._clients.get(way)
        if client is None or client.is_closed:
            transport = httpx.AsyncHTTPTransport(
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else _tls(*trust),
                trust_env=False,
                proxy=httpx.Proxy(proxy) if proxy else None,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=_KEEPALIVE),
            )
            if streaming:
                _connect_straight(transport)
            client = self._clients[way] = httpx.AsyncClient(
                transport=transport,
                trust_env=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                headers={"User-Agent": _agent(), "Accept-Encoding": "identity"},
            )
        return client

    def proxied(self, url: httpx.URL) -> bool:
        """Whether requests to a URL go through a proxy, which then resolves the name."""
        return not is_loopback(url.host) and self._way(url) is not None

    async def close(self) -> None:
        """Close all connections. A later call opens new ones."""
        clients, self._clients, self._proxies = list(self._clients.values()), {}, None
        for client in clients:
            await client.aclose()

    def _way(self, url: httpx.URL) -> str | None:
        names = _environ(_PROXIES)
        if self._proxies is None or self._proxies[0] != names:
            self._proxies = names, Proxies.from_environment()
        return self._proxies[1].way_to(url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme))


_pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = weakref.WeakKeyDictionary()


def pool() -> Pool:
    """Return the running loop's pool, made on first use."""
    loop = asyncio.get_running_loop()
    found = _pools.get(loop)
    if found is None:
        guard_logs()
        close_with_loop(close_pool)
        found = _pools[loop] = Pool()
    return found


def enter_pool() -> None:
    """Register one more user of the running loop's pool."""
    pool().guests += 1


async def leave_pool() -> None:
    """Unregister a user; close the running loop's pool after the last one, so that no other user is cut off."""
    current = pool()
    current.guests -= 1
    if current.guests <= 0:
        await close_pool()


async def close_pool() -> None:
    """Close the running loop's connections. A later call opens new ones."""
    found = _pools.get(asyncio.get_running_loop())
    if found is not None:
        found.guests = 0
        await found.close()


def chained(hooks: Sequence[Hook]) -> Hook:
    """Return a trace hook for httpcore that calls several hooks in order."""

    async def trace(event: str, info: Any) -> None:
        for hook in hooks:
            await hook(event, info)

    return trace


def before_body_hook(before_body: Callable[[], Awaitable[None]]) -> Hook:
    """Return a trace hook for httpcore that awaits `before_body` once, before any of the request's body is sent."""
    sent = False

    async def trace(event: str, _info: Any) -> None:
        nonlocal sent
        if not sent and event.endswith(".send_request_body.started"):
            sent = True
            await before_body()

    return trace


def _connect_straight(transport: httpx.AsyncHTTPTransport) -> None:
    """Make a transport open its connections through `Backend`. httpcore accepts a backend, but httpx doesn't expose it.

    If a future version combines the two differently, their own connections are used, which work but cost more.
    """
    connections: Any = getattr(transport, "_pool", None)
    if hasattr(connections, "_network_backend"):
        connections._network_backend = Backend()  # noqa: SLF001 - the docstring says why


def _environ(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(os.environ.get(name, "") for name in names)


@lru_cache(maxsize=1)
def _tls(*_settings: str) -> ssl.SSLContext:
    return tls_context()  # takes 10 ms and 1 MB to make, so all pools share it


def _agent() -> str:
    try:
        return f"cyberun-widget/{version('cyberun-widget')}"
    except PackageNotFoundError:  # a checkout that isn't installed
        return "cyberun-widget"
