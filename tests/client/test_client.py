"""Client, AsyncClient and TaskWidget against the local server, over real HTTP."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

import cyberun_widget
from cyberun_widget import (
    AsyncClient,
    AuthError,
    CyberunError,
    FollowPolicy,
    NetworkError,
    NotFoundError,
    ParameterError,
    TaskCancelled,
    TaskFailed,
    TaskWidget,
    WaitTimeout,
)
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("own_cache")
NOWHERE = "019abc12-0000-7000-8000-000000000009"


def run(client, **parameters) -> TaskWidget:
    return client.run("echo-files", **{"kinds": "png,json", "seconds": 0.1, **parameters})


def test_a_task_goes_from_submission_to_files_on_disk(client, tmp_path):
    card = run(client, kinds="png,csv,json", text="hello")
    result = card.wait(30)
    assert (card.status, card.progress, card.connection, card.error) == ("completed", 1.0, "closed", None)
    assert (result.status, result.error) == ("completed", None)
    assert result.elapsed > 0
    assert {item.kind for item in result.artifacts} == {"image", "table", "json"}
    assert result.artifacts.first("image").image().width > 0
    saved = card.save(tmp_path / "out")
    assert {path.suffix for path in saved} == {".png", ".csv", ".json"}
    assert all(path.stat().st_size for path in saved)


def test_early_and_late_handlers_get_every_event_in_order(client):
    card = run(client, seconds=0.5)
    early, late, progress, done = [], [], [], []
    card.on_event(early.append)
    card.on_progress(progress.append)
    card.on_done(done.append)
    card.wait(30)
    card.on_event(late.append)
    until(lambda: len(late) == len(early) and done)
    assert late == early
    assert early[-1].type == "completed"
    assert {event.type for event in early} >= {"progress", "completed"}
    assert progress == sorted(set(progress))
    assert progress[-1] == 1.0
    assert done[0].status == "completed"

    async def collect():
        return [event async for event in card.events()]

    assert asyncio.run(collect()) == early


def test_observers_never_see_progress_decrease(client):
    card = run(client, seconds=1.0)
    seen = []
    card.observe(lambda change: seen.append(change["new"]), names="progress")
    card.wait(30)
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_an_observer_that_raises_does_not_affect_others(client, caplog):
    card = run(client, seconds=0.5)
    card.observe(lambda _change: 1 / 0, names="progress")
    assert card.wait(30).status == "completed"
    assert card.progress == 1.0
    assert "ZeroDivisionError" in caplog.text


def test_observers_see_a_consistent_state(client):
    card = run(client, seconds=0.5)
    seen = []
    card.observe(lambda _change: seen.append((card.status, card.progress)), names="status")
    card.wait(30)
    assert ("completed", 1.0) in seen


def test_a_user_may_set_traits_while_the_card_is_written(client, caplog):
    card = run(client, seconds=1.0)
    for index in range(3000):
        card.density = ("full", "compact")[index % 2]
        card.layout.width = f"{index}px"
    assert card.wait(30).status == "completed"
    assert "changed size" not in caplog.text


def test_waiting_inside_a_handler_is_refused_instead_of_hanging_every_card(client):
    card, said = run(client, seconds=0.5), []

    def handler(_change):
        try:
            card.wait()
        except CyberunError as exc:
            said.append(str(exc))

    card.observe(handler, names="status")
    card.wait(30)
    assert "on_done" in said[0]


def test_awaiting_gives_the_same_result_as_waiting(client):
    card = run(client)

    async def awaited():
        return await card

    assert asyncio.run(awaited()) == card.wait(1)


def test_cancelling_a_wait_affects_neither_the_task_nor_other_waits(client):
    card = run(client, seconds=1.5)

    async def impatient():
        async def waiting():
            return await card

        await asyncio.wait_for(waiting(), 0.1)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(impatient())
    with pytest.raises(WaitTimeout, match="Call wait"):
        card.wait(0.05)
    assert card.wait(30).status == "completed"


def test_a_task_that_has_ended_is_shown_with_its_files(client):
    task_id = run(client).wait(30).task_id
    again = TaskWidget(task_id, client)
    assert again.wait(10).artifacts.keys() == client.result(task_id).artifacts.keys()
    assert again.status == "completed"


def test_two_cards_of_one_task_share_one_stream(client):
    first = run(client, seconds=1.0)
    second = TaskWidget(first.task_id, client)
    assert first._session.watch is second._session.watch
    assert first.wait(30) == second.wait(30)


def test_a_card_that_stops_leaves_the_task_and_says_so(client):
    card = run(client, seconds=1.0)
    other = TaskWidget(card.task_id, client)
    card.stop()
    with pytest.raises(CyberunError, match="stopped"):
        card.wait(5)
    until(lambda: card.connection == "closed")
    assert other.wait(30).status == "completed"
    card.retry()
    assert card.wait(10).status == "completed"


def test_cancelling_is_idempotent_and_ends_as_cancelled(client):
    card = run(client, seconds=60)
    until(lambda: card.status == "running")
    card.cancel()
    card.cancel()
    with pytest.raises(TaskCancelled) as caught:
        card.wait(20)
    assert caught.value.result.status == card.status == "cancelled"
    assert client.cancel(card.task_id) is True
    assert client.task(card.task_id).status == "cancelled"


def test_a_failure_shows_its_cause_and_can_be_run_again(client):
    card = client.run("tiny-splat", photos=3)
    with pytest.raises(TaskFailed, match="photos") as caught:
        card.wait(60)
    assert card.status == "failed"
    assert "3" in card.error
    assert caught.value.result.error == card.error
    first = card.task_id
    with pytest.raises(CyberunError, match=r"run_again\(\)"):
        card.retry()
    card.run_again()
    until(lambda: card.task_id != first)
    with pytest.raises(TaskFailed):
        card.wait(60)


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        ("", AuthError, "No API key"),
        ("ak-0123456789", AuthError, "agent key"),
        ("eyJhbGciOiJIUzI1NiJ9.e30.c2ln", AuthError, "team"),
        ("sk-not-the-right-one", AuthError, "rejected this API key"),
    ],
)
def test_an_unusable_key_is_shown_on_the_card_and_raised_by_wait(server, monkeypatch, key, error, words):
    monkeypatch.delenv("CYBERUN_API_KEY", raising=False)
    card = TaskWidget(NOWHERE, api_key=key, base_url=server.base_url)
    with pytest.raises(error, match=words):
        card.wait(10)
    assert card.connection == "error"
    assert words in card.error


@pytest.mark.parametrize("task_id", [NOWHERE, "no-such-task", "../workflows", "a b?c=d#e", "x" * 3000])
def test_a_missing_task_is_reported_at_once(client, task_id):
    with pytest.raises(CyberunError):
        TaskWidget(task_id, client).wait(10)


def test_an_unreachable_service_is_tried_as_often_as_the_policy_says():
    policy = FollowPolicy(backoff_initial=0.01, backoff_max=0.02, max_failures=3)
    card = TaskWidget(NOWHERE, api_key="sk-0123456789", base_url="http://127.0.0.1:9", policy=policy)
    with pytest.raises(NetworkError, match="after 3 failed attempts"):
        card.wait(10)
    assert card.connection == "error"
    assert "refused the connection" in card.error


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"colour": "red"}, "no parameter 'colour'"),
        ({"seconds": "soon"}, "seconds must be a number"),
        ({"seconds": -1}, "seconds must be at least 0"),
    ],
)
def test_parameters_are_refused_before_a_task_is_started(client, parameters, words):
    before = len(client.tasks(limit=100))
    with pytest.raises(ParameterError, match=words):
        client.run("echo-files", **parameters)
    assert len(client.tasks(limit=100)) == before


def test_a_missing_workflow_is_reported(client):
    with pytest.raises(NotFoundError):
        client.run("no-such-workflow")


def test_tasks_are_listed_over_pages_and_opened_from_the_list(client):
    made = [client.submit("echo-files", kinds="txt", seconds=0) for _ in range(3)]
    tasks = client.tasks(limit=3)
    assert {task.id for task in tasks} == set(made)
    assert len(client.tasks(limit=2)) == 2
    card = tasks.open(0)
    assert card.task_id == tasks[0].id
    card.wait(30)
    assert all(task.status == "completed" for task in client.tasks("completed", limit=5))


def test_a_file_goes_up_and_comes_back(client, tmp_path):
    given = tmp_path / "grüße.txt"
    given.write_bytes(b"what went up " * 1000)
    result = client.run("echo-files", kinds="txt", file=given, seconds=0).wait(30)
    assert given.read_bytes() in [item.bytes() for item in result.artifacts]


def test_a_missing_file_is_reported(client, tmp_path):
    with pytest.raises(ParameterError, match="can't be read"):
        client.upload(tmp_path / "none.png")


def test_the_asynchronous_client_does_the_same(server):
    async def work():
        async with AsyncClient(server.api_key, base_url=server.base_url) as client:
            workflows = await client.workflows()
            task_id = await client.submit("echo-files", kinds="txt", seconds=0)
            while not (await client.task(task_id)).ended:
                await asyncio.sleep(0.05)
            return workflows, await client.result(task_id)

    workflows, result = asyncio.run(work())
    assert "gray-scott" in [item.slug for item in workflows]
    assert result.artifacts[0].text()


def test_a_result_is_not_given_before_there_is_one(client):
    task_id = client.submit("echo-files", seconds=30)
    with pytest.raises(CyberunError, match="no result yet"):
        client.result(task_id)
    client.cancel(task_id)


def test_the_cache_is_cleared_on_request(client):
    result = run(client).wait(30)
    sizes = {item.path: item.path.stat().st_size for item in result.artifacts}
    assert client.clear_cache() >= sum(sizes.values()) > 0
    assert not any(path.exists() for path in sizes)


def test_closing_a_card_leaves_no_thread_and_no_watch(client):
    cards = [run(client, seconds=30) for _ in range(3)]
    ids = [card.task_id for card in cards]
    for card in cards:
        card.close()
    for task_id in ids:
        client.cancel(task_id)
    del cards
    gc.collect()
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("cyberun")], 10)
    assert not cyberun_widget.following.task_watch._watches


def test_an_unknown_keyword_is_refused_with_its_name():
    with pytest.raises(TypeError, match="no parameter colour"):
        TaskWidget(NOWHERE, api_key="sk-0123456789", colour="red")
