"""A form with the local server, over real HTTP: runs exactly the values it shows, once per click."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from cyberun_widget import NotFoundError, ParameterError, WorkflowForm, compare
from cyberun_widget.card.messages import PROTOCOL
from cyberun_widget.form.display import bundle
from tests.waiting import until

FAST = {"steps": 60, "size": 64, "video": False}


@pytest.fixture
def form(client):
    made = WorkflowForm("gray-scott", client, **FAST)
    yield made
    made.close()


class Page:
    """A page that shows the form: its requests and their answers."""

    def __init__(self, form: WorkflowForm, monkeypatch) -> None:
        self.form, self.answers, self.asked = form, {}, 0
        monkeypatch.setattr(form, "send", lambda content, _buffers: self.answers.update({content["re"]: content}))

    def ask(self, kind: str, buffers=(), **fields):
        self.asked += 1
        number = f"page-{self.asked}"
        content = {"type": kind, "id": number, "protocol": PROTOCOL, **fields}
        self.form._handle_custom_msg(content, list(buffers))
        return until(lambda: self.answers.get(number))


def tasks(client) -> int:
    return len(client.tasks(limit=100))


def test_a_form_begins_with_the_defaults_and_the_given_values(form):
    assert form.values["steps"] == 60
    assert form.values["seed"] == 7
    assert (form.valid, form.errors, form.tasks) == (True, {}, [])


def test_a_wrong_value_is_kept_and_explained_at_its_field(form, client):
    form.values = {**form.values, "steps": -1, "size": "large"}
    assert form.errors == {"steps": "Must be at least 10, not -1.", "size": "Must be a number, not str 'large'."}
    assert not form.valid
    before = tasks(client)
    with pytest.raises(ParameterError, match="steps must be at least 10"):
        form.run()
    assert tasks(client) == before


def test_a_value_changed_in_place_counts_when_the_form_is_run(form):
    form.values["steps"] = -1
    with pytest.raises(ParameterError, match="steps"):
        form.run()


def test_unknown_names_are_refused_and_lose_nothing(form, client):
    with pytest.raises(ParameterError, match="no field 'stepps'"):
        form.values = {"stepps": 3}
    assert form.values["steps"] == 60
    with pytest.raises(ParameterError, match="stepps"):
        WorkflowForm("gray-scott", client, stepps=3)
    with pytest.raises(NotFoundError):
        WorkflowForm("no-such-workflow", client)


def test_the_client_may_be_given_by_its_name(client):
    made = WorkflowForm("gray-scott", client=client, seed=3)
    assert made.values["seed"] == 3
    made.close()


def test_what_the_form_shows_is_what_runs_and_the_python_does_the_same(form, client):
    started = []
    form.on_run(started.append)
    card = form.run()
    assert card.wait(60).status == "completed"
    assert until(lambda: started) == [card]
    assert form.tasks == [card]
    names = {"client": client}
    exec(form.to_code().replace("client = Client.local()\n", ""), names)
    again = names["task"]
    assert again.wait(60).status == "completed"
    assert again._session.rerun.run.parameters == card._session.rerun.run.parameters


def test_an_empty_seed_is_drawn_and_recorded(form):
    form.values = {**form.values, "seed": None}
    card = form.run()
    seed = card._session.rerun.run.parameters["seed"]
    assert isinstance(seed, int)
    assert form.values["seed"] is None
    card.wait(60)


def test_the_newest_run_is_open_and_the_older_ones_are_lines(form):
    first, second = form.run(), form.run()
    assert form.tasks == [second, first]
    assert (first.density, second.density) == ("compact", "full")
    for card in form.tasks:
        card.wait(60)


def test_two_clicks_on_run_pay_once(form, client, monkeypatch):
    page = Page(form, monkeypatch)
    held, go_on = threading.Event(), threading.Event()
    start = form._session._calls.start

    async def slow(*args, **kwargs):
        held.set()
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        return await start(*args, **kwargs)

    monkeypatch.setattr(form._session._calls, "start", slow)
    before = tasks(client)
    answers = []
    first = threading.Thread(target=lambda: answers.append(page.ask("run", new_seeds=False)))
    first.start()
    assert held.wait(10)
    refused = page.ask("run", new_seeds=False)
    go_on.set()
    first.join(20)
    assert (refused["type"], refused["text"]) == ("error", "A run is already being started.")
    assert answers[0]["type"] == "reply"
    assert tasks(client) == before + 1
    form.tasks[0].wait(60)


def test_a_page_changes_a_value_and_gets_its_number_back(form, monkeypatch):
    page = Page(form, monkeypatch)
    assert page.ask("change", key="steps", value=70, page="p", number=3)["type"] == "reply"
    assert (form.values["steps"], form._seen) == (70, {"p": 3})
    assert page.ask("change", key="nope", value=1, page="p", number=4)["type"] == "error"
    assert page.ask("seed", key="seed")["type"] == "reply"
    assert form.values["seed"] != 7


def test_a_run_with_a_new_seed_shows_that_seed(form, monkeypatch):
    page = Page(form, monkeypatch)
    assert page.ask("run", new_seeds=True)["type"] == "reply"
    (card,) = form.tasks
    assert form.values["seed"] == card._session.rerun.run.parameters["seed"] != 7
    form.values = {**form.values, "seed": 7}
    page.ask("use", run=card.model_id)
    assert form.values["seed"] == card._session.rerun.run.parameters["seed"]
    card.wait(60)


def test_a_file_travels_in_parts_and_only_its_name_is_kept_in_the_notebook(form, monkeypatch):
    page = Page(form, monkeypatch)
    page.ask("upload_begin", key="seed", name="fox.png", size=6)
    page.ask("upload_part", key="seed", offset=0, buffers=[b"abc"])
    page.ask("upload_part", key="seed", offset=3, buffers=[b"def"])
    value = form.values["seed"]
    assert isinstance(value, Path)
    assert value.read_bytes() == b"abcdef"
    assert form.get_state()["values"]["seed"] == {"file": "fox.png"}
    assert "fox.png" in bundle(form)["text/html"]
    assert str(value.parent) not in bundle(form)["text/html"] + bundle(form)["text/plain"]


def test_live_runs_follow_the_values_and_end_on_the_newest_result(form, client):
    results = []
    form.live(0.2, results.append)
    before = tasks(client)
    for steps in (70, 80, 90):
        form.values = {**form.values, "steps": steps}
    until(lambda: results)
    assert tasks(client) == before + 1
    form.stop_live()
    assert len(form.tasks) == 1
    assert form.tasks[0]._session.rerun.run.parameters["steps"] == 90
    form.values = {**form.values, "steps": 95}
    assert form._live is None


def test_a_live_form_with_an_open_seed_runs_only_when_something_was_changed(form, client):
    results = []
    form.values = {**form.values, "seed": None}
    form.live(0.1, results.append)
    before = tasks(client)
    form.values = {**form.values}
    form.values = {**form.values, "steps": 75}
    until(lambda: results)
    form.values = {**form.values}
    form.stop_live()
    assert tasks(client) == before + 1


def test_a_live_run_whose_answer_comes_late_is_cancelled_and_never_shown(form, client, monkeypatch):
    results, order = [], []
    released = threading.Event()
    start = form._session._calls.start

    async def slow_at_first(slug, parameters, **options):
        order.append(parameters["steps"])
        while parameters["steps"] == 70 and not released.is_set():
            await asyncio.sleep(0.01)
        return await start(slug, parameters, **options)

    monkeypatch.setattr(form._session._calls, "start", slow_at_first)
    form.live(0.1, results.append)
    form.values = {**form.values, "steps": 70}
    until(lambda: order == [70])
    form.values = {**form.values, "steps": 5000}
    until(lambda: form.tasks)
    newest = form.tasks[0].task_id
    released.set()  # only now is the first submission answered
    until(lambda: results, 60)
    form.stop_live()
    assert [result.task_id for result in results] == [newest]
    assert form.tasks[0].task_id == newest
    assert form.tasks[0]._session.rerun.run.parameters["steps"] == 5000


def test_an_observer_may_start_a_run_while_a_page_does(form, client, monkeypatch):
    page = Page(form, monkeypatch)
    before = tasks(client)
    form.observe(lambda change: change["new"]["steps"] == 65 and form.run(), names="values")
    work = threading.Thread(target=lambda: page.ask("change", key="steps", value=65, page="p", number=1), daemon=True)
    work.start()
    page.ask("run", new_seeds=False)
    work.join(20)
    assert not work.is_alive(), "a lock waits for its own holder"
    assert until(lambda: len(form.tasks) >= 2)
    for card in form.tasks:
        card.wait(60)
    assert tasks(client) == before + 2


def test_the_static_form_holds_its_values_and_the_newest_result(form):
    assert "Steps" in bundle(form)["text/html"]
    form.run().wait(60)
    markup = until(lambda: bundle(form)["text/html"] if "gray-scott.png" in bundle(form)["text/html"] else None)
    assert "Completed" in markup


def test_compare_tells_what_differs_and_pairs_the_files(form):
    first = form.run()
    form.values = {**form.values, "steps": 90}
    second = form.run()
    first.wait(60)
    second.wait(60)
    shown = compare(first, second)
    assert [pair["kind"] for pair in shown._pairs].count("image") == 1
    rows = {table["title"]: table["differences"]["rows"] for table in shown._tables}
    assert [(row["path"], row["cells"]) for row in rows["Parameters"]] == [("steps", ("60", "90"))]
    assert not any("s3_key" in row["path"] for row in rows["Output"])
    assert shown._labels == ["steps 60", "steps 90"]
    results = compare(first.wait(), second.wait())
    assert len(results._labels) == len(set(results._labels)) == 2
    artifact = first.artifacts.first("image")
    assert compare(artifact, artifact)._labels == ["1: gray-scott.png", "2: gray-scott.png"]


def test_a_parameter_that_a_run_left_out_has_its_default(client, own_cache):
    runs = [
        client.run("echo-files", kinds="txt", seconds=0),
        client.run("echo-files", kinds="txt", seconds=0, text="Hi"),
    ]
    for run in runs:
        run.wait(60)
    [table, *_] = compare(*runs)._tables
    assert (table["title"], table["absent"]) == ("Parameters", "default")
    assert [(row["path"], row["cells"]) for row in table["differences"]["rows"]] == [("text", (None, "Hi"))]
    assert ">default<" in compare(*runs)._bundle()["text/html"]


def test_a_comparison_of_a_running_task_fills_when_it_is_done(form):
    first, second = form.run(), form.run()
    shown = compare(first, second)
    first.wait(60)
    second.wait(60)
    until(lambda: shown._waiting == 0 and shown._pairs)


def test_a_form_keeps_one_comparison_open(form, monkeypatch):
    page = Page(form, monkeypatch)
    runs = [form.run().model_id, form.run().model_id]
    page.ask("compare", runs=runs)
    first = form._comparison
    page.ask("compare", runs=runs)
    assert form._comparison is not first
    assert first.comm is None, "the one before is closed"
    for card in form.tasks:
        card.wait(60)


@pytest.mark.parametrize("items", [(), ("one",), ("one", "two"), (3, 4)])
def test_what_cannot_be_compared_is_refused(items):
    with pytest.raises(ParameterError, match=r"compare\(\) takes"):
        compare(*items)
