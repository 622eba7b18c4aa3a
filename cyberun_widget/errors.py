"""The errors that this package raises. Every message says what to do."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


class CyberunError(Exception):
    """Base class of all errors that this package raises deliberately."""


class ConfigurationError(CyberunError, ValueError):
    """A setting that can't work, such as a malformed base URL or a folder that isn't writable."""


class ParameterError(CyberunError, ValueError):
    """An unknown parameter, or a value that the workflow doesn't accept."""


class AuthError(CyberunError):
    """A missing key, a key that the service rejects (401, 403), or a key of the wrong kind."""


class NotFoundError(CyberunError, LookupError):
    """The task, workflow or artifact doesn't exist (404) or belongs to another team."""


class RateLimitError(CyberunError):
    """Too many requests (429). `retry_after`: seconds that the server asked to wait, None if it didn't say."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerError(CyberunError):
    """The service failed. `status`: the HTTP status code.

    `retry_after`: seconds that the server asked to wait, None if it didn't say.
    """

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class NetworkError(CyberunError, ConnectionError):
    """The service couldn't be reached, or the connection was lost: DNS, TLS, refused, reset, timed out.

    `sent`: False if the request was certainly never sent.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class ProtocolError(CyberunError):
    """A response that doesn't match the API: a login page, invalid JSON, a redirect to another host."""


class SubmissionUnknownError(CyberunError):
    """The response to a submitted run was lost, so the run may have started. It is never resubmitted automatically.

    Raised when the connection is lost or times out, and for responses that a gateway sends in place of the service
    (500, 502, 503 without Retry-After, 504). `slug`: the workflow. `at`: when the request was sent, in UTC; a task
    started by it was created at that time or shortly after, and is listed by `client.tasks()`.
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
    """`wait(timeout)` timed out. The task keeps running, and is still being watched."""


def __getattr__(name: str) -> Any:
    """Provide the verdict errors, which are defined next to `TaskResult`, in this module too."""
    if name in ("TaskFailed", "TaskCancelled"):
        return getattr(importlib.import_module("cyberun_widget.artifacts.result"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
