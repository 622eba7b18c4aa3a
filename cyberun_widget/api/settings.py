"""The service and the account: base URL, key and team, checked before the first request."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cyberun_widget.api.addresses import is_loopback
from cyberun_widget.errors import AuthError, ConfigurationError
from cyberun_widget.support.secrets import Secret, looks_like_key, redact
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_BASE_URL: Final = "https://core.cyberun.cloud/api/v1"
_UUID: Final = re.compile(r"(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_PORTS: Final = {"http": 80, "https": 443}

_warned: set[str] = set()  # origins that a warning was given for


@dataclass(frozen=True, slots=True)
class Settings:
    """One account on one service. Its repr shows no key.

    `base_url`: without a trailing slash. `key`: of a kind that may read tasks. `team_id`: a UUID, for JWTs only.
    `proof_secret`: the secret by which a local server proves its identity before it is sent the key; None for any other
    service.
    """

    base_url: str
    key: Secret = field(repr=False)
    team_id: str | None = field(default=None, repr=False)
    proof_secret: Secret | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port of the API, the only origin the key is ever sent to."""
        return origin_of(self.base_url)

    @classmethod
    def resolve(
        cls,
        api_key: str | Secret | None = None,
        base_url: str | Secret | None = None,
        team_id: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Settings:
        """Read missing values from CYBERUN_API_KEY (or CYBERUN_KEY), CYBERUN_BASE_URL and CYBERUN_TEAM_ID.

        Raises AuthError for a missing key or one of the wrong kind, ConfigurationError for a malformed base URL.
        """
        # Rebound at once, and the environment is never a local of a frame that raises, so that no traceback has the key
        # among its variables. A base URL may contain a key by mistake.
        api_key = Secret(api_key) if api_key is not None else None
        base_url = Secret(base_url or _from("CYBERUN_BASE_URL", environ) or DEFAULT_BASE_URL)
        api_key = api_key or Secret(_from("CYBERUN_API_KEY", environ) or _from("CYBERUN_KEY", environ))
        team = team_id or _from("CYBERUN_TEAM_ID", environ) or None
        problem = _unfit(base_url)
        if problem:
            raise ConfigurationError(problem)
        settings = _check_key(cls(base_url.reveal().strip().rstrip("/"), api_key, team))
        _warn_of_plain_http(settings)
        return settings


def origin_of(url: str) -> str:
    """Return `scheme://host:port` of a URL in lower case, including a default port."""
    parts = urlsplit(url)
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{parts.port or _PORTS.get(parts.scheme.lower())}"


def _from(name: str, environ: Mapping[str, str] | None) -> str:
    return (os.environ if environ is None else environ).get(name, "")


def _unfit(base_url: Secret) -> str:
    """Return why a base URL can't work, '' if it can."""
    url = base_url.reveal().strip().rstrip("/")
    if looks_like_key(url):
        return (
            "The base URL looks like an API key, so it is not shown. Pass the key as api_key=... or set "
            "CYBERUN_API_KEY; the base URL is optional."
        )
    hint = f"It should look like {DEFAULT_BASE_URL}, or be your own deployment's https://.../api/v1."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return f"The base URL is malformed. {hint}"
    if parts.scheme not in _PORTS or not host or port == 0 or re.search(r"[\s\\]", url):
        return f"The base URL {_shown(url)} isn't an http(s) address. {hint}"
    if parts.username is not None or parts.password is not None:
        return f"The base URL contains a user name or password; remove them. {hint}"
    if parts.query or parts.fragment:
        return f"The base URL contains a ? or # part; remove it. {hint}"
    return ""


def _shown(url: str) -> str:
    shown = url if "@" not in url else "(hidden: it contains an @)"
    return repr(clean(redact(shown), limit=80))


def _warn_of_plain_http(settings: Settings) -> None:
    """Warn, once per origin, if the key would cross a network unencrypted."""
    parts = urlsplit(settings.base_url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or "") and settings.origin not in _warned:
        _warned.add(settings.origin)
        warnings.warn(
            f"The base URL starts with http://, so the API key travels to {parts.netloc} unencrypted. Use https:// "
            "unless you trust the network in between.",
            stacklevel=5,  # the line that makes the client, via `Calls.resolve` and the client's constructor
        )


def _check_key(settings: Settings) -> Settings:
    """Raise a helpful error for a key that the service would refuse later."""
    where = "Create an integration key (sk-...) under Access in Cyberun Cloud"
    stripped = replace(settings, key=Secret(settings.key.reveal().strip().strip("'\"")))
    kind = _kind(stripped.key)
    if kind == "none":
        raise AuthError(
            f"No API key. {where} and set CYBERUN_API_KEY (or pass api_key=...). To try everything without a key, "
            "use Client.local()."
        )
    if kind == "odd":
        raise AuthError(f"The API key contains spaces or characters that no key has; copy it again. {where}.")
    if kind == "ak":
        raise AuthError(
            f"This is an agent key (ak-...), which can't read or submit tasks. {where} and use that instead."
        )
    if kind == "jwt" and not stripped.team_id:
        raise AuthError(
            "This key is a user token (JWT), which also needs a team: pass team_id=... or set CYBERUN_TEAM_ID to the "
            "team's UUID. An integration key (sk-...) needs no team."
        )
    if kind == "jwt" and not _UUID.match(stripped.team_id or ""):
        raise AuthError("The team id isn't a UUID; copy it from the team's page in Cyberun Cloud.")
    return stripped


def _kind(key: Secret) -> str:
    text = key.reveal()
    if not text:
        return "none"
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        return "odd"
    if text.startswith("ak-"):
        return "ak"
    return "jwt" if text.startswith("eyJ") else "key"
