"""Whether a run was started is known for certain, or reported as unknown. A run is never sent twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cyberun_widget import (
    AuthError,
    Client,
    CyberunError,
    NetworkError,
    ParameterError,
    ProtocolError,
    RateLimitError,
    ServerError,
    SubmissionUnknownError,
)
from cyberun_widget.api import transport
from tests.servers.faulty import KEY, Answer, FaultyServer, Pause, Script, answer, page

ACCEPTED = answer({"task_id": "019abc12-0000-7000-8000-000000000001"}, 202)


def submit(*answers: Answer) -> tuple[str | CyberunError, int]:
    """Submit a run to a server with this answer. Return the outcome, and how often the run was requested."""
    with FaultyServer(Script(other=list(answers))) as server:
        try:
            outcome = Client(KEY, base_url=server.base_url).submit("faulty")
        except CyberunError as exc:
            outcome = exc
        return outcome, server.counters.requests["other"]


@pytest.mark.parametrize(
    "reply",
    [
        answer({"error": "x"}, 500),
        page(502),
        page(503),
        page(504),
        answer({}, 408),
        Answer(headers=None),
        Answer(headers=None, end="reset"),
        Answer([b'{"task'], 202, {"Content-Type": "application/json", "Content-Length": "60"}, end="reset"),
        answer({"ok": True}, 202),
        answer({"task_id": None}, 202),
        page(200),
        Answer([], 202, {"Content-Encoding": "gzip, gzip", "Content-Length": "0"}),
    ],
    ids=lambda reply: f"{reply.status} {reply.end} {list(reply.headers or {})[-1:]} {len(reply.parts)}",
)
def test_an_inconclusive_answer_is_reported_and_nothing_is_resent(reply):
    outcome, asked = submit(reply, ACCEPTED)
    assert isinstance(outcome, SubmissionUnknownError)
    assert "client.tasks()" in str(outcome)
    assert outcome.slug == "faulty"
    assert timedelta(0) <= datetime.now(UTC) - outcome.at < timedelta(seconds=30)
    assert asked == 1


def test_a_timeout_is_inconclusive(monkeypatch):
    monkeypatch.setattr(transport, "_READ_TIMEOUT", 0.3)
    outcome, asked = submit(Answer([Pause(3)], headers=None))
    assert isinstance(outcome, SubmissionUnknownError)
    assert asked == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer({"error": "x"}, 400), ParameterError),
        (answer({"error": "x"}, 401), AuthError),
        (answer({"error": "x"}, 429, Retry_After="3"), RateLimitError),
        (answer({"error": "x"}, 501), ServerError),
        (page(503, Retry_After="7"), ServerError),
        (Answer([], 302, {"Location": "https://login.example/", "Content-Length": "0"}), ProtocolError),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
def test_a_refusal_is_reported_as_a_refusal(reply, error):
    outcome, asked = submit(reply, ACCEPTED)
    assert type(outcome) is error
    assert asked == 1


def test_a_request_that_was_never_sent_started_nothing():
    client = Client(KEY, base_url="http://127.0.0.1:9/api/v1")
    with pytest.raises(NetworkError) as caught:
        client.submit("faulty")
    assert not caught.value.sent


@pytest.mark.parametrize(
    "value", [10**6000, "\ud800", float("nan"), {1, 2}, {"a": object()}], ids=["int", "str", "nan", "set", "object"]
)
def test_a_value_that_json_cannot_represent_is_a_parameter_error_and_nothing_is_sent(value):
    """A parameter of an unknown type passes validation unchanged."""
    definition = {"id": "1", "workflow_slug": "faulty", "parameters": [{"key": "n", "type": "of next year"}]}

    class Server(FaultyServer):
        def _honest(self, endpoint: str) -> Answer:
            return answer(definition) if endpoint == "workflow" else super()._honest(endpoint)

    with Server() as server:
        with pytest.raises(ParameterError, match="can't be sent as JSON"):
            Client(KEY, base_url=server.base_url).submit("faulty", n=value)
        assert server.counters.requests["other"] == 0


@pytest.mark.parametrize("status", ["\ud800", "a&b=c"])
def test_an_odd_status_filter_causes_no_raw_error(status):
    with FaultyServer() as server, pytest.raises(CyberunError):
        Client(KEY, base_url=server.base_url).tasks(status)
