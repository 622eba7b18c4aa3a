"""One watch, many listeners: each receives what it asked for, once, and the watch ends with the last of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyberun_widget import FollowPolicy
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from cyberun_widget.following.listener import Interest
from cyberun_widget.following.task_watch import TaskWatch, watch
from tests.servers.faulty import KEY, TASK, FaultyServer, Pause, Script, finished, progress, sse
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from cyberun_widget.protocol.events import Event

STEPS = [progress(step / 100, step_current=step, step_total=100) for step in range(100)]


class Recorder:
    """A listener that records its calls."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.changes = 0

    def changed(self) -> None:
        self.changes += 1

    def happened(self, event: Event) -> None:
        self.events.append(event)

    def steps(self) -> list[int]:
        return [event.step_current for event in self.events if event.type == "progress"]


def follow(server: FaultyServer, folder: Path, listener: Recorder, interest: Interest) -> TaskWatch:
    http = Http(Settings.resolve(KEY, server.base_url, environ={}))
    return watch(http, TASK, FollowPolicy(), folder, "none", listener, interest)


def test_only_listeners_of_every_event_receive_events(tmp_path):
    with FaultyServer(Script(events=[sse(*STEPS, *finished())])) as server:
        quiet, eager = Recorder(), Recorder()
        begun = follow(server, tmp_path, eager, Interest.EVENTS)
        assert follow(server, tmp_path, quiet, Interest.LIVE) is begun
        begun.finished.result(10)
    assert eager.steps() == list(range(100))
    assert quiet.events == []
    assert quiet.changes


def test_a_late_listener_receives_earlier_events_and_none_twice(tmp_path):
    with FaultyServer(Script(events=[sse(b"".join(STEPS), Pause(0.5), *finished())])) as server:
        recorder = Recorder()
        begun = follow(server, tmp_path, recorder, Interest.LIVE)
        until(lambda: begun.state.step_current == 99)
        assert recorder.events == []
        begun.attend(recorder, Interest.EVENTS)
        begun.attend(recorder, Interest.VERDICT)
        begun.attend(recorder, Interest.EVENTS)
        begun.finished.result(10)
    assert recorder.steps() == list(range(100))
    assert [event.type for event in recorder.events][-1] == "completed"


def test_a_listener_that_joins_twice_gets_every_event_once(tmp_path):
    with FaultyServer(Script(events=[sse(*STEPS, *finished())])) as server:
        recorder = Recorder()
        begun = follow(server, tmp_path, recorder, Interest.EVENTS)
        assert follow(server, tmp_path, recorder, Interest.EVENTS) is begun
        begun.finished.result(10)
    assert recorder.steps() == list(range(100))


def test_the_watch_ends_with_its_last_listener(tmp_path):
    with FaultyServer(Script(events=[sse(progress(0.5), end="hang")])) as server:
        first, second = Recorder(), Recorder()
        begun = follow(server, tmp_path, first, Interest.LIVE)
        follow(server, tmp_path, second, Interest.VERDICT)
        until(lambda: begun.connection == "live")
        begun.leave(first)
        begun.attend(first, Interest.EVENTS)
        assert not begun.finished.done()
        begun.leave(second)
        until(begun.finished.cancelled)
        assert server.quiet()
    assert first.events == []


def test_collecting_a_listener_while_events_are_delivered_causes_no_deadlock(tmp_path):
    """A card's finalizer leaves the watch, and the garbage collector may run it on any line."""
    with FaultyServer(Script(events=[sse(b"".join(STEPS), *finished())])) as server:
        watches: list[TaskWatch] = []
        collected = Recorder()

        class Hostile(Recorder):
            def happened(self, event: Event) -> None:
                if watches and event.type == "progress" and event.step_current == 50:
                    watches[0].leave(collected)
                super().happened(event)

        hostile = Hostile()
        watches.append(follow(server, tmp_path, collected, Interest.LIVE))
        follow(server, tmp_path, hostile, Interest.EVENTS)
        watches[0].finished.result(10)
    assert hostile.steps() == list(range(100))
