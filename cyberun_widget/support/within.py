"""A time limit that lets every cancellation through.

`asyncio.wait_for` before Python 3.12 forgets a cancellation that comes in the moment in which the work ends: whoever
was told to stop would go on for ever.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


async def within(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Return what `work` gives. Raises asyncio.TimeoutError, the work cancelled, after so many seconds.

    Cancelled, it cancels the work, waits for its end, and raises CancelledError even where the work gave something.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, so that the loop doesn't report it
    if task.cancelled():
        raise TimeoutError
    return task.result()
