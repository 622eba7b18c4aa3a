"""The card's public behaviour: waiting, fetching, names, and what stays out of notebooks."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from pathlib import Path

import anywidget
import pytest

from cyberun_widget import CyberunError, FollowPolicy, NotFoundError, TaskFailed, TaskWidget, WaitTimeout
from cyberun_widget.artifacts.model import Artifacts
from cyberun_widget.card import display, observers
from cyberun_widget.card.messages import PROTOCOL
from cyberun_widget.card.page_requests import PageRequests
from cyberun_widget.card.traits import chosen, excerpt
from cyberun_widget.following import task_watch
from cyberun_widget.following.listener import Interest
from cyberun_widget.protocol.models import Workflow
from tests.servers.faulty import KEY, PNG, TASK, Answer, FaultyServer, Pause, Script, event, finished, progress, sse
from tests.waiting import until

FAST = FollowPolicy(
    poll_interval=0.05, idle_timeout=0.3, backoff_initial=0.01, backoff_max=0.05, sse_retry_interval=0.15
)


def ask(requests: PageRequests, kind: str, **fields: object) -> None:
    """Send a request as a page does."""
    requests.take(None, {"type": kind, "id": "p-1", "protocol": PROTOCOL, **fields}, [])


def watch(server: FaultyServer, folder, **options) -> TaskWidget:
    return TaskWidget(
        TASK, api_key=KEY, base_url=server.base_url, **{"policy": FAST, "download_dir": folder, **options}
    )


def test_a_card_adds_only_its_public_methods_to_a_widget():
    added = {name for name in dir(TaskWidget) if not name.startswith("_")} - set(dir(anywidget.AnyWidget))
    verbs = {"wait", "cancel", "stop", "resume", "reconnect", "retry", "fetch", "fetch_again", "run_again", "save"}
    news = {"on_event", "on_progress", "on_done", "events", "diagnostics", "submitted", "previous_task_ids"}
    assert added - set(TaskWidget.class_trait_names()) == verbs | news


# --- waiting and fetching --------------------------------------------------------------------------------------------


def test_waiting_without_files_returns_at_the_verdict_even_if_a_file_hangs(tmp_path):
    head = {"Content-Type": "image/png", "Content-Length": str(len(PNG))}
    script = Script(life=((0.0, "completed"),), store=[Answer([PNG[:10]], headers=head, end="hang")])
    with FaultyServer(script) as server:
        card = watch(server, tmp_path)
        result = card.wait(10, files=False)
        assert result.status == "completed"
        assert [item.state for item in result.artifacts] in (["waiting"], ["downloading"])
        with pytest.raises(CyberunError, match="again"):
            card.wait(0.05)
        card.close()


def test_waiting_without_files_raises_a_failure_like_waiting_with_them(tmp_path):
    with FaultyServer(Script(life=((0.0, "failed"),), error="out of memory")) as server:
        card = watch(server, tmp_path)
        with pytest.raises(TaskFailed, match="out of memory"):
            card.wait(10, files=False)
        card.close()


def test_an_error_about_a_file_names_the_call_that_gets_it(tmp_path):
    with FaultyServer(Script(life=((0.0, "completed"),))) as server:
        w = watch(server, tmp_path, download="none")
        key = w.wait(10).artifacts.keys()[0]
        with pytest.raises(CyberunError) as caught:
            w.artifacts[key].bytes()
        assert f"task.fetch({key!r})" in str(caught.value)
        assert w.fetch(key).bytes() == PNG
        until(lambda: w.artifacts[key].bytes() == PNG if w.artifacts[key].path else False)
        assert w.fetch(w.artifacts[key].name, timeout=5).path == w.artifacts[key].path
        with pytest.raises(NotFoundError, match="nothing-like-it"):
            w.fetch("nothing-like-it")
        w.close()


def test_fetching_before_the_end_of_the_task_is_refused_with_a_message(tmp_path):
    with FaultyServer(Script(events=[sse(progress(0.5), end="hang")])) as server:
        card = watch(server, tmp_path)
        until(lambda: card.status == "running")
        with pytest.raises(CyberunError, match="is running; it has no files yet"):
            card.fetch("9.images.0")
        card.close()


# --- handlers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, GeneratorExit, ValueError])
def test_a_handler_that_raises_anything_does_not_affect_other_handlers(raised, tmp_path):
    def bad(_news) -> None:
        raise raised("from a handler")

    events = [sse(Pause(0.2), progress(0.5), Pause(0.3), *finished())]
    with FaultyServer(Script(events=events)) as server:
        card, heard, seen, done = watch(server, tmp_path), [], [], threading.Event()
        card.on_event(bad)
        card.on_done(bad)
        card.observe(bad, "status")
        card.on_event(lambda news: heard.append(news.type))
        card.on_done(lambda _result: done.set())
        card.observe(lambda change: seen.append(change["new"]), "status")
        assert card.wait(10).status == "completed"
        assert done.wait(5)
        assert heard[-1] == "completed"
        assert seen[-1] == "completed"
        card.close()


def test_the_events_before_the_first_handler_come_first(tmp_path):
    with FaultyServer(Script(events=[sse(*(progress(n / 10) for n in range(10)), *finished())])) as server:
        card, heard = watch(server, tmp_path), []
        card.wait(10)
        card.on_event(lambda news: heard.append(getattr(news, "progress", news.type)))
        until(lambda: heard and heard[-1] == "completed")
        assert heard[:-1] == [n / 10 for n in range(10)]
        card.close()


def test_the_events_so_far_are_available_after_stopping(tmp_path):
    with FaultyServer(Script(events=[sse(progress(0.5), end="hang")])) as server:
        card, heard = watch(server, tmp_path), []
        until(lambda: card.progress == 0.5)
        card.stop()
        card.on_progress(heard.append)
        until(lambda: heard == [0.5])
        card.close()


# --- observers -------------------------------------------------------------------------------------------------------


def waits_in_vain(card: TaskWidget) -> None:
    with pytest.raises(WaitTimeout):
        card.wait(0.5)


def test_a_task_is_followed_as_closely_as_its_observers_need(tmp_path, monkeypatch):
    monkeypatch.setattr(observers, "has_subshells", lambda: True)
    with FaultyServer(Script(events=[sse(progress(0.5), end="hang")])) as server:
        card = watch(server, tmp_path)
        looking = card._session.observers
        assert looking.interest is Interest.LIVE, "no page has said anything yet"
        ask(card._session.requests, "visible", view="a", visible=False)
        assert looking.interest is Interest.VERDICT
        ask(card._session.requests, "visible", view="b", visible=True)
        ask(card._session.requests, "visible", view="a", visible=False)
        assert looking.interest is Interest.LIVE, "another view of it is in sight"
        ask(card._session.requests, "visible", view="b", visible=False)
        waiting = threading.Thread(target=waits_in_vain, args=[card])
        waiting.start()
        until(lambda: looking.interest is Interest.LIVE, 0.4)
        waiting.join()
        assert looking.interest is Interest.VERDICT
        card.observe(print, "progress")
        assert looking.interest is Interest.LIVE
        card.on_event(print)
        assert looking.interest is Interest.EVENTS
        card.close()


def test_a_card_counts_as_visible_if_a_busy_kernel_could_not_be_told_that_it_is_back(tmp_path, monkeypatch):
    monkeypatch.setattr(observers, "has_subshells", lambda: False)
    with FaultyServer() as server:
        card = watch(server, tmp_path)
        ask(card._session.requests, "visible", view="a", visible=False)
        assert card._session.observers.interest is Interest.LIVE
        card.close()


# --- requests from the page ------------------------------------------------------------------------------------------


class Slow:
    """A card that keeps saving until `saved` is set."""

    def __init__(self) -> None:
        self.task_id, self.artifacts, self.saved, self.did = TASK, (), threading.Event(), []

    def save_all(self) -> None:
        self.did.append("saving")
        self.saved.wait(10)

    def cancel(self) -> None:
        self.did.append("cancelled")

    def send_state(self) -> None:
        self.did.append("refreshed")

    def send(self, content, buffers=()) -> None: ...

    def look(self, view, visible) -> None: ...


def test_cancel_and_reading_do_not_wait_for_a_save_of_any_card():
    cards = [Slow() for _ in range(6)]
    desks = [PageRequests(card) for card in cards]
    try:
        for desk in desks:
            ask(desk, "save_all", task_id=TASK)
        until(lambda: any("saving" in card.did for card in cards))
        for desk, card in zip(desks, cards, strict=True):
            ask(desk, "cancel", task_id=TASK)
            assert card.did[-1] == "cancelled"
            ask(desk, "sync")
        until(lambda: all("refreshed" in card.did for card in cards), 3)
    finally:
        for card in cards:
            card.saved.set()
    until(lambda: all("saving" in card.did for card in cards))


# --- names and paths -------------------------------------------------------------------------------------------------


def test_a_saved_notebook_contains_file_names_but_no_local_paths(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    bodies = {"9.images.0": PNG, "metrics.json": b'{"psnr": 31.5}'}
    with FaultyServer(Script(life=((0.0, "completed"),), bodies=bodies)) as server:
        card = watch(server, tmp_path / "secret-project" / "files")
        card.wait(10)
        ask(card._session.requests, "save_all", task_id=card.task_id)
        until(lambda: card._facts["saved"])
        assert card._facts["saved"] == f"2 files saved to cyberun-{TASK[:13]}"
        kept = json.dumps(display.kept(card)) + json.dumps(card.get_state(), default=repr)
        assert str(tmp_path) not in kept
        assert "secret-project" not in json.dumps(display.kept(card))
        assert "psnr" in kept, "the excerpt of a file is still read from where it is"
        assert str(card.artifacts.first("image").path).startswith(str(tmp_path)), "Python knows the place"
        card.close()


def test_saving_a_task_with_a_malicious_id_stays_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with FaultyServer(Script(life=((0.0, "completed"),))) as server:
        card = watch(server, tmp_path / "files")
        card.wait(10)
        card._session.watch.key = (card._session.watch.key[0], "/../../../x/", *card._session.watch.key[2:])
        card._session.save_all()
        assert [path.name for path in tmp_path.glob("*/task.json")] == ["task.json"]
        card.close()


def test_the_repr_of_a_card_contains_no_control_characters(tmp_path):
    evil = "\x1b]0;owned\x07\x9b31m\u202egpj.exe\u0000\r\n"
    with FaultyServer(Script(events=[sse(progress(0.5, message=evil, current_node=evil), end="hang")])) as server:
        card = watch(server, tmp_path)
        until(lambda: card.progress == 0.5)
        card.label = evil
        for text in (repr(card), card.diagnostics(), repr(card.artifacts)):
            assert not [char for char in text if not char.isprintable() and char != "\n"], ascii(text)
        card.close()


def test_a_card_refuses_to_be_copied_or_pickled(tmp_path):
    with FaultyServer() as server:
        card = watch(server, tmp_path)
        for copying in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises((TypeError, NotImplementedError), match="copied"):
                copying(card)
        card.close()


# --- what is sent to the page ----------------------------------------------------------------------------------------


def test_a_huge_output_is_sent_as_an_excerpt_and_complete_in_python(tmp_path):
    huge = {"losses": list(range(300_000)), "log": "x" * 2_000_000, "image_count": 1}
    script = Script(events=[sse(*finished(output=huge))], bodies={})
    with FaultyServer(script) as server:
        card = watch(server, tmp_path, policy=FollowPolicy())
        card.wait(20)
        if card.output == huge:  # from the event, if the result has none
            assert len(json.dumps(card.get_state()["output"])) < 100_000
        card.close()
    assert len(json.dumps(excerpt(huge))) < 150_000


def test_each_poster_is_sent_once_however_often_other_files_change(tmp_path):
    bodies = {f"{n}.images.0": PNG for n in range(4)}
    with FaultyServer(Script(events=[sse(progress(0.5), Pause(0.5), *finished())], bodies=bodies)) as server:
        card, sent = watch(server, tmp_path), []
        until(lambda: card.progress == 0.5)
        send = card.comm.send

        def counted(data, *args, buffers=None, **options) -> None:
            if data["method"] == "update":
                sent.extend(name for [name] in data["buffer_paths"])
            send(data, *args, buffers=buffers, **options)

        card.comm.send = counted
        card.wait(10)
        assert sorted(sent) == sorted(f"_poster:{key}" for key in bodies)
        whole = card.get_state()
        assert [item["poster"] for item in whole["artifacts"]] == [None] * 4
        assert all(whole[f"_poster:{key}"] == card.artifacts[key].poster for key in bodies), "for a page that reloads"
        card.close()


def test_the_posters_of_an_earlier_run_are_removed(tmp_path):
    with FaultyServer(Script(life=((0.0, "completed"),))) as server:
        card = watch(server, tmp_path)
        card.wait(10)
        assert card.get_state()["_poster:9.images.0"]
        card._write({"artifacts": Artifacts()}, extras={})
        assert card.get_state()["_poster:9.images.0"] is None
        card.close()


@pytest.mark.parametrize(
    ("value", "room", "kept"),
    [
        ({"a": 1, "b": [1, 2]}, 1000, {"a": 1, "b": [1, 2]}),
        ("x" * 50, 10, "x" * 10 + "…"),
        ([1] * 100, 24, [1, 1, 1, "… 97 more"]),
        ({str(n): n for n in range(100)}, 30, {"0": 0, "1": 1, "2": 2, "…": "97 more"}),
        ([["deep" * 100] * 3] * 3, 8, [["deepdeep…", "… 2 more"], "… 2 more"]),
        (None, 10, None),
    ],
)
def test_an_excerpt_keeps_the_shape_and_says_how_much_is_missing(value, room, kept):
    assert excerpt(value, room) == kept


WORKFLOW = Workflow.from_json(
    {
        "workflow_slug": "w",
        "parameters": [
            {"key": "steps", "type": "number", "default": 20},
            {"key": "seed", "type": "integer", "default": None},
            {"key": "photo", "type": "file"},
        ],
    }
)


@pytest.mark.parametrize(
    ("given", "workflow", "told"),
    [
        ({"seed": 7, "steps": 20}, WORKFLOW, {"seed": 7}),
        ({"seed": 7, "steps": 30}, WORKFLOW, {"steps": 30, "seed": 7}),
        ({"photo": Path("/home/me/holiday.png")}, WORKFLOW, {"photo": "holiday.png"}),
        ({"photo": "uploads/0192/holiday.png"}, WORKFLOW, {"photo": "holiday.png"}),
        ({"prompt": "a\x1b[31m " + "b" * 100}, None, {"prompt": "a " + "b" * 77 + "…"}),
        ({"size": [512, 512], "on": True, "n": 2**60}, None, {"size": "[512, 512]", "on": True, "n": str(2**60)}),
        ({}, WORKFLOW, {}),
    ],
)
def test_the_parameters_shown_are_those_that_differ(given, workflow, told):
    found = chosen(given, workflow)
    assert found == told
    assert list(found) == list(told)


def test_the_parameters_are_shown_of_a_task_that_was_not_started_here(tmp_path):
    told = {"id": TASK, "task_status": "running", "parameters": {"seed": 7}, "created_at": "2026-11-24T00:00:00Z"}
    script = Script(task=[Answer([json.dumps(told).encode()], headers={"Content-Type": "application/json"})])
    script.events = [sse(event("progress", progress=0.5), end="hang")]
    with FaultyServer(script) as server:
        card = watch(server, tmp_path, label="try 3", notify=True)
        until(lambda: card._facts.get("parameters") == {"seed": 7})
        assert (card.label, card.get_state()["label"], card.get_state()["notify"]) == ("try 3", "try 3", True)
        card.close()


def test_a_card_may_be_collected_on_any_line_of_other_code(tmp_path, monkeypatch):
    forgotten = []

    class Watch(task_watch.TaskWatch):
        def __init__(self, *args):  # called while holding the lock that closing a card takes
            for card in forgotten:
                card.__del__()  # as the garbage collector may on any line
            super().__init__(*args)

    def work():
        forgotten.append(watch(server, tmp_path))
        watch(server, tmp_path / "other").close()

    monkeypatch.setattr(task_watch, "TaskWatch", Watch)
    with FaultyServer(Script(life=((0.0, "running"),))) as server:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(10)
        assert not thread.is_alive(), "a lock waits for its own holder"
