"""The end of a task is news only if the task was seen active; the page is told whether it is."""

from __future__ import annotations

import pytest

from cyberun_widget import TaskWidget
from cyberun_widget.card.messages import PROTOCOL
from tests.waiting import until


@pytest.fixture
def card(client):
    made = client.run("echo-files", kinds="json", seconds=0.2)
    yield made
    made.close()


def test_the_end_of_a_run_started_here_is_news(card):
    card.wait(30)
    assert until(lambda: card.status == "completed")
    assert card._facts["fresh"]


def test_the_end_of_a_task_seen_active_is_news(client):
    task = client.submit("echo-files", kinds="json", seconds=3)
    watched = TaskWidget(task, client)
    watched.wait(30)
    assert watched._facts["fresh"]


def test_an_old_verdict_is_never_news(card, client):
    card.wait(30)
    second = TaskWidget(card.task_id, client, notify=True)
    second.wait(30)
    assert until(lambda: second.status == "completed")
    assert not second._facts["fresh"]
    second.fetch_again()
    second.wait(30)
    assert not second._facts["fresh"]


def test_a_run_that_is_started_again_is_news_again(client):
    card = client.run("echo-files", kinds="nothing-known", seconds=0)
    until(lambda: card.status == "failed" and card._session.outcome.done())
    first = card.task_id
    card.run_again()
    until(lambda: card.task_id != first and card.status == "failed")
    assert card._facts["fresh"]


def test_the_pages_switch_is_the_trait(card):
    for on in (True, False, True):
        message = {"type": "notify", "id": "p-1", "protocol": PROTOCOL, "on": on}
        card._session.requests.take(card, message, [])
        assert card.notify is on
