"""Reads URLs: the object a URL points to, its file name, its expiry, whether it may be followed. Pure."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from cyberun_widget.errors import NotFoundError
from cyberun_widget.support.secrets import looks_like_key

if TYPE_CHECKING:
    from cyberun_widget.support.secrets import Secret

_DISPOSITION: Final = re.compile(
    r"filename\*\s*=\s*[\w-]+''([^;]+)|filename\s*=\s*(?:\"([^\"]*)\"|([^;]+))", re.IGNORECASE
)
_SIGNED: Final = re.compile(r"[?&](?:x-amz-|x-goog-|signature=|sig=)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """The address of a file. `vouched`: the service itself listed it in `download_urls`, so any address is allowed.

    Other links come from a workflow, and are not followed into a private network unless the API is on one too.
    """

    url: Secret
    vouched: bool = False


def segment(name: str, what: str) -> str:
    """Return any id or slug encoded as one segment of a URL's path. `what`: the noun for error messages.

    Raises NotFoundError if it is empty, not encodable, an API key, or a dot segment, which would change the path.
    """
    name = name.strip() if isinstance(name, str) else ""
    if name in ("", ".", ".."):
        raise NotFoundError(f"Invalid {what}: it is {'empty' if not name else repr(name)}.")
    if looks_like_key(name):
        raise NotFoundError(
            f"Invalid {what}: it looks like an API key, so it is not shown. The key goes into api_key=..."
        )
    try:
        return quote(name, safe="@")
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "replace").decode()
    raise NotFoundError(f"Invalid {what}: {shown!r}.")


def usable(url: str) -> bool:
    """Whether `url` is a web address with a host. Nothing else is ever opened."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def object_of(url: str) -> tuple[str, str, str]:
    """Return a link's target: host, path, and query. A signature is left out of the query, since it changes."""
    host, path, query = split(url)
    return host, path, "" if _SIGNED.search(f"?{query}") else query


def split(url: str) -> tuple[str, str, str]:
    """Return host, unquoted path and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url, ""
    return parts.netloc.casefold(), unquote(parts.path), parts.query


def ends_with(url: str, store: str) -> bool:
    """Whether a link points to the key `store` in any bucket."""
    return bool(url and store.strip("/")) and f"/{split(url)[1].strip('/')}".endswith(f"/{unquote(store).strip('/')}")


def linked_name(url: str) -> str:
    """Return the file name of a link: the download name it requests, else the last part of its path."""
    asked = _query(url).get("response-content-disposition", [""])[0]
    return disposition_name(asked) or split(url)[1].rstrip("/").rpartition("/")[2]


def disposition_name(header: str) -> str:
    """Return the file name in a Content-Disposition header (RFC 6266), or ''. The name is not sanitised."""
    found = _DISPOSITION.search(header)
    if not found:
        return ""
    return unquote(found[1]).strip() if found[1] else (found[2] or found[3] or "").strip()


def expiry(url: str) -> dt.datetime | None:
    """Return when an AWS or Google signature (version 4) expires: its date plus its lifetime."""
    found = {name.casefold(): values[0] for name, values in _query(url).items()}
    vendor = "x-amz-" if "x-amz-date" in found else "x-goog-"
    try:
        start = dt.datetime.strptime(found[f"{vendor}date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        return start + dt.timedelta(seconds=int(found[f"{vendor}expires"]))
    except (KeyError, ValueError, OverflowError):
        return None


def _query(url: str) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(url).query, max_num_fields=50)
    except ValueError:
        return {}
