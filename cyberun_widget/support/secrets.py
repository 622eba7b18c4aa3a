"""Keys and signed URLs: values that are sent but never shown.

Two things guard them. `Secret` wraps a value so that no repr, format or pickle reveals it. `redact` cleans foreign
text (a server's message, a log record), which may contain a key or a signature anywhere.
"""

from __future__ import annotations

import logging
import re
from math import isfinite
from typing import Any, Final

_HIDDEN: Final = "***"
_DEPTH: Final = 64  # levels of nesting: more than any page shows, and a bound on recursion

# Bearer tokens of the API (integration, device and agent keys, JWTs) and whatever follows "Bearer".
_TOKEN: Final = re.compile(
    r"\b(?:sk|dk|ak)-[A-Za-z0-9_\-]{6,}|\beyJ[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+){0,2}|(?<=[Bb]earer )[^\s'\",]+"
)
# Query parameters that make a URL a key: AWS SigV4 and V2, Google, Azure SAS, CloudFront, and plain tokens. Also in a
# URL inside of another's query (%26, %3D), in JSON inside a string (\u0026), and in the header that says the same.
_SIGNED: Final = re.compile(
    r"(?i)((?:(?<=[?&;,])|(?<=\\u0026)|(?<=%26)|(?<=%3f)|(?<=, ))"
    r"(?:signature|sig|token|access_token|api_key|key-pair-id|policy|awsaccesskeyid|hmac|se|sv|sp)(?:=|%3d|\\u003d)"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token)(?:=|%3d|\\u003d))[^&\s'\"<>\\)\]]*"
)
# A key of any kind: alone, or as one part of a URL, where a host's name ("sk-cluster", "ak-1.example.com") is none.
_KEY: Final = re.compile(
    r"^[\s'\"]*(?:sk|dk|ak)-\w|(?:^|[\s'\"/:?&=#])(?:(?:sk|dk|ak)-(?=[\w-]*\d)[\w-]{8,}(?=$|[\s'\"/:?&#])|eyJ[\w-]{6,})"
)


class Secret:
    """A string that no repr, format, pickle or traceback shows. `reveal()` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret) -> None:
        self._value: str = value.reveal() if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """Return the value, for a header or a request line, never for a message."""
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
    """Whether an API key was given where something else belongs, a base URL or a task id."""
    return bool(_KEY.search(text))


def redact(text: str) -> str:
    """Return `text` without API keys and without the signatures of signed URLs."""
    # Called for every text of every event, and nearly none holds a secret: check for what each must contain first.
    if "k-" in text or "eyJ" in text or "earer " in text:
        text = _TOKEN.sub(_HIDDEN, text)
    return _SIGNED.sub(rf"\g<1>{_HIDDEN}", text) if "=" in text or "%3" in text or "u003" in text else text


def scrub(value: Any, depth: int = _DEPTH) -> Any:
    """Return a JSON value with every string in it redacted, keys of objects included, fit for any wire.

    What JSON can't carry (NaN, infinities, halves of surrogate pairs) becomes null and "?"; what is nested deeper than
    `depth` becomes "…".
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


# Filters of a logger don't see what its children log, so each is named. httpx2 may stand in for httpx.
_LOGGERS: Final = tuple(
    f"{library}{version}{part}"
    for version in ("", "2")
    for library, parts in (("httpx", ("",)), ("httpcore", (".connection", ".http11", ".http2", ".proxy", ".socks")))
    for part in parts
)
_redactor: Final = _Redactor()


def guard_logs() -> None:
    """Keep signed URLs and keys out of the HTTP library's log records, which name whole URLs at INFO.

    Called when the first connection pool is made, never on import. Calling it again changes nothing.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if _redactor not in logger.filters:
            logger.addFilter(_redactor)
