"""Which messages of a burst matter where no listener takes every event. Pure.

A progress event is out of date as soon as the next one is here. So of a run of them only the last counts, unless they
tell of different stages: when a stage began and ended is worth keeping. Whatever else comes is kept, in its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cyberun_widget.protocol.sse import SSEMessage

_PROGRESS: Final = "progress"


def runs(messages: Sequence[SSEMessage]) -> Iterator[Sequence[SSEMessage]]:
    """Yield the messages in order: progress of one stage in one run, each other message in a run of its own."""
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
    """Return the text around the stage in a progress event's JSON, unparsed: equal for equal stages."""
    at = data.find('"stage"')
    return data[at : data.find(",", at)] if at >= 0 else ""
