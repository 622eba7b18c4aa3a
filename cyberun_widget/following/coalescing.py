"""Coalesces progress events within a burst, for tasks without a listener that receives every event. Pure.

A progress event is superseded by the next one of the same stage, so only the last of a run matters. Events of
different stages are kept apart, since they mark when a stage starts and ends. All other messages are kept, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cyberun_widget.protocol.sse import SSEMessage

_PROGRESS: Final = "progress"


def runs(messages: Sequence[SSEMessage]) -> Iterator[Sequence[SSEMessage]]:
    """Yield the messages in runs, in order: consecutive progress of one stage together, any other message alone."""
    begin, total = 0, len(messages)
    while begin < total:
        end = begin + 1
        if messages[begin].event == _PROGRESS:
            stage = _stage(messages[begin].data)
            while end < total and messages[end].event == _PROGRESS and _stage(messages[end].data) == stage:
                end += 1
        yield messages[begin:end]
        begin = end


def _stage(data: str) -> str:
    """Return the unparsed JSON text that contains a progress event's stage. Equal stages give equal texts."""
    at = data.find('"stage"')
    return data[at : data.find(",", at)] if at >= 0 else ""
