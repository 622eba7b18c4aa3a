"""What can go wrong, as types. Every message says what to do about it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


class CyberunError(Exception):
    """The base of everything this package raises on purpose."""


class ConfigurationError(CyberunError, ValueError):
    """A setting that can't work: a malformed base URL, a folder that can't be written."""


class ParameterError(CyberunError, ValueError):
    """A parameter that the workflow doesn't have, or a value that it doesn't take."""


class AuthError(CyberunError):
    """No key, a key that the service refuses (401, 403), or one of a kind that can't do this."""


class NotFoundError(CyberunError, LookupError):
    """The task, workflow or artifact isn't there (404), or belongs to another team."""


class RateLimitError(CyberunError):
    """Too many requests (429). `retry_after`: seconds the server asked for, None if it didn't say."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerError(CyberunError):
    """The service answered with a failure of its own. `status`: the HTTP status code.

    `retry_after`: seconds the server asked to be left alone, None if it didn't say.
    """

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class NetworkError(CyberunError, ConnectionError):
    """The service couldn't be reached, or the connection broke: DNS, TLS, refused, reset, timed out.

    `sent`: False where the request surely never went out.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class ProtocolError(CyberunError):
    """An answer that isn't what the API page says: a login page, no JSON, a redirect to another host."""


class SubmissionUnknownError(CyberunError):
    """The answer to a submitted run was lost: it may have been started. It is never sent again by itself.

    Raised after a connection that broke or went silent, and for answers that a gateway gives in the service's place
    (500, 502, 503 without Retry-After, 504). `slug`: the workflow. `at`: when the request went out, in UTC: a task that
    came of it was created at that time or a moment later, so `client.tasks()` lists it.
    """

    def __init__(self, message: str, *, slug: str, at: datetime) -> None:
        super().__init__(message)
        self.slug, self.at = slug, at


class DownloadError(CyberunError):
    """An artifact couldn't be downloaded. `status`: the HTTP status code, None if there was no answer."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class WaitTimeout(CyberunError, TimeoutError):  # noqa: N818 - a name of the contract
    """`wait(timeout)` ran out. The task goes on, and so does the watching."""


def __getattr__(name: str) -> Any:
    """Import the verdicts from where they live now, beside `TaskResult`."""
    if name in ("TaskFailed", "TaskCancelled"):
        return getattr(importlib.import_module("cyberun_widget.artifacts.result"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
