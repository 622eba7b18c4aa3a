"""All timeouts and limits for following a task."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite
from typing import Final, Literal

from cyberun_widget.errors import ConfigurationError

Mode = Literal["auto", "all", "none"]
"""What is downloaded automatically: files up to 64 MiB each and 256 MiB per task, everything, or nothing."""

_COUNTS: Final = ("max_failures", "download_tries")
_OPTIONAL: Final = ("max_failures", "download_timeout")


@dataclass(frozen=True, slots=True)
class FollowPolicy:
    """How a task is followed and its files are downloaded. All times are in seconds.

    - `poll_interval`: between two requests while there is no stream.
    - `idle_timeout`: silence on the stream after which the task is checked.
    - `connect_timeout`: to establish one connection.
    - `backoff_initial`, `backoff_max`: the first and the longest pause between attempts.
    - `sse_retry_interval`: how often streaming is retried while polling.
    - `max_failures`: consecutive failed attempts before watching stops; None never stops.
    - `download_idle_timeout`: silence after which a download is resumed on a new connection.
    - `download_tries`: consecutive attempts without progress before a file counts as failed.
    - `download_timeout`: for one whole file, from its first request; None sets no limit while bytes keep arriving.
    """

    poll_interval: float = 3.0
    idle_timeout: float = 45.0
    connect_timeout: float = 10.0
    backoff_initial: float = 0.5
    backoff_max: float = 30.0
    sse_retry_interval: float = 60.0
    max_failures: int | None = None
    download_idle_timeout: float = 10.0
    download_tries: int = 4
    download_timeout: float | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            value, optional = getattr(self, item.name), item.name in _OPTIONAL
            if value is None and optional:
                continue
            or_none = ", or None" if optional else ""
            if item.name in _COUNTS:
                if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                    raise ConfigurationError(
                        f"FollowPolicy: {item.name} must be a whole number of at least 1{or_none}."
                    )
            elif not isinstance(value, (int, float)) or not isfinite(value) or value <= 0:
                raise ConfigurationError(f"FollowPolicy: {item.name} must be a positive number of seconds{or_none}.")
