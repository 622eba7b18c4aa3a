"""The keys that identify sweeps and points in the ledger: equal keys mean the same sweep or point. Pure."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberun_widget.support.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cyberun_widget.group.plan.axes import Space

    Digest = Callable[[Path], str]


def point_key(parameters: Mapping[str, Any], digest: Digest) -> str:
    """Return a point's key within its sweep, 32 hex digits. `digest`: returns the digest of a file's content."""
    return _hash(canonical(parameters, digest))


def sweep_key(account: str, slug: str, space: Space, name: str | None, digest: Digest) -> str:
    """Return the key by which the ledger finds a sweep again, made of its name, or of its workflow and axes.

    `account`: the service and team. `slug`, `space`: as the user gave them, with no version added and seeds still open.
    """
    if name is not None:
        return _hash(canonical(["name", account, slug, name], digest))
    axes = [[axis.names, axis.steps] for axis in sorted(space.axes, key=lambda axis: axis.names)]
    return _hash(canonical(["axes", account, slug, axes, dict(space.fixed)], digest))


def canonical(value: Any, digest: Digest) -> str:
    """Return the same text for equal values: keys are sorted, 20.0 becomes 20, a file becomes its digest."""
    return json.dumps(_plain(value, digest), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def recorded(parameters: Mapping[str, Any]) -> str:
    """Return parameters as JSON for the ledger and the page: files by name, no API keys, no signed links."""
    return redact(json.dumps(_shown(parameters), ensure_ascii=True))


def _plain(value: Any, digest: Digest) -> Any:
    match value:
        case bool() | None | str():
            return value
        case float() if value.is_integer() and abs(value) < 2**53:
            return int(value)
        case Path():
            return {"file": digest(value)}
        case dict():
            return {str(key): _plain(item, digest) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item, digest) for item in value]
        case _:
            return value if isinstance(value, (int, float)) else repr(value)


def _shown(value: Any) -> Any:
    match value:
        case Path():
            return value.name
        case dict():
            return {str(key): _shown(item) for key, item in value.items()}
        case list() | tuple():
            return [_shown(item) for item in value]
        case bool() | None | str() | int() | float():
            return value
        case _:
            return repr(value)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
