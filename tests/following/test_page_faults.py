"""Tasks that are followed only through pages of the list, with every fault of the list: each ends correctly.

Over real HTTP.
"""

from __future__ import annotations

import gzip
import json

import pytest
from test_many_tasks import Recorder, connections, follow, leave

from cyberun_widget.following.polling import AT_ONCE
from cyberun_widget.following.stream_budget import StreamBudget
from tests.servers.many_tasks import ManyTasks, ids
from tests.waiting import until

COUNT = AT_ONCE + 12
TIMES = 3  # requests for the list that fail before one succeeds


def reply(body: object, status: str = "200 OK", kind: str = "application/json", *more: str) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(content)}",
        "Connection: close",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def rows(status: object) -> list[dict[str, object]]:
    return [{"id": task_id, "task_status": status} for task_id in ids(COUNT)]


META = {"current_page": 1, "per_page": 100, "total_count": COUNT}
SPOILT = {
    "the list is refused (403)": reply({"error": "no"}, "403 Forbidden"),
    "the list is refused (401)": reply({"error": "no"}, "401 Unauthorized"),
    "there is no list (404)": reply({"error": "no"}, "404 Not Found"),
    "the list fails (500)": reply({"error": "oops"}, "500 Oops"),
    "too many requests (429)": reply({"error": "slow"}, "429 Slow", "application/json", "Retry-After: 1"),
    "a page of a login": reply(b"<!doctype html><title>Sign in</title>", kind="text/html"),
    "no JSON": reply(b"{"),
    "another shape": reply([1, 2]),
    "no rows": reply({"page_meta": META}),
    "rows that are null": reply({"task_list": None, "page_meta": META}),
    "rows of nonsense": reply({"task_list": [1, None, "x", {}, {"id": 5}, {"id": None}, []], "page_meta": META}),
    "rows without a status": reply({"task_list": rows(None), "page_meta": META}),
    "rows with a status of another type": reply({"task_list": rows({"a": 1}), "page_meta": META}),
    "rows with a status that is new": reply({"task_list": rows("hibernating"), "page_meta": META}),
    "an empty list": reply({"task_list": [], "page_meta": META}),
    "half of a page": reply({"task_list": rows("running"), "page_meta": META})[:-200],
    "nothing at all": b"",
    "no HTTP": b"hello\r\n\r\n",
    "a page that claims to be gzip": reply(b"{}", "200 OK", "application/json", "Content-Encoding: gzip"),
    "half of a page in gzip": reply(gzip.compress(b"{}" * 1000)[:-9], "200 OK", "text/x", "Content-Encoding: gzip"),
}


@pytest.mark.parametrize("fault", SPOILT)
def test_every_verdict_arrives_whatever_the_list_returns(fault, tmp_path, monkeypatch):
    monkeypatch.setattr(StreamBudget, "take", lambda _budget, _candidate: False)
    task_ids = ids(COUNT)
    with ManyTasks(task_ids) as server:
        server.spoilt = [SPOILT[fault]] * TIMES
        recorders = follow(server, tmp_path, task_ids)
        try:
            until(lambda: connections(recorders, "polling") == COUNT and len(server.spoilt) < TIMES)
            assert_nobody_ended(recorders)
            for number, task_id in enumerate(task_ids):
                server.end(task_id, ("failed", "cancelled", "completed")[number % 3])
            until(lambda: all(recorder.watch.finished.done() for recorder in recorders), 60)
            assert [recorder.watch.state.status for recorder in recorders] == list(server.status.values())
            assert all(recorder.watch.fatal is None for recorder in recorders)
            assert server.requests["events"] == 0
        finally:
            leave(recorders)


def assert_nobody_ended(recorders: list[Recorder]) -> None:
    """Assert that no task has ended or been given up, whatever the list says."""
    assert not any(recorder.watch.state.ended or recorder.watch.finished.done() for recorder in recorders)
