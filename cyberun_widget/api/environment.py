"""Network settings from the environment: proxies, and trusted certificates.

Read here rather than by httpx, which rejects a valid NO_PROXY (`::1/128`) as an invalid URL, and raises unrelated
errors for wrong values. An invalid value raises a ConfigurationError that names the variable and what to set it to.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from cyberun_widget.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_EXAMPLE: Final = "such as http://proxy.example:3128"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies by scheme ("http", "https", "all"), and the hosts reached without a proxy ("no")."""

    by_name: Mapping[str, str]

    @classmethod
    def from_environment(cls) -> Proxies:
        """Read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, and the system's settings on macOS and Windows."""
        return cls(getproxies())

    def way_to(self, scheme: str, host: str, port: int | None) -> str | None:
        """Return the URL of the proxy for a host, None if there is none.

        Raises ConfigurationError if that proxy can't be used; its message shows no password.
        """
        name = next((name for name in (scheme, "all") if self.by_name.get(name)), None)
        if name is None or _matches(self.by_name.get("no", ""), host, port):
            return None
        given = self.by_name[name].strip()
        url = given if "://" in given else f"http://{given}"
        problem = _unusable(url)
        if problem:
            variable = _variable(f"{name}_proxy")
            raise ConfigurationError(f"{variable} is not a usable proxy: {problem}, or unset {variable}.")
        return url


def tls_context() -> ssl.SSLContext:
    """Return the TLS settings for all connections, with certificates trusted by the environment or the system.

    Raises ConfigurationError if SSL_CERT_FILE, SSL_CERT_DIR or SSLKEYLOGFILE is unusable.
    """
    problem = _certificate_problem(os.environ)
    if not problem:
        try:
            return httpx.create_ssl_context()
        except (OSError, ValueError) as exc:
            problem = f"TLS can't be set up ({exc.strerror if isinstance(exc, OSError) else exc})."
    raise ConfigurationError(problem)


def _matches(no: str, host: str, port: int | None) -> bool:
    """Whether NO_PROXY matches a host: by "*", name, name suffix, address or network, with or without a port."""
    host = host.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for entry in no.lower().replace(",", " ").split():
        if entry == "*":
            return True
        if address is not None and (network := _network(entry)) is not None:
            if address in network:
                return True
            continue
        name, _, at = entry.partition("://")[2].rpartition(":") if "://" in entry else entry.rpartition(":")
        if not (name and at.isdigit()):
            name, at = entry.partition("://")[2] or entry, ""
        name = name.strip("[]").removeprefix("*").strip(".")
        if name and (not at or int(at) == port) and (host == name or host.endswith(f".{name}")):
            return True
    return False


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def _unusable(url: str) -> str:
    """Return why a proxy's URL can't be used and what to set, '' if it can."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return f"it is not a URL. Set it to one {_EXAMPLE}"
    if parts.scheme not in _SCHEMES:
        return f"it starts with {parts.scheme}://. Set it to one of http, https or socks5, {_EXAMPLE}"
    if re.search(r"\s", url) or not all((host or "x").rstrip(".").split(".")):
        return f"it is not a URL. Set it to one {_EXAMPLE}"
    if not host or port == 0:
        return f"it has no host or an invalid port. Set it to one {_EXAMPLE}"
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        return "a SOCKS proxy needs the package socksio, which isn't installed. Install it (pip install socksio)"
    return ""


def _variable(name: str) -> str:
    """Return the name, as spelled in the environment, of the variable behind a setting, or its other source."""
    spelled = next((variable for variable in (name, name.upper()) if os.environ.get(variable)), None)
    return spelled or f"The system's {name.replace('_', ' ')} setting"


def _certificate_problem(environ: Mapping[str, str]) -> str:
    """Return which TLS variable is unusable, why, and what to set; '' if all are usable."""
    if file := environ.get("SSL_CERT_FILE"):
        found = _file_problem(file)
        if found:
            return f"SSL_CERT_FILE {found}. Set it to a file of PEM certificates, or unset it."
    elif (folder := environ.get("SSL_CERT_DIR")) and not any(Path(part).is_dir() for part in folder.split(os.pathsep)):
        return "SSL_CERT_DIR is not a folder. Set it to a folder of certificates (made by c_rehash), or unset it."
    if log := environ.get("SSLKEYLOGFILE"):
        try:
            with Path(log).open("ab"):
                pass
        except OSError as exc:
            return f"SSLKEYLOGFILE is not writable ({exc.strerror}). Choose another file, or unset it."
    return ""


def _file_problem(file: str) -> str:
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        return "contains no certificate"
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else exc
        return f"can't be read ({why})"
    return ""
