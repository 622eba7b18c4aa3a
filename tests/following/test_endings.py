"""Stopping and closing leave nothing behind, and a strange answer doesn't end a watch."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from itertools import pairwise

import pytest

from cyberun_widget import AsyncClient, AuthError, FollowPolicy, TaskCancelled, TaskFailed, TaskWidget
from cyberun_widget.card.publisher import publisher
from cyberun_widget.card.runs import Run
from tests.servers.faulty import (
    KEY,
    OTHER_TASK,
    TASK,
    Answer,
    FaultyServer,
    Pause,
    Script,
    answer,
    finished,
    progress,
    sse,
)
from tests.waiting import until

PATIENT = FollowPolicy(backoff_initial=20.0, backoff_max=30.0)
FAST = FollowPolicy(
    poll_interval=0.05, idle_timeout=0.3, backoff_initial=0.01, backoff_max=0.05, sse_retry_interval=0.15
)


def watch(server: FaultyServer, folder, policy: FollowPolicy = FAST, task_id: str = TASK) -> TaskWidget:
    return TaskWidget(task_id, api_key=KEY, base_url=server.base_url, policy=policy, download_dir=folder)


def test_a_card_closed_at_the_moment_of_a_retry_stops_its_requests(tmp_path):
    with FaultyServer(Script(task=[answer({}, 503)] * 100)) as server:
        other = watch(server, tmp_path, PATIENT, OTHER_TASK)  # keeps the loop running after the card is gone
        card = watch(server, tmp_path, PATIENT)
        watched = card._session.watch
        try:
            until(lambda: card.connection == "reconnecting")
            card.retry()
            card.close()
            until(watched.finished.cancelled, 5)
        finally:
            other.close()


def test_a_closed_card_is_freed_with_everything_it_held(tmp_path):
    with FaultyServer(Script(life=((0.0, "completed"),))) as server:
        card = watch(server, tmp_path)
        card.wait(20)
        card.close()
        gone = weakref.ref(card)
        del card

        def forgotten() -> bool:
            gc.collect()
            return gone() is None

        until(forgotten)


def test_collecting_a_card_while_the_publisher_works_causes_no_deadlock(tmp_path):
    with FaultyServer(Script(life=((0.0, "completed"),))) as server:
        card = watch(server, tmp_path)
        card.wait(20)
        card.close()
        with publisher._lock:
            card.__del__()  # the garbage collector may call it on any line of the publisher
        other = watch(server, tmp_path)
        assert other.wait(20).status == "completed"
        other.close()


def test_the_verdict_arrives_even_if_it_cannot_be_shown(tmp_path, monkeypatch):
    with FaultyServer(Script(events=[sse(progress(0.5), Pause(0.3), *finished())])) as server:
        card = watch(server, tmp_path)

        def gone(_artifacts) -> None:
            raise FileNotFoundError("somebody deleted the picture meanwhile")

        monkeypatch.setattr(card._session.requests, "push", gone)
        assert card.wait(10).status == "completed"
        card.close()


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param(Answer(status=302, headers={"Location": "http://127.0.0.1:99999/"}), id="a port that can't be"),
        pytest.param(answer({}, 503, Date="Mon, 01 Jan 99999999999 00:00:00 GMT"), id="a year that can't be"),
        pytest.param(answer({}, 503, Date="Mon, 01 Jan 2026 00:00:00 +99999999999999"), id="a zone that can't be"),
        pytest.param(answer({}, 429, Retry_After="Mon, 01 Jan 99999999999 00:00:00 GMT"), id="a wait that can't be"),
    ],
)
@pytest.mark.parametrize("endpoint", ["task", "events", "result"])
def test_impossible_headers_do_not_end_the_watch(endpoint, strange, tmp_path):
    script = Script(**{"events": [sse(progress(0.5), *finished())], endpoint: [strange]}, life=((0.0, "running"),))
    with FaultyServer(script) as server:
        if endpoint == "events":
            script.events.append(sse(*finished()))
        card = watch(server, tmp_path)
        assert card.wait(20).status == "completed", card.diagnostics()
        card.close()


def test_a_cancel_request_that_the_service_refuses_is_not_repeated(tmp_path):
    script = Script(cancel=[answer({"message": "not now"}, 422)] * 9, life=((0.0, "running"), (2.5, "completed")))
    with FaultyServer(script) as server:
        card = watch(server, tmp_path)
        card.cancel()
        until(lambda: (card._facts.get("problem") or {}).get("retrying") is False)
        assert "not now" in card._facts["problem"]["text"]
        assert card.wait(20).status == "completed"
        assert server.counters.requests["cancel"] == 1
        card.close()


def test_a_cancel_request_reaches_a_failing_service_with_growing_pauses(tmp_path):
    script = Script(cancel=[answer({}, 503)] * 3)
    with FaultyServer(script) as server:
        card = watch(server, tmp_path, FollowPolicy(backoff_max=30.0))
        card.cancel()
        until(lambda: server.counters.requests["cancel"] == 4)
        first, second, third, fourth = (at for at, name in server.counters.times if name == "cancel")
        assert fourth - third > 1.5 * (second - first)
        server.become("cancelled")
        with pytest.raises(TaskCancelled):
            card.wait(20)
        card.close()


def test_a_double_click_runs_a_failed_task_again_only_once(tmp_path, monkeypatch):
    with FaultyServer(Script(life=((0.0, "failed"),))) as server:
        card = watch(server, tmp_path)
        with pytest.raises(TaskFailed):
            card.wait(20)
        asked: list[str] = []

        class Slow:
            async def submit(self, slug: str, _parameters: object) -> str:
                asked.append(slug)
                await asyncio.sleep(0.2)
                return OTHER_TASK

        card._session.rerun.run = Run(Slow(), "upscale", {})
        card.run_again()
        card.run_again()
        until(lambda: card.task_id == OTHER_TASK)
        assert asked == ["upscale"]
        card.close()


def test_the_events_of_a_card_that_cannot_start_raise_the_reason():
    async def read(card: TaskWidget) -> list[object]:
        return [event async for event in card.events()]

    with pytest.raises(AuthError, match="agent key"):
        asyncio.run(read(TaskWidget(TASK, api_key="ak-0123456789")))


def test_closing_a_client_does_not_interrupt_another_clients_request():
    slow = Answer([Pause(0.6), json.dumps({"id": TASK, "task_status": "running"}).encode()])

    async def main(base_url: str) -> str:
        async with AsyncClient(KEY, base_url=base_url) as first:
            asked = asyncio.ensure_future(first.task(TASK))
            await asyncio.sleep(0.2)
            async with AsyncClient(KEY, base_url=base_url) as second:
                await second.task(TASK)
            return (await asked).status

    with FaultyServer(Script(task=[slow])) as server:
        assert asyncio.run(main(server.base_url)) == "running"
        assert server.quiet()


def test_polling_continues_while_a_silent_stream_is_retried(tmp_path):
    """A proxy that sends only the stream's headers must not stop the card's updates."""
    policy = FollowPolicy(
        poll_interval=0.1, idle_timeout=1.5, sse_retry_interval=0.5, backoff_initial=0.01, backoff_max=0.05
    )
    script = Script(events=[sse(end="hang")] * 50, life=((0.0, "running"), (8.0, "completed")))
    with FaultyServer(script) as server:
        card, seen = watch(server, tmp_path, policy), []
        card.observe(lambda change: seen.append(change["new"]), names="connection")
        assert card.wait(30).status == "completed"
        looks = [moment for moment, what in server.counters.times if what == "task"]
    polling = seen.index("polling")
    assert "live" not in seen[polling:], seen
    # The three silent attempts at the start take a while; after them, the task is polled every tenth of a second.
    gaps = [after - before for before, after in pairwise(looks[5:])]
    assert len(gaps) > 10
    assert max(gaps) < policy.idle_timeout / 2
