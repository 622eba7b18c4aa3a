"""Ids and times in the API's format: UUID version 7 and ISO 8601 in UTC. Pure."""

from __future__ import annotations

import datetime as dt
import uuid

_DOMAIN = "cyberun-widget local"


def uuid7(now: float, noise: bytes) -> str:
    """Return a UUIDv7 (RFC 9562, 5.7) from the time `now` (seconds since 1970) and ten random bytes."""
    value = int(now * 1000) & ((1 << 48) - 1)
    rest = int.from_bytes(noise[:10], "big")
    number = value << 80 | 0x7 << 76 | ((rest >> 64) & 0xFFF) << 64 | 0b10 << 62 | (rest & ((1 << 62) - 1))
    return str(uuid.UUID(int=number))


def named_uuid(name: str, at: float = 1_735_689_600.0) -> str:
    """Return a UUIDv7 that depends only on the arguments, for ids that must survive a restart."""
    return uuid7(at, uuid.uuid5(uuid.NAMESPACE_URL, f"{_DOMAIN}:{name}").bytes)


def iso(seconds: float | None) -> str | None:
    """Return seconds since 1970 as `2026-01-31T09:30:00.125000Z`; None stays None."""
    if seconds is None:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
