"""Every time and limit of following a task, in one place."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite

from cyberun_widget.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class FollowPolicy:
    """How a task is followed. All times are seconds.

    `poll_interval`: between two looks at a task whose events can't be had. `idle_timeout`: the silence on the stream
    after which the task is looked at. `connect_timeout`: for one connection. `backoff_initial`, `backoff_max`: the
    first and the longest pause between two tries. `sse_retry_interval`: how often the stream is tried again while
    polling. `max_failures`: tries in a row without any sign of life before watching ends; None = go on for ever.
    """

    poll_interval: float = 3.0
    idle_timeout: float = 45.0
    connect_timeout: float = 10.0
    backoff_initial: float = 0.5
    backoff_max: float = 30.0
    sse_retry_interval: float = 60.0
    max_failures: int | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "max_failures":
                if value is not None and (not isinstance(value, int) or value < 1):
                    raise ConfigurationError("FollowPolicy: max_failures must be a whole number from 1 on, or None.")
            elif not isinstance(value, (int, float)) or not isfinite(value) or value <= 0:
                raise ConfigurationError(f"FollowPolicy: {item.name} must be a number of seconds above 0.")
