"""The verdict is shown at once, the result follows; a late answer doesn't revert the state. Over real HTTP."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from cyberun_widget import FollowPolicy, TaskFailed, TaskWidget
from tests.servers.faulty import (
    KEY,
    TASK,
    Answer,
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
from tests.waiting import until

FAST = FollowPolicy(poll_interval=0.05, idle_timeout=5, backoff_initial=0.05, backoff_max=0.2, sse_retry_interval=0.15)
ENDED = (progress(0.5), Now("completed"), event("completed", output={"psnr": 31.4}))


def watch(server: FaultyServer, folder, policy: FollowPolicy = FAST) -> TaskWidget:
    return TaskWidget(TASK, api_key=KEY, base_url=server.base_url, policy=policy, download_dir=folder)


def problem(card: TaskWidget) -> str:
    return (card._facts.get("problem") or {}).get("text", "")


def test_the_verdict_is_shown_while_the_result_fails_and_the_result_follows(tmp_path):
    with FaultyServer(Script(events=[sse(*ENDED)], result=[page(500)] * 12)) as server:
        card = watch(server, tmp_path)
        until(lambda: card.status == "completed" and "result is not available yet" in problem(card))
        assert (card.progress, card.output) == (1.0, {"psnr": 31.4})
        assert "500" in problem(card)
        result = card.wait(20)
        assert (result.status, len(result.artifacts), problem(card)) == ("completed", 1, "")
        card.close()


def test_the_verdict_is_shown_while_the_result_is_never_answered(tmp_path):
    script = Script(events=[sse(*ENDED)], result=[Answer(headers=None, end="hang")])
    with FaultyServer(script) as server:
        card, begin = watch(server, tmp_path), time.monotonic()
        until(lambda: card.status == "completed")
        assert time.monotonic() - begin < 3
        assert card.output == {"psnr": 31.4}
        card.close()


@pytest.mark.parametrize("life", [((0.0, "running"),), ((0.0, "completed"),)], ids=["told live", "found ended"])
def test_an_unavailable_result_is_reported_as_such(life, tmp_path):
    policy = FollowPolicy(backoff_initial=0.01, backoff_max=0.05, max_failures=3)
    with FaultyServer(Script(events=[sse(*ENDED)], result=[page(500)] * 50, life=life)) as server:
        card = watch(server, tmp_path, policy)
        result = card.wait(20)
        assert (result.status, len(result.artifacts)) == ("completed", 0)
        assert (card.status, card.connection) == ("completed", "closed")
        assert "its result is not available" in problem(card)
        assert "500" in problem(card)
        assert "may still be" not in card.diagnostics()
        assert server.counters.requests["result"] == 3
        card.close()


def test_a_failure_shows_its_cause_before_the_result_arrives(tmp_path):
    script = Script(events=[sse(progress(0.5), *finished("failed", error="no such model"))], result=[page(503)] * 5)
    with FaultyServer(script) as server:
        card = watch(server, tmp_path)
        until(lambda: card.status == "failed" and "result is not available yet" in problem(card))
        assert card.error == "no such model"
        with pytest.raises(TaskFailed, match="no such model"):
            card.wait(20)
        card.close()


def test_a_verdict_that_the_service_denies_is_withdrawn_with_a_message(tmp_path):
    script = Script(
        events=[sse(progress(0.5), event("completed")), sse(progress(0.75), Pause(0.5), *finished())],
        result=[page(500)],
    )
    with FaultyServer(script) as server:
        card = watch(server, tmp_path, FollowPolicy(backoff_initial=0.8, backoff_max=0.8))
        until(lambda: card.status == "completed")
        until(lambda: card.status == "running" and card.progress == 0.75)
        assert "does not confirm" in card.diagnostics()
        assert card.wait(20).status == "completed"
        card.close()


def test_the_duration_of_a_task_is_right_long_after_its_end(tmp_path):
    with FaultyServer(Script(life=((0.0, "completed"),))) as server:
        server.truth.created_at -= timedelta(days=30)
        server.become("completed")
        until(lambda: server.truth.completed_at is not None)
        server.truth.completed_at = server.truth.created_at + timedelta(seconds=21)
        card = watch(server, tmp_path)
        assert card.wait(20).elapsed == pytest.approx(21, abs=0.01)
        assert card.elapsed == pytest.approx(21, abs=0.01)
        assert card._facts["waited"] == pytest.approx(1)
        assert card._session.watch.state.ran_at(time.monotonic()) == pytest.approx(20)
        card.close()


def test_an_answer_that_lags_behind_the_stream_does_not_restart_the_task(tmp_path):
    """When the task starts running, its machine is requested, and that answer may be older than the last event."""
    running = {"id": TASK, "task_status": "running"}
    script = Script(
        task=[answer({**running, "task_status": "queued"}), answer({**running, "task_status": "queued"})],
        events=[sse(event("status", status="running"), progress(0.5), Pause(1.0), *finished())],
    )
    with FaultyServer(script) as server:
        card = watch(server, tmp_path)
        seen: list[tuple[str, float, int]] = []
        card.observe(lambda _: seen.append((card.status, card.progress, card._facts["attempt"])), "_facts")
        until(lambda: server.counters.requests["task"] >= 2)
        card.wait(20)
        assert all(attempt == 1 for _status, _progress, attempt in seen)
        after = [item for item in seen if item[1] >= 0.5]
        assert {status for status, _progress, _attempt in after} == {"running", "completed"}
        assert [value for _status, value, _attempt in seen] == sorted(value for _status, value, _attempt in seen)
        card.close()
