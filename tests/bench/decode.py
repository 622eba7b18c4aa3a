"""The speed of decoding event streams from bytes to messages: ours, httpx-sse, httpx2 and sseclient-py.

The streams are those of a ComfyUI and a Nerfstudio task, with events in the format of the API page. All decoders get
the same chunks in the same run, in turn; the best CPU time of several rounds counts. The times of httpx-sse and httpx2
include the step from bytes to lines: the UTF-8 decoding of `aiter_text` and line splitting. `split + json.loads` is a
lower bound, not a parser: it handles only complete bodies of well-formed events, and parses their data too.
"""

from __future__ import annotations

import codecs
import json
import time
from typing import TYPE_CHECKING

import sseclient
from httpx2._sse import _SSEParser as Httpx2Parser
from httpx_sse._decoders import SSEDecoder as PeerDecoder
from httpx_sse._decoders import SSELineDecoder

from cyberun_widget.protocol.sse import SSEDecoder
from tests.bench.report import OURS, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TASK = "0192f3c1-7c1e-7b5a-9d0e-3f2a1b4c5d6e"
STAGES = ("download", "process_data", "train", "export", "upload")
EVENTS = 4000
ROUNDS = 7
MEGA = 1_000_000


def comfyui(count: int) -> list[bytes]:
    """Return the stream of an image task, one item per event, with occasional heartbeats."""
    return [
        _event("progress", progress=step / count, current_node=str(3 + step % 7), step_current=step, step_total=count)
        + (b": ping\n\n" if step % 50 == 0 else b"")
        for step in range(count)
    ]


def nerfstudio(count: int) -> list[bytes]:
    """Return the stream of a splat task, one item per event."""
    return [
        _event(
            "progress",
            progress=step / count,
            stage=STAGES[step * 5 // count],
            message=f"Step {step} of {count}, loss {1 / (step + 1):.4f}, 1,204,331 Gaussians",
            step_current=step,
            step_total=count,
        )
        for step in range(count)
    ]


def _event(kind: str, **data: object) -> bytes:
    text = json.dumps({"task_id": TASK, **data, "timestamp": "2026-11-23T12:00:00.123456Z"})
    return f"event: {kind}\ndata: {text}\n\n".encode()


def ours(chunks: Iterable[bytes]) -> int:
    """Return the number of messages."""
    decoder, count = SSEDecoder(), 0
    for chunk in chunks:
        count += len(decoder.feed(chunk))
    return count


def httpx_sse(chunks: Iterable[bytes]) -> int:
    """Likewise, using the steps of `EventSource.aiter_sse`."""
    text, lines, decoder, count = codecs.getincrementaldecoder("utf-8")("replace"), SSELineDecoder(), PeerDecoder(), 0
    for chunk in chunks:
        for line in lines.decode(text.decode(chunk)):
            count += decoder.decode(line.rstrip("\n")) is not None
    return count


def httpx2_own(chunks: Iterable[bytes]) -> int:
    """Likewise, using the steps of httpx2's `EventSource`."""
    text, parser = codecs.getincrementaldecoder("utf-8")("replace"), Httpx2Parser()
    return sum(1 for chunk in chunks for _ in parser.decode(text.decode(chunk))) + sum(1 for _ in parser.flush())


def split_and_loads(chunks: Iterable[bytes]) -> int:
    """Split a complete body at its blank lines and parse each event's data."""
    count = 0
    for item in b"".join(chunks).split(b"\n\n"):
        start = item.find(b"data: ")
        if start >= 0:
            json.loads(item[start + 6 :])
            count += 1
    return count


def sseclient_py(chunks: Iterable[bytes]) -> int:
    """Likewise."""
    return sum(1 for _ in sseclient.SSEClient(iter(chunks)).events())  # type: ignore[arg-type] # accepts any iterator


WHO: dict[str, Callable[[Iterable[bytes]], int]] = {
    OURS: ours,
    "httpx-sse": httpx_sse,
    "httpx2": httpx2_own,
    "sseclient-py": sseclient_py,
    "split + json.loads": split_and_loads,
}
PARSERS = [name for name in WHO if name != "split + json.loads"]


def cut(stream: bytes, size: int) -> list[bytes]:
    """Return a stream in chunks of `size` bytes."""
    return [stream[at : at + size] for at in range(0, len(stream), size)]


def best(chunks: list[bytes], who: Iterable[str] = WHO, rounds: int = ROUNDS) -> dict[str, float]:
    """Return each decoder's best CPU time in seconds. The decoders take turns."""
    times: dict[str, list[float]] = {name: [] for name in who}
    for _ in range(rounds):
        for name, taken in times.items():
            begin = time.process_time()
            WHO[name](chunks)
            taken.append(time.process_time() - begin)
    return {name: min(taken) for name, taken in times.items()}


def measure() -> Iterable[Row]:
    """Yield the rows."""
    cases = {}
    for name, events in (("ComfyUI", comfyui(EVENTS)), ("Nerfstudio", nerfstudio(EVENTS))):
        cases[f"{name}, an event a chunk"] = events
        cases[f"{name}, 64 KiB chunks"] = cut(b"".join(events), 65_536)
        cases[f"{name}, 16-byte chunks"] = cut(b"".join(events), 16)
    for case, chunks in cases.items():
        times = best(chunks)
        for name, seconds in times.items():
            ratio = times["httpx-sse"] / seconds
            mine = name == OURS
            yield Row(
                "decode",
                case,
                name,
                f"{EVENTS / seconds:,.0f} events/s",
                f"{ratio:.2f} x httpx-sse",
                "2.5 x httpx-sse" if mine else "",
                ratio >= 2.5 if mine else None,
            )
    yield from one_line()


def one_line() -> Iterable[Row]:
    """Yield the time for one line of 5 MB in chunks of 4 KiB, and how it grows with the length."""

    def line(size: int, chunk: int) -> list[bytes]:
        return cut(b"data: " + b"x" * size + b"\n\n", chunk)

    times = best(line(5 * MEGA, 4096), PARSERS, 3)
    for name, seconds in times.items():
        ratio, mine = times["httpx-sse"] / seconds, name == OURS
        yield Row(
            "decode",
            "one 5 MB line, 4 KiB chunks",
            name,
            f"{5 / seconds:,.0f} MB/s",
            f"{ratio:.2f} x httpx-sse",
            "level with httpx-sse" if mine else "",
            ratio >= 1 if mine else None,
        )
    for chunk in (1, 16):
        small, large = (
            best(line(5 * MEGA // 8, chunk), [OURS], 3),
            best(line(5 * MEGA, chunk), [OURS], 3),
        )
        growth = large[OURS] / small[OURS]
        figure = f"{growth:.1f} x the time for 8 x the bytes"
        yield Row("decode", f"one 5 MB line, chunks of {chunk} B", OURS, figure, aim="linear", good=growth < 12)
