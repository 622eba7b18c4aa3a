"""Checks addresses, so that no link from a workflow or a store makes the kernel send requests into its own network.

A link that the service itself gives in `download_urls` is always followed. Any other address, such as a URL in a task's
output or a redirect, may be on a loopback, link-local or private network only if the API itself is on such a network.
The checked address is the one connected to, so a DNS change in between has no effect.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Literal, TypeAlias

from cyberun_widget.errors import ProtocolError

Realm: TypeAlias = Literal["loopback", "link-local", "private", "public"]


def is_loopback(host: str) -> bool:
    """Whether a host name or address refers to this machine, judged without a DNS lookup."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return realm(name) == "loopback"


def realm(address: str) -> Realm | None:
    """Return the kind of network an IP address belongs to, None for a name."""
    try:
        ip = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or _nat64(ip)
        if inner is not None:
            return realm(str(inner))
    if ip.is_loopback or ip.is_unspecified:
        return "loopback"
    if ip.is_link_local:
        return "link-local"
    return "public" if ip.is_global and not ip.is_multicast else "private"


async def allowed_address(host: str, port: int, api_host: str, *, look_up: bool = True) -> str | None:
    """Return the address to connect to for an unvouched host, None if the name should be used unchanged.

    `look_up`: False behind a proxy, which resolves names itself; then only addresses and localhost are checked.
    Raises ProtocolError if the host is on a network that is allowed only when the API is on it too.
    """
    known = "loopback" if is_loopback(host) else realm(host)
    found = [host] if known else await _resolved(host, port) if look_up else []
    realms = {known} if known else {realm(address) for address in found}
    if realms <= {"public"}:
        return found[0] if found and not known else None
    home = await _home(api_host, port)
    if not realms <= home | {"public"}:
        raise ProtocolError(
            "This file's address points into a private network, where only links signed by the service are followed. "
            "No request was made."
        )
    return found[0] if not known else None


async def _home(api_host: str, port: int) -> set[Realm | None]:
    """Return the kinds of network the API is on."""
    if is_loopback(api_host):
        return {"loopback"}
    known = realm(api_host)
    return {known} if known else {realm(address) for address in await _resolved(api_host, port)}


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


async def _resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a name. Empty if it doesn't resolve; connecting then raises its own error."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(item[4][0]) for item in found]
