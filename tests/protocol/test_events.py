"""Messages to events: the API page's table, and anything else that a server may send."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberun_widget.protocol.events import (
    CancelledEvent,
    CompletedEvent,
    ErrorEvent,
    EventError,
    FailedEvent,
    ProgressEvent,
    StatusEvent,
    parse,
)
from cyberun_widget.protocol.sse import SSEMessage

TASK = "0192f3c1-7c1e-7b5a-9d0e-3f2a1b4c5d6e"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def read(event: str, data: object):
    text = data if isinstance(data, str) else json.dumps(data)
    return parse(SSEMessage(event, text, ""), TASK)


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        (
            "status",
            {"task_id": TASK, "status": "queued", "timestamp": "2026-11-23T12:00:00Z"},
            StatusEvent(TASK, "queued", NOON),
        ),
        ("status", {"task_id": TASK, "status": "hibernating"}, StatusEvent(TASK, "hibernating")),
        (
            "progress",
            {"task_id": TASK, "progress": 0.5, "current_node": "9", "step_current": 10, "step_total": 20},
            ProgressEvent(TASK, 0.5, "9", 10, 20),
        ),
        (
            "progress",
            {"task_id": TASK, "progress": 1, "stage": "train", "message": "step 7", "current_node": None},
            ProgressEvent(TASK, 1.0, stage="train", message="step 7"),
        ),
        ("progress", {"progress": 0.5, "current_node": 9}, ProgressEvent(TASK, 0.5, "9")),
        ("progress", {"progress": 0.5, "step_current": 7.0, "step_total": 9.0}, ProgressEvent(TASK, 0.5, "", 7, 9)),
        (
            "completed",
            {"task_id": TASK, "status": "completed", "completed_at": "2026-11-23T12:00:00Z", "output": {"a": 1}},
            CompletedEvent(TASK, {"a": 1}, NOON),
        ),
        ("completed", {}, CompletedEvent(TASK)),
        ("failed", {"task_id": TASK, "status": "failed", "error": "no memory"}, FailedEvent(TASK, "no memory")),
        ("failed", {"task_id": TASK, "error": {"message": "no memory"}}, FailedEvent(TASK, "no memory")),
        ("cancelled", {"task_id": TASK, "status": "cancelled"}, CancelledEvent(TASK)),
        ("error", {"message": "try later"}, ErrorEvent(TASK, "try later")),
        ("cancelled", {"task_id": TASK.upper()}, CancelledEvent(TASK)),
    ],
)
def test_an_event_is_what_the_api_page_says(event, data, expected):
    assert read(event, data) == expected


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00.000Z",
        "2026-11-23T12:00:00.000000000Z",
        "2026-11-23T13:00:00+01:00",
        "2026-11-23T12:00:00",
    ],
)
def test_a_timestamp_is_in_utc_however_it_is_written(stamp):
    assert read("status", {"status": "running", "timestamp": stamp}).timestamp == NOON


@pytest.mark.parametrize(
    "stamp", ["never", "", 7, None, [], "2026-13-45T99:00:00Z", "9" * 1000, "0001-01-01T00:00:00+23:59"]
)
def test_an_unreadable_timestamp_does_not_invalidate_an_event(stamp):
    assert read("status", {"status": "running", "timestamp": stamp}) == StatusEvent(TASK, "running")


@pytest.mark.parametrize(
    ("event", "data", "kind"),
    [
        ("telemetry", {}, "unknown"),
        ("message", {"status": "running"}, "unknown"),
        ("Completed", {}, "unknown"),
        ("failed", {"task_id": "another"}, "foreign"),
        ("progress", {"task_id": 7, "progress": 0.5}, "malformed"),
        ("status", {}, "malformed"),
        ("status", {"status": ""}, "malformed"),
        ("status", {"status": ["running"]}, "malformed"),
        ("status", "", "malformed"),
        ("status", "[]", "malformed"),
        ("status", "null", "malformed"),
        ("status", "{", "malformed"),
        ("status", "[" * 100_000, "malformed"),
        ("progress", {}, "malformed"),
        ("progress", {"progress": -0.01}, "malformed"),
        ("progress", {"progress": 1.01}, "malformed"),
        ("progress", {"progress": "0.5"}, "malformed"),
        ("progress", {"progress": True}, "malformed"),
        ("progress", {"progress": 10**400}, "malformed"),
        ("progress", '{"progress": NaN}', "malformed"),
        ("progress", '{"progress": Infinity}', "malformed"),
        ("progress", '{"progress": 1e999}', "malformed"),
        ("progress", '{"progress": %s}' % ("9" * 5000), "malformed"),
        ("progress", {"progress": 0.5, "step_current": 1.5}, "malformed"),
        ("progress", {"progress": 0.5, "step_current": 10**400}, "malformed"),
    ],
)
def test_an_invalid_event_is_refused_by_kind(event, data, kind):
    with pytest.raises(EventError) as caught:
        read(event, data)
    assert caught.value.kind == kind


def test_a_refusal_never_quotes_the_value():
    with pytest.raises(EventError) as caught:
        read("progress", {"progress": "sk-0123456789abcdef"})
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize(("current", "total"), [(30, 20), (1, 0), (0, 0)])
def test_steps_that_contradict_each_other_are_left_out(current, total):
    event = read("progress", {"progress": 0.5, "step_current": current, "step_total": total})
    assert (event.step_current, event.step_total) == (None, None)


def test_texts_are_cleaned():
    words = "a\0b\x1b[31mc\ud800d\nä\u2028"
    event = read("progress", {"progress": 0.5, "message": words})
    event.message.encode()
    assert event.message == "abcd\nä\n"


def test_texts_are_truncated():
    event = read("progress", {"progress": 0.5, "message": "m" * 5_000_000, "stage": "s" * 5000})
    assert len(event.message) <= 4000
    assert len(event.stage) <= 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["task_id", "status", "progress", "current_node", "step_current", "step_total", "timestamp", "stage", "message",
     "output", "error", "completed_at"]
)  # fmt: skip


@given(
    st.sampled_from(["status", "progress", "completed", "failed", "cancelled", "error", "message", ""]),
    st.dictionaries(FIELDS, JSON, max_size=6).map(json.dumps) | st.text(max_size=20),
)
@settings(max_examples=400, deadline=None)
def test_any_message_is_a_valid_event_or_is_refused(event, data):
    try:
        found = parse(SSEMessage(event, data, ""), TASK)
    except EventError:
        return
    assert found.type == event
    assert found.task_id == TASK
    if isinstance(found, ProgressEvent):
        assert 0.0 <= found.progress <= 1.0
        assert found.step_total is None or found.step_current is None or 0 <= found.step_current <= found.step_total
        f"{found.message}{found.stage}{found.current_node}".encode()
