"""Running a task again costs money: at most one run per click, and none for a closed card."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from ipywidgets.widgets import widget

from cyberun_widget import CyberunError, TaskCancelled, TaskWidget
from cyberun_widget.card.messages import PROTOCOL
from tests.waiting import until


class Gate:
    """Delays a submission, before or after the service has accepted it."""

    def __init__(self, card: TaskWidget) -> None:
        run = card._session.rerun.run
        self._calls, self.open, self.submitted = run.calls, threading.Event(), []
        card._session.rerun.run = replace(run, calls=self)

    async def submit(self, slug, parameters):
        task_id = await self._calls.submit(slug, parameters)
        self.submitted.append(task_id)
        await asyncio.to_thread(self.open.wait, 10)
        return task_id


@pytest.fixture
def card(client):
    made = client.run("echo-files", kinds="json", seconds=60)
    made.cancel()
    with pytest.raises(TaskCancelled):
        made.wait(20)
    yield made
    for status in ("pending", "waiting", "queued", "running"):
        for task in client.tasks(status=status):
            client.cancel(task.id)
    made.close()


def click(card: TaskWidget, kind: str, task_id: str | None = None) -> None:
    """Send what a button of the page sends."""
    message = {"type": kind, "id": "p-1", "protocol": PROTOCOL, "task_id": task_id or card.task_id}
    card._session.requests.take(card, message, [])


def test_the_card_shows_the_new_run_and_keeps_the_old_ones_id(card):
    first = card.task_id
    card.run_again()
    until(lambda: card.task_id != first and card.status not in ("unknown", "cancelled"))
    assert card.previous_task_ids == (first,)
    assert card._facts["previous"] == [first]


def test_a_cancel_request_ends_with_its_run(card):
    first = card.task_id
    click(card, "run_again")
    until(lambda: card.task_id != first and card.status == "running")
    assert card._facts["cancel"] == ""
    assert card._facts["actions"] == ["cancel"]


def test_a_second_click_on_the_ended_run_starts_no_run_however_late_it_arrives(card, client):
    before, first = len(client.tasks(limit=100)), card.task_id
    click(card, "run_again")
    click(card, "run_again")
    until(lambda: card.task_id != first)
    card.cancel()
    until(lambda: card.status == "cancelled")
    click(card, "run_again", first)
    until(lambda: card._facts["actions"] == ["run_again"])
    assert len(client.tasks(limit=100)) == before + 1


def test_a_card_closed_while_its_run_is_submitted_is_not_revived(card, caplog):
    gate = Gate(card)
    card.run_again()
    until(lambda: gate.submitted)
    session, old = card._session, card._session.watch
    card.close()
    gate.open.set()
    until(lambda: not session.rerun.submitting)
    assert until(lambda: gate.submitted[0] in caplog.text), "its id is told, so that it isn't lost"
    assert session.watch is old


def test_requests_during_a_submission_apply_to_the_new_run(card, client):
    gate = Gate(card)
    card.run_again()
    card.cancel()
    gate.open.set()
    until(lambda: [card.task_id] == gate.submitted)
    with pytest.raises(TaskCancelled):
        card.wait(20)
    assert client.task(gate.submitted[0]).status == "cancelled"


def test_stopping_while_the_run_is_submitted_leaves_it_alone_and_resumable(card):
    gate = Gate(card)
    card.run_again()
    card.stop()
    gate.open.set()
    until(lambda: card._facts["actions"] == ["resume"] and [card.task_id] == gate.submitted)
    card.resume()
    until(lambda: card.status == "running")


def test_an_active_run_or_one_not_started_here_is_never_run_again(client):
    card = client.run("echo-files", kinds="json", seconds=60)
    with pytest.raises(CyberunError, match="still running"):
        card.run_again()
    other = TaskWidget(card.task_id, client)
    card.cancel()
    with pytest.raises(TaskCancelled):
        other.wait(20)
    with pytest.raises(CyberunError, match="was not started here"):
        other.run_again()
    assert "run_again" not in other._facts["actions"]
    card.close()
    other.close()


def test_a_finished_card_opens_one_form_with_its_values_at_no_cost(card, client):
    before = len(client.tasks(limit=100))
    click(card, "edit")
    until(lambda: card._facts["form"])
    form = widget._instances[card._facts["form"]]
    assert (form.values["kinds"], form.values["seconds"]) == ("json", 60)
    first = card._facts["form"]
    click(card, "edit")
    click(card, "edit")
    until(lambda: card._facts["form"] == first)
    assert len(client.tasks(limit=100)) == before
    form.values = {**form.values, "seconds": 0}
    form.run().wait(30)
    assert len(client.tasks(limit=100)) == before + 1


def test_a_task_that_was_only_watched_opens_its_form_if_the_service_reports_its_values(card, client):
    watched = TaskWidget(card.task_id, client)
    with pytest.raises(TaskCancelled):
        watched.wait(20)
    state = watched._session.watch.follower
    state.state = replace(state.state, parameters={"kinds": "csv", "gone": 3})
    until(lambda: watched._session.watch.workflow)
    watched._session.edit()
    until(lambda: watched._facts["form"])
    form = widget._instances[watched._facts["form"]]
    assert form.values["kinds"] == "csv"
    assert form._problem == "The workflow no longer takes gone."
    watched.close()
    assert form.comm is None, "it goes with its card"


def test_unknown_values_of_a_task_are_reported(card, client):
    watched = TaskWidget(card.task_id, client)
    with pytest.raises(TaskCancelled):
        watched.wait(20)
    state = watched._session.watch.follower
    state.state = replace(state.state, parameters={})
    until(lambda: watched._session.watch.workflow)
    with pytest.raises(CyberunError, match=r"doesn't report the values that it ran with. WorkflowForm\('echo-files'\)"):
        watched._session.edit()
    assert watched._facts["form"] == ""
