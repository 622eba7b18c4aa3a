"""Requests of a comparison's page: parts of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cyberun_widget.card.messages import WIDGET_REQUESTS, Part, Read
from cyberun_widget.card.page_requests import read
from cyberun_widget.support.executors import READS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.artifacts.model import Artifact
    from cyberun_widget.card.page_channel import Route

COMPARE_REQUESTS: Final[dict[str, tuple[type, type]]] = {**WIDGET_REQUESTS, "read": (Read, Part)}
"""`frontend/src/shared/messages.ts` has the same table."""


def routes(find: Callable[[str], Artifact]) -> dict[str, Route]:
    """Return kind -> executor and handler. `find`: returns the file for a page's key."""
    return {"read": (READS, lambda request: read(find(request.fields["key"]), request))}
