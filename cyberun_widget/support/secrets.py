"""Keys and signed URLs: values that are sent but never shown.

`Secret` wraps a value so that no repr, format or pickle reveals it. `redact` cleans external text (a server's message,
a log record), which may contain a key or a signature anywhere.
"""

from __future__ import annotations

import logging
import re
from math import isfinite
from typing import Any, Final

_HIDDEN: Final = "***"
_DEPTH: Final = 64  # levels of nesting: more than any page shows; bounds the recursion

# Bearer tokens of the API (integration, device and agent keys, JWTs) and anything after "Bearer".
_TOKEN: Final = re.compile(
    r"\b(?:sk|dk|ak)-[A-Za-z0-9_\-]{6,}|\beyJ[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+){0,2}|(?<=[Bb]earer )[^\s'\",]+"
)
# Query parameters that grant access: AWS SigV4 and V2, Google, Azure SAS, CloudFront, and plain tokens. Also matched in
# a URL inside another URL's query (%26, %3D), in JSON inside a string (\u0026), and in the equivalent header.
_SIGNED: Final = re.compile(
    r"(?i)((?:(?<=[?&;,])|(?<=\\u0026)|(?<=%26)|(?<=%3f)|(?<=, ))"
    r"(?:signature|sig|token|access_token|api_key|key-pair-id|policy|awsaccesskeyid|hmac|se|sv|sp)(?:=|%3d|\\u003d)"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token)(?:=|%3d|\\u003d))[^&\s'\"<>\\)\]]*"
)
# A key of any kind, alone or as part of a URL. A host name ("sk-cluster", "ak-1.example.com") doesn't count as a key.
_KEY: Final = re.compile(
    r"^[\s'\"]*(?:sk|dk|ak)-\w|(?:^|[\s'\"/:?&=#])(?:(?:sk|dk|ak)-(?=[\w-]*\d)[\w-]{8,}(?=$|[\s'\"/:?&#])|eyJ[\w-]{6,})"
)


class Secret:
    """A string that is hidden from repr, format, pickle and tracebacks. `reveal()` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret) -> None:
        self._value: str = value.reveal() if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """Return the value. Use it only for headers and request lines, never for messages."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN})"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return (Secret, ("",))


def looks_like_key(text: str) -> bool:
    """Whether text is an API key, given by mistake for a base URL or a task id."""
    return bool(_KEY.search(text))


def redact(text: str) -> str:
    """Return `text` with API keys and signatures of signed URLs removed."""
    # Called for every text of every event, and few contain a secret: check for required substrings first.
    if "k-" in text or "eyJ" in text or "earer " in text:
        text = _TOKEN.sub(_HIDDEN, text)
    return _SIGNED.sub(rf"\g<1>{_HIDDEN}", text) if "=" in text or "%3" in text or "u003" in text else text


def scrub(value: Any, depth: int = _DEPTH) -> Any:
    """Return a JSON value with every string in it redacted, including object keys, safe to serialise.

    NaN and infinities, which JSON can't represent, become null; lone surrogates become "?"; values nested deeper than
    `depth` become "…".
    """
    match value:
        case str():
            return redact(value).encode("utf-8", "replace").decode()
        case float():
            return value if isfinite(value) else None
        case dict() | list() | tuple() if not depth:
            return "…"
        case dict():
            return {scrub(str(key)): scrub(item, depth - 1) for key, item in value.items()}
        case list() | tuple():
            return [scrub(item, depth - 1) for item in value]
        case _:
            return value


class _Redactor(logging.Filter):
    """Rewrites log records that contain a key or a signature."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True


# A logger's filters don't see records of its child loggers, so each is listed. httpx2 may replace httpx.
_LOGGERS: Final = tuple(
    f"{library}{version}{part}"
    for version in ("", "2")
    for library, parts in (("httpx", ("",)), ("httpcore", (".connection", ".http11", ".http2", ".proxy", ".socks")))
    for part in parts
)
_redactor: Final = _Redactor()


def guard_logs() -> None:
    """Keep signed URLs and keys out of the HTTP library's log records, which contain whole URLs at INFO.

    Called when the first connection pool is made, never on import. Calling it again has no effect.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if _redactor not in logger.filters:
            logger.addFilter(_redactor)
