"""The table of faults: every fault that the ladder must survive, and what the user must see of it.

Each row runs over real HTTP (`test_faults.py`). `status` and `connection`: the card's final values; `raises`: the error
of `wait()`; `says`: text that the card shows at some time (its error, its problem line, its note); `story`: text in
`diagnostics()`; `seen`: connections that it goes through. `most`: the most requests by endpoint, by default `USUAL`.
`count`: the exact number of valid events delivered, if the row determines it; `verdicts`: the most of them that may
report an end.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cyberun_widget import (
    AuthError,
    CyberunError,
    NetworkError,
    NotFoundError,
    TaskCancelled,
    TaskFailed,
)
from tests.servers.faulty import (
    OTHER_TASK,
    PNG,
    TASK,
    Answer,
    Drip,
    FaultyServer,
    Now,
    Pause,
    Script,
    answer,
    event,
    finished,
    page,
    progress,
    sse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

USUAL = {"task": 2, "events": 1, "result": 1, "cancel": 0, "workflow": 1, "store": 1, "other": 0}
# Long enough for the card to show the state before it (it is written every 0.2 s), too short to count as silence.
LEGIBLE = (Pause(0.2), b": ping\n\n", Pause(0.2), b": ping\n\n", Pause(0.1))
BREAK = {"task": 3, "events": 2}  # one break: one more request for the task, one more stream
POLLED = {"task": 30, "events": 8}  # half a second of polling, and some attempts to stream again


@dataclass(frozen=True)
class Fault:
    """One row. `script` builds a new script for each run."""

    name: str
    script: Callable[[], Script]
    status: str = "completed"
    connection: str = "closed"
    raises: type[CyberunError] | None = None
    says: tuple[str, ...] = ()
    story: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    artifacts: int = 1
    most: Mapping[str, int] = field(default_factory=dict)
    count: int | None = None
    verdicts: int = 1
    progress: float | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    base_url: Callable[[FaultyServer], str] = lambda server: server.base_url
    check: Callable[[FaultyServer, Any], object] = lambda _server, _card: None


def streams(*answers: Answer, **more: Any) -> Callable[[], Script]:
    """Return a script of streams."""
    return lambda: Script(events=list(answers), **more)


def calls(endpoint: str, *answers: Answer, **more: Any) -> Callable[[], Script]:
    """Return a script of one endpoint's answers. The task runs and ends independently shortly after."""
    return lambda: Script(**{endpoint: list(answers)}, **{"life": SOON, **more})


def content(*parts: Any) -> Callable[[], Script]:
    """Return a script of one correct stream with these parts, then the end of the task."""
    return lambda: Script(events=[sse(progress(0.25), *parts, *finished())])


SOON = ((0.0, "running"), (0.3, "completed"))
LATER = ((0.0, "running"), (0.6, "completed"))
HUGE = "9" * 400  # an integer too large for a float
HALF = r'"half of a \ud83d"'
ENDED = ((0.0, "completed"),)
DONE = sse(progress(0.75), *finished())


def raw(**data: Any) -> bytes:
    """Return a progress event with fields that are invalid in JSON or the API."""
    fields = json.dumps({"task_id": TASK})[:-1]
    more = "".join(f", {json.dumps(name)}: {value}" for name, value in data.items())
    return f"event: progress\ndata: {fields}{more}}}\n\n".encode()


def result(output: str) -> bytes:
    """Return a result whose output is the given text, valid JSON or not."""
    return f'{{"id": "{TASK}", "task_status": "completed", "task_output": {output}}}'.encode()


def resumed(server: FaultyServer, _card: Any) -> None:
    assert server.counters.last_event_ids == [None, "41"]


def no_long_id(server: FaultyServer, _card: Any) -> None:
    assert all(len(item or "") < 4096 for item in server.counters.last_event_ids)


def waited(seconds: float, endpoint: str) -> Callable[[FaultyServer, Any], None]:
    def check(server: FaultyServer, _card: Any) -> None:
        times = [at for at, name in server.counters.times if name == endpoint]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert max(gaps) >= seconds

    return check


def greeted(_server: FaultyServer, card: Any) -> None:
    assert card.message == "Grüße"


def soon(**more: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(**more), usegmt=True)


FAULTS = [
    # --- the connection breaks ----------------------------------------------------------------------------------------
    Fault(
        "the stream is reset between two events",
        streams(sse(progress(0.5), end="reset"), DONE),
        seen=("live", "reconnecting"),
        most=BREAK,
        says=("was lost",),
        count=3,
    ),
    Fault(
        "the stream is reset in the middle of an event",
        streams(sse(progress(0.5), progress(0.9)[:40], end="reset"), DONE),
        most=BREAK,
        count=3,
    ),
    Fault(
        "the stream ends cleanly without a verdict",
        streams(sse(progress(0.5)), DONE),
        says=("ended early",),
        most=BREAK,
        count=3,
    ),
    Fault(
        "the stream ends cleanly at the moment of the verdict",
        streams(sse(progress(0.5), Now("completed"))),
        count=1,
    ),
    Fault(
        "the stream ends in the middle of the verdict",
        streams(sse(progress(0.5), Now("completed"), event("completed")[:-1])),
        count=1,
    ),
    Fault(
        "five breaks with progress in between",
        streams(*[sse(progress(0.1 * n), end="reset") for n in range(1, 6)], DONE),
        most={"task": 7, "events": 6},
        count=7,
    ),
    Fault(
        "the stream's headers and then nothing",
        streams(sse(end="hang"), sse(end="hang"), sse(end="hang"), life=LATER),
        most={"task": 10, "events": 5},
        story=("silent",),
    ),
    Fault(
        "the stream falls silent while the task continues",
        streams(sse(progress(0.5), Pause(1.5), *finished())),
        story=("silent",),
        most={"task": 4},
        count=2,
    ),
    Fault(
        "the stream falls silent, and the task ends meanwhile",
        streams(sse(progress(0.5), Now("completed"), end="hang")),
        story=("silent",),
        most={"task": 3},
        count=1,
    ),
    Fault(
        "a stream with only heartbeats is live",
        streams(sse(*[part for _ in range(8) for part in (b": ping\n\n", Pause(0.1))], *finished())),
        most={"task": 1},
        count=1,
    ),
    Fault(
        "the stream is repeatedly closed as soon as it is open",
        streams(*[sse() for _ in range(6)], life=SOON),
        most=POLLED,
        seen=("polling",),
    ),
    Fault(
        "no response to the stream",
        streams(*[Answer(headers=None) for _ in range(2)], DONE),
        most={"task": 4, "events": 3},
        says=("was lost",),
    ),
    Fault(
        "a stream that is accepted and never answered",
        streams(*[Answer(headers=None, end="hang") for _ in range(6)], life=LATER),
        policy={"idle_timeout": 0.3},
        most=POLLED,
        says=("never responded",),
    ),
    Fault(
        "something that isn't HTTP",
        streams(Answer([b"SSH-2.0-OpenSSH_9.2\r\n"], headers=None), DONE),
        most=BREAK,
        says=("was lost",),
    ),
    Fault(
        "half a head", streams(Answer([b"HTTP/1.1 200 OK\r\nContent-Ty"], headers=None, end="reset"), DONE), most=BREAK
    ),
    Fault(
        "a chunked body with an invalid size",
        streams(sse(b"zz\r\n" + progress(0.5), Transfer_Encoding="chunked"), DONE),
        most=BREAK,
    ),
    Fault(
        "a body shorter than its length",
        streams(
            Answer(
                [progress(0.5)], headers={"Content-Type": "text/event-stream", "Content-Length": "9999"}, end="reset"
            ),
            DONE,
        ),
        most=BREAK,
        count=3,
    ),
    Fault(
        "the server is down for a moment in the middle",
        streams(sse(progress(0.5), end="vanish"), DONE),
        most={"task": 4, "events": 3},
        says=("refused",),
        count=3,
    ),
    Fault(
        "the server is down at the first request",
        calls("task", Answer(end="vanish", gone=1.2)),
        most={"task": 4},
        says=("was lost", "refused"),
    ),
    Fault(
        "the server is down between the verdict and the result",
        streams(sse(progress(0.5), Now("completed"), event("completed"), end="vanish")),
        most={"task": 2, "result": 2},
        policy={"download_tries": 20},  # the result may still arrive, and then the store is gone
    ),
    Fault(
        "the result breaks off",
        calls("result", answer(b'{"id": "'), Answer(headers=None), life=ENDED),
        most={"events": 0, "result": 3},
    ),
    Fault(
        "a request for the task that is never answered",
        calls("task", Answer(headers=None, end="hang")),
        most={"task": 4},
        says=("stopped responding",),
    ),
    Fault(
        "a result that is never answered",
        calls("result", Answer(headers=None, end="hang"), life=ENDED),
        most={"events": 0, "result": 2},
        says=("stopped responding",),
    ),
    Fault(
        "nobody listens",
        Script,
        status="unknown",
        connection="error",
        raises=NetworkError,
        says=("refused", "3 failed attempts"),
        artifacts=0,
        policy={"max_failures": 3},
        most={"task": 0},
        base_url=lambda _: "http://127.0.0.1:9/api/v1",
    ),
    Fault(
        "a name that doesn't exist",
        Script,
        status="unknown",
        connection="error",
        raises=NetworkError,
        says=("DNS",),
        artifacts=0,
        policy={"max_failures": 2},
        most={"task": 0},
        base_url=lambda _: "https://nobody.invalid/api/v1",
    ),
    Fault(
        "TLS to a server without TLS",
        Script,
        status="unknown",
        connection="error",
        raises=NetworkError,
        says=("TLS",),
        artifacts=0,
        policy={"max_failures": 2},
        most={"task": 2},
        base_url=lambda server: server.base_url.replace("http:", "https:"),
    ),
    # --- HTTP errors --------------------------------------------------------------------------------------------------
    Fault(
        "401: an invalid key",
        calls("task", answer({"detail": "bad token"}, 401)),
        status="unknown",
        connection="error",
        raises=AuthError,
        says=("401", "sk-...", "bad token"),
        artifacts=0,
        most={"task": 1, "events": 0, "result": 0},
    ),
    Fault(
        "403: a key without permission",
        calls("task", answer({"error": {"message": "not your team"}}, 403)),
        status="unknown",
        connection="error",
        raises=AuthError,
        says=("403", "team"),
        artifacts=0,
        most={"task": 1, "events": 0, "result": 0},
    ),
    Fault(
        "404: no such task",
        calls("task", answer({"error": "no task"}, 404)),
        status="unknown",
        connection="error",
        raises=NotFoundError,
        says=("404", "Check the id"),
        artifacts=0,
        most={"task": 1, "events": 0, "result": 0},
    ),
    Fault(
        "the key is revoked while the task runs",
        lambda: Script(task=[None, answer({}, 401)], events=[sse(progress(0.5))]),
        status="running",
        connection="error",
        raises=AuthError,
        says=("401",),
        artifacts=0,
        progress=0.5,
        most={"task": 2, "events": 1, "result": 0},
    ),
    Fault(
        "the key is refused only for the stream",
        streams(*[answer({}, 401)] * 4, life=SOON),
        seen=("polling",),
        most=POLLED,
    ),
    Fault(
        "500 with a web page, three times",
        calls("task", *[page(500, "<h1>Oops</h1>")] * 3),
        most={"task": 6},
        says=("500",),
    ),
    Fault(
        "503 with Retry-After in seconds",
        calls("task", answer({}, 503, Retry_After="1")),
        most={"task": 4},
        says=("503",),
        check=waited(0.95, "task"),
    ),
    Fault(
        "429 with Retry-After as a date",
        lambda: Script(task=[answer({}, 429, Retry_After=soon(seconds=2))], life=SOON),
        most={"task": 4},
        says=("429",),
        check=waited(0.9, "task"),
    ),
    Fault(
        "429 with an invalid Retry-After",
        calls("task", answer({}, 429, Retry_After="soon")),
        most={"task": 4},
        says=("429",),
    ),
    Fault(
        "429 on the stream, with Retry-After",
        streams(answer({}, 429, Retry_After="1"), DONE),
        most=BREAK,
        says=("429",),
        check=waited(0.95, "events"),
    ),
    Fault(
        "502 on the stream, twice",
        streams(page(502), page(502), DONE),
        most={"task": 4, "events": 3},
        says=("502",),
        count=2,
    ),
    Fault(
        "404 on the stream of a task that exists",
        streams(*[answer({}, 404)] * 4, life=SOON),
        seen=("polling",),
        most=POLLED,
    ),
    Fault("405 on the stream", streams(*[answer({}, 405)] * 4, life=SOON), seen=("polling",), most=POLLED),
    Fault("501 on the stream", streams(*[answer({}, 501)] * 4, life=SOON), seen=("polling",), most=POLLED),
    Fault(
        "no stream at first, and then one",
        streams(answer({}, 501), DONE),
        seen=("polling", "live"),
        most={"task": 10, "events": 2},
        count=2,
    ),
    Fault("204 on the stream", streams(*[Answer(status=204)] * 4, life=SOON), most=POLLED),
    Fault(
        "JSON instead of the stream",
        streams(*[answer({"events": []})] * 4, life=SOON),
        seen=("polling",),
        most=POLLED,
        story=("application/json",),
    ),
    Fault(
        "a login page instead of the stream",
        streams(*[page()] * 4, life=SOON),
        seen=("polling",),
        most=POLLED,
        story=("text/html",),
    ),
    Fault(
        "a login page instead of the task",
        calls("task", page(), page()),
        most={"task": 5},
        says=("web page", "base URL"),
    ),
    Fault(
        "a login page forever",
        lambda: Script(task=[page()] * 9),
        status="unknown",
        connection="error",
        raises=NetworkError,
        says=("web page",),
        artifacts=0,
        policy={"max_failures": 4},
        most={"task": 4, "events": 0, "result": 0},
    ),
    Fault(
        "a login page instead of the result",
        calls("result", page(), life=ENDED),
        most={"events": 0, "result": 2},
        says=("web page",),
    ),
    Fault(
        "5xx on the result, three times",
        calls("result", *[page(503)] * 3, life=ENDED),
        most={"events": 0, "result": 4},
        says=("503",),
    ),
    Fault(
        "no result for a task that has ended",
        calls("result", *[answer({}, 404)] * 9, life=ENDED),
        artifacts=0,
        most={"events": 0, "result": 5},
        says=("its result is not available",),
    ),
    Fault(
        "a result that isn't ready yet",
        calls("result", answer({"id": TASK, "task_status": "running"}), life=ENDED),
        most={"events": 0, "result": 2},
    ),
    # --- redirects ----------------------------------------------------------------------------------------------------
    Fault(
        "the task is redirected to another host",
        calls("task", *[Answer(status=302, headers={"Location": "http://localhost:1/x"})] * 2),
        most={"task": 5},
        says=("redirects to http://localhost:1",),
    ),
    Fault(
        "the stream is redirected to another host",
        streams(*[Answer(status=307, headers={"Location": "http://localhost:1/x"})] * 4, life=SOON),
        most=POLLED,
        says=("redirects to",),
    ),
    Fault(
        "the stream is redirected to another scheme",
        streams(*[Answer(status=301, headers={"Location": "https://127.0.0.1/x"})] * 4, life=SOON),
        most=POLLED,
        says=("redirects to",),
    ),
    Fault(
        "a redirect within the API's own origin",
        calls("task", Answer(status=307, headers={"Location": f"/api/v1/r/tasks/{TASK}", "Content-Length": "0"})),
        most={"task": 3},
    ),
    Fault(
        "a redirect loop",
        calls(
            "task", *[Answer(status=302, headers={"Location": f"/api/v1/r/tasks/{TASK}", "Content-Length": "0"})] * 5
        ),
        most={"task": 8},
        says=("in a loop",),
    ),
    # --- invalid answers ----------------------------------------------------------------------------------------------
    Fault("a task without a status", calls("task", answer({"id": TASK})), most={"task": 3}, says=("no task_status",)),
    Fault("a task that is a list", calls("task", answer([1, 2])), most={"task": 3}, says=("is not a JSON object",)),
    Fault("a task that is cut off", calls("task", answer(b'{"id": "0192')), most={"task": 3}, says=("of JSON",)),
    Fault(
        "another task than the requested one",
        calls("task", answer({"id": OTHER_TASK, "task_status": "completed"})),
        most={"task": 3},
        says=("another task",),
    ),
    Fault("a task nested too deep", calls("task", answer(b"[" * 100_000)), most={"task": 3}, says=("of JSON",)),
    Fault(
        "invalid timestamps",
        calls(
            "task",
            answer(
                {
                    "id": TASK,
                    "task_status": "running",
                    "created_at": "yesterday",
                    "started_at": 7,
                    "retry_count": "many",
                    "gpu_type": ["x"],
                    "agent_labels": {"a": 1},
                }
            ),
        ),
        most={"task": 3},
    ),
    Fault(
        "a task from the future",
        calls("task", answer({"id": TASK, "task_status": "running", "created_at": "2999-01-01T00:00:00Z"})),
    ),
    Fault(
        "an answer compressed with gzip",
        calls(
            "task",
            Answer(
                [gzip.compress(json.dumps({"id": TASK, "task_status": "running"}).encode())],
                headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
            ),
        ),
    ),
    Fault(
        "an answer falsely declared as gzip",
        calls("task", answer({"id": TASK}, Content_Encoding="gzip")),
        most={"task": 3},
        says=("decompressed",),
    ),
    Fault(
        "a result of an odd shape",
        calls(
            "result",
            answer(
                {
                    "task_status": "completed",
                    "task_output": [1],
                    "download_urls": "x",
                    "download_url": 5,
                    "expires_at": {},
                }
            ),
            life=ENDED,
        ),
        artifacts=0,
        most={"events": 0},
    ),
    Fault(
        "an output that can't be encoded",
        calls("result", answer(result(f'{{"psnr": NaN, "best": -Infinity, "note": {HALF}, "n": {HUGE}}}'))),
        artifacts=0,
        most={"task": 10},
    ),
    Fault(
        "an output nested too deeply to show",
        calls("result", answer(result('{"a": ' * 700 + "1" + "}" * 700))),
        artifacts=0,
        most={"task": 10},
    ),
    # --- invalid streams ----------------------------------------------------------------------------------------------
    Fault(
        "the stream compressed with gzip",
        streams(sse(Now("completed"), gzip.compress(progress(0.5) + event("completed")), Content_Encoding="gzip")),
        most={"task": 1},
        count=2,
    ),
    Fault("the stream claims to be gzip", streams(sse(progress(0.5), Content_Encoding="gzip"), DONE), most=BREAK),
    Fault(
        "Text/Event-Stream; charset=latin-1",
        streams(
            sse(raw(progress="0.5", message='"Grüße"'), *finished(), Content_Type="Text/Event-Stream;charset=latin-1")
        ),
        most={"task": 1},
        count=2,
        check=greeted,
    ),
    Fault(
        "a byte-order mark and carriage returns",
        streams(sse(Now("completed"), b"\xef\xbb\xbf" + (progress(0.5) + event("completed")).replace(b"\n", b"\r"))),
        most={"task": 1},
        count=2,
    ),
    Fault(
        "one byte at a time",
        streams(sse(Drip(progress(0.5)), Now("completed"), Drip(event("completed")))),
        most={"task": 1},
        count=2,
    ),
    Fault(
        "one byte at a time, slower than the idle timeout",
        streams(
            sse(
                *[part for byte in progress(0.5)[:12] for part in (bytes([byte]), Pause(0.1))],
                progress(0.5)[12:],
                *finished(),
            )
        ),
        most={"task": 1},
        count=2,
    ),
    Fault(
        "10,000 events in a burst",
        content(b"".join(progress(n / 10_000, step_current=n, step_total=10_000) for n in range(10_000))),
        most={"task": 1},
        count=10_002,
    ),
    Fault("megabytes in one event", content(progress(0.5, message="m" * 5_000_000)), most={"task": 1}, count=3),
    Fault(
        "an event that exceeds the size limit",
        content(b"event: progress\ndata: " + b"x" * (33 << 20) + b"\n\n"),
        most={"task": 1},
        count=2,
        story=("oversized 1",),
    ),
    Fault(
        "another task's verdict",
        content(event("failed", task_id=OTHER_TASK, error="not ours")),
        most={"task": 1},
        count=2,
        story=("foreign 1",),
    ),
    Fault(
        "progress that isn't a number in [0, 1]",
        content(
            *[
                raw(progress=value)
                for value in (
                    "NaN",
                    "Infinity",
                    "-Infinity",
                    "1e999",
                    "-0.5",
                    "1.5",
                    "true",
                    "null",
                    '"0.9"',
                    "[]",
                    "{}",
                )
            ]
        ),
        most={"task": 1},
        story=("malformed",),
    ),
    Fault(
        "numbers too large for a float, and unpaired surrogates",
        content(raw(progress=HUGE), raw(progress="0.5", step_current=HUGE), raw(progress="0.5", message=HALF)),
        most={"task": 1},
        count=3,
        story=("malformed 2",),
    ),
    Fault(
        "steps that make no sense",
        content(
            *[
                raw(progress="0.3", step_current=value, step_total=total)
                for value, total in (
                    ("30", "20"),
                    ("-1", "5"),
                    ("NaN", "9"),
                    ("1", "0"),
                    ('"7"', "9"),
                    ("1e400", "1e400"),
                )
            ]
        ),
        most={"task": 1},
    ),
    Fault(
        "progress running backwards", content(progress(0.9), progress(0.1), progress(0.5)), most={"task": 1}, count=5
    ),
    Fault(
        "an unknown event",
        content(b"event: telemetry\ndata: {}\n\n", b"data: {}\n\n"),
        most={"task": 1},
        count=2,
        story=("unknown 2",),
    ),
    Fault("a status nobody knows", content(event("status", status="hibernating"), *LEGIBLE), most={"task": 1}, count=3),
    Fault(
        "data that isn't a JSON object",
        content(
            *[
                b"event: progress\ndata: %s\n\n" % data
                for data in (b"hello", b"", b"[1]", b"7", b'{"progress": 0.5', b"[" * 100_000, b'"x"', b"null")
            ]
        ),
        most={"task": 1},
        count=2,
        story=("malformed",),
    ),
    Fault(
        "fields of the wrong type",
        content(
            event("status", status=5),
            event("status"),
            event("progress", progress=0.5, stage=7, message=[1], current_node={"a": 1}, timestamp="never"),
            event("error", message=3),
        ),
        most={"task": 1},
    ),
    Fault(
        "bytes that aren't UTF-8",
        content(progress(0.5, message="@").replace(b"@", b"\xff\xfe\xed\xa0\x80")),
        most={"task": 1},
        count=3,
    ),
    Fault(
        "a verdict smuggled in after a line separator",
        content(
            raw(progress="0.5", message='"a\u2028event: failed\u2028data: {}\u2028\u2028"'),
            *LEGIBLE,
        ),
        most={"task": 1},
        count=3,
    ),
    Fault(
        "markup and terminal codes in the texts",
        content(progress(0.5, message="<script>alert(1)</script>\x1b[31m\0\u202e"), *LEGIBLE),
        most={"task": 1},
        count=3,
    ),
    Fault(
        "error events while the task continues",
        content(event("error", message="agent unreachable"), *LEGIBLE, progress(0.5)),
        most={"task": 1},
        says=("agent unreachable",),
        count=4,
    ),
    Fault(
        "an error event, then the stream closes",
        streams(sse(progress(0.5), event("error", message="no state")), DONE),
        most=BREAK,
        count=4,
    ),
    Fault(
        "many error events",
        content(*[event("error", message=f"try {n}") for n in range(200)]),
        most={"task": 1},
        count=202,
    ),
    # --- ids, retry, attempts -----------------------------------------------------------------------------------------
    Fault(
        "a stream with ids is resumed",
        streams(sse(progress(0.5, last_id="41"), b"id: 42\n", end="reset"), DONE),
        most=BREAK,
        check=resumed,
    ),
    Fault(
        "an id too long for a header",
        streams(sse(b"id: " + b"7" * 100_000 + b"\n\n", progress(0.5), end="reset"), DONE),
        most=BREAK,
        check=no_long_id,
    ),
    Fault(
        "an id with characters that headers can't contain",
        streams(sse("id: \u00fc\u4e2d\x01\n\n".encode(), progress(0.5), end="reset"), DONE),
        most=BREAK,
    ),
    Fault(
        "the stream requests a pause with retry",
        streams(sse(b"retry: 400\n\n", progress(0.5)), DONE),
        most=BREAK,
        check=waited(0.39, "events"),
    ),
    Fault(
        "the stream requests a pause that isn't a number",
        streams(sse(b"retry: +9000\nretry: 9_000\nretry: 9e3\n\n", progress(0.5)), DONE),
        most=BREAK,
    ),
    Fault(
        "the task starts over",
        content(
            event("status", status="running"),
            progress(0.8),
            *LEGIBLE,
            event("status", status="queued"),
            event("status", status="running"),
            progress(0.1),
            *LEGIBLE,
        ),
        most={"task": 1},
    ),
    Fault(
        "the task started over while disconnected",
        streams(
            sse(progress(0.8), *LEGIBLE, Now("running", retry_count=1), end="reset"),
            sse(progress(0.1), *LEGIBLE, *finished()),
        ),
        most=BREAK,
    ),
    # --- the end ------------------------------------------------------------------------------------------------------
    Fault("ended before anybody watched", calls("task", life=ENDED), most={"task": 1, "events": 0}, count=0),
    Fault(
        "failed before it was watched",
        calls("task", life=((0.0, "failed"),), error="CUDA out of memory"),
        status="failed",
        raises=TaskFailed,
        says=("CUDA out of memory",),
        artifacts=0,
        most={"task": 1, "events": 0},
    ),
    Fault(
        "cancelled before it was watched",
        calls("task", life=((0.0, "cancelled"),)),
        status="cancelled",
        raises=TaskCancelled,
        artifacts=0,
        most={"task": 1, "events": 0},
    ),
    Fault(
        "the task fails",
        streams(sse(progress(0.5), *finished("failed", error="node 9: no such model"))),
        status="failed",
        raises=TaskFailed,
        says=("no such model",),
        artifacts=0,
        most={"task": 1},
        progress=0.5,
        count=2,
    ),
    Fault(
        "the task fails without a reason",
        streams(sse(progress(0.5), *finished("failed"))),
        status="failed",
        raises=TaskFailed,
        says=("No error message",),
        artifacts=0,
        most={"task": 1},
    ),
    Fault(
        "the task is cancelled by another user",
        streams(sse(progress(0.5), *finished("cancelled"))),
        status="cancelled",
        raises=TaskCancelled,
        artifacts=0,
        most={"task": 1},
        progress=0.5,
    ),
    Fault(
        "events after the end",
        streams(
            sse(
                progress(0.5),
                *finished(),
                progress(0.1),
                event("failed", error="late"),
                event("status", status="running"),
            )
        ),
        most={"task": 1},
        count=2,
    ),
    Fault(
        "two verdicts in one packet",
        streams(sse(Now("completed"), event("completed") + event("failed", error="no"))),
        most={"task": 1},
        count=1,
    ),
    Fault(
        "a verdict that can't be read",
        streams(sse(progress(0.5), Now("completed"), b"event: completed\ndata: {oops\n\n")),
        most={"task": 1},
    ),
    Fault(
        "a verdict without a task id",
        streams(sse(progress(0.5), Now("completed"), b"event: completed\ndata: {}\n\n")),
        most={"task": 1},
        count=2,
    ),
    Fault(
        "a verdict that the service denies",
        streams(sse(progress(0.5), event("completed")), DONE),
        most={"task": 4, "events": 2, "result": 2},
        story=("does not confirm",),
        verdicts=2,
    ),
    Fault(
        "the stream and the result disagree",
        streams(sse(Now("failed", "out of disk"), event("completed"))),
        status="failed",
        raises=TaskFailed,
        says=("out of disk",),
        artifacts=0,
        most={"task": 1},
    ),
    Fault(
        "the end only as a status, then silence",
        streams(sse(Now("completed"), event("status", status="completed"), end="hang")),
        most={"task": 2},
    ),
    Fault(
        "the end only as a status, then the stream closes",
        streams(sse(Now("completed"), event("status", status="completed"))),
    ),
    # --- the files ----------------------------------------------------------------------------------------------------
    Fault(
        "a link that has expired",
        calls("store", answer({}, 403), life=ENDED),
        most={"events": 0, "result": 2, "store": 2},
    ),
    Fault(
        "a download that breaks off",
        calls(
            "store",
            Answer([PNG[:40]], headers={"Content-Length": str(len(PNG)), "Content-Type": "image/png"}, end="reset"),
            life=ENDED,
        ),
        most={"events": 0, "store": 3},
    ),
    Fault(
        "a store that fails at first",
        calls("store", page(503), page(500), life=ENDED),
        most={"events": 0, "result": 3, "store": 4},
    ),
]
