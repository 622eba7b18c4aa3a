"""The state of a task: valid after any events and answers, with correct times and stages."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberun_widget.protocol.events import (
    TERMINAL,
    CancelledEvent,
    CompletedEvent,
    ErrorEvent,
    FailedEvent,
    ProgressEvent,
    StatusEvent,
)
from cyberun_widget.protocol.models import Task
from cyberun_widget.protocol.stages import STAGES
from cyberun_widget.protocol.state import TaskState, apply, finish, reconcile, settle

TASK = "0192f3c1-7c1e-7b5a-9d0e-3f2a1b4c5d6e"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def after(*events, state=None, start: float = 100.0, step: float = 1.0) -> TaskState:
    """Return the state after events that are `step` seconds apart."""
    state = state or TaskState(TASK)
    for index, event in enumerate(events):
        state = apply(state, event, start + step * index)
    return state


def progress(value: float, **more) -> ProgressEvent:
    return ProgressEvent(TASK, value, **more)


def status(word: str) -> StatusEvent:
    return StatusEvent(TASK, word)


# --- examples --------------------------------------------------------------------------------------------------------


def test_nothing_is_known_before_the_first_answer():
    state = TaskState(TASK)
    assert (state.status, state.progress, state.ended, state.eta_at(0.0)) == ("unknown", 0.0, False, None)


def test_progress_implies_that_the_task_is_running():
    assert after(status("queued"), progress(0.2)).status == "running"


def test_an_unknown_status_is_shown_and_does_not_end_the_task():
    state = after(status("running"), status("hibernating"))
    assert (state.status, state.ended) == ("hibernating", False)


@pytest.mark.parametrize(
    ("event", "word"),
    [(CompletedEvent(TASK), "completed"), (FailedEvent(TASK, "x"), "failed"), (CancelledEvent(TASK), "cancelled")],
)
def test_a_verdict_is_final(event, word):
    end = after(progress(0.5), event)
    assert end.status == word
    assert after(status("running"), progress(0.1), FailedEvent(TASK, "late"), CompletedEvent(TASK), state=end) is end
    assert reconcile(end, Task(TASK, "running"), 999.0, NOON) is end
    assert finish(end, "failed", 999.0) is end


def test_a_completed_task_is_at_1_and_a_failed_one_keeps_its_progress():
    assert after(progress(0.5), CompletedEvent(TASK)).progress == 1.0
    assert after(progress(0.5), FailedEvent(TASK)).progress == 0.5


def test_a_failure_always_has_an_error_message():
    assert after(FailedEvent(TASK)).error == "No error message was returned."
    assert after(FailedEvent(TASK, "no memory")).error == "no memory"


def test_progress_decreases_only_if_the_task_starts_over():
    state = after(status("running"), progress(0.8), progress(0.3))
    assert (state.progress, state.attempt) == (0.8, 1)
    again = after(status("queued"), state=state)
    assert (again.progress, again.attempt) == (0.0, 2)


def test_a_retry_seen_only_by_polling_starts_over_too():
    state = after(status("running"), progress(0.8))
    again = reconcile(state, Task(TASK, "running", retry_count=1), 110.0, NOON)
    assert (again.progress, again.attempt) == (0.0, 2)


def test_a_task_first_seen_in_its_third_attempt_says_so():
    assert reconcile(TaskState(TASK), Task(TASK, "running", retry_count=2), 0.0, NOON).attempt == 3


def test_an_error_event_is_shown_until_the_next_event():
    state = after(status("running"), ErrorEvent(TASK, "agent unreachable"))
    assert (state.note, state.status) == ("agent unreachable", "running")
    assert after(progress(0.1), state=state).note == ""


def test_elapsed_uses_the_servers_clock_even_if_the_local_one_is_wrong():
    created = NOON - timedelta(seconds=90)
    state = reconcile(TaskState(TASK), Task(TASK, "running", created_at=created), 5.0, NOON)
    assert state.elapsed_at(5.0) == pytest.approx(90)
    assert state.elapsed_at(15.0) == pytest.approx(100)


def test_elapsed_never_decreases_although_the_servers_clock_has_whole_seconds():
    task = Task(TASK, "running", created_at=NOON)
    state, shown = TaskState(TASK), []
    for tenth in range(40):
        now = tenth / 10
        state = reconcile(state, task, now, NOON + timedelta(seconds=10 + int(now + 0.35)))
        shown += [state.elapsed_at(now), state.elapsed_at(now + 0.09)]
    assert shown == sorted(shown)


def test_elapsed_ends_at_the_servers_timestamps():
    created = NOON - timedelta(seconds=90)
    state = reconcile(TaskState(TASK), Task(TASK, "running", created_at=created), 5.0, NOON)
    end = finish(state, "completed", 20.0, completed_at=NOON + timedelta(seconds=40))
    assert end.elapsed_at(20.0) == end.elapsed_at(9999.0) == pytest.approx(130)


def test_the_duration_of_a_task_first_seen_after_its_end_is_right():
    task = Task(
        TASK,
        "completed",
        created_at=NOON,
        started_at=NOON + timedelta(seconds=6),
        completed_at=NOON + timedelta(seconds=21),
    )
    state = reconcile(TaskState(TASK), task, 5.0, NOON + timedelta(days=30))
    assert (state.status, state.elapsed_at(9999.0)) == ("completed", 21.0)
    assert (state.waited, state.ran_at(9999.0)) == (6.0, 15.0)


def test_the_duration_of_an_ended_task_without_timestamps_is_unknown():
    state = reconcile(TaskState(TASK), Task(TASK, "failed", created_at=NOON), 5.0, NOON + timedelta(days=30))
    assert (state.elapsed_at(5.0), state.ran_at(5.0)) == (0.0, None)


def test_the_final_duration_excludes_the_silence_before_the_verdict():
    created = NOON - timedelta(seconds=10)
    state = reconcile(TaskState(TASK), Task(TASK, "running", created_at=created), 5.0, NOON)
    ended = Task(TASK, "completed", created_at=created, completed_at=NOON + timedelta(seconds=11))
    assert state.elapsed_at(65.0) == 70.0
    assert reconcile(state, ended, 65.0, NOON + timedelta(seconds=60)).elapsed_at(99.0) == 21.0


def test_running_and_waiting_time_are_separate_while_it_runs_too():
    task = Task(TASK, "running", created_at=NOON - timedelta(seconds=30), started_at=NOON - timedelta(seconds=10))
    state = reconcile(TaskState(TASK), task, 100.0, NOON)
    assert (state.waited, state.ran_at(105.0)) == (20.0, 15.0)
    assert TaskState(TASK).ran_at(5.0) is None


# --- late answers ----------------------------------------------------------------------------------------------------


def running(at: float = 100.0) -> TaskState:
    """Return a task whose stream reported at that time that it is half done."""
    started = reconcile(TaskState(TASK), Task(TASK, "running", created_at=NOON, started_at=NOON), at - 1, NOON)
    return apply(started, progress(0.5), at)


def test_an_answer_older_than_the_streams_last_event_does_not_restart_the_task():
    late = reconcile(running(), Task(TASK, "queued", created_at=NOON), 100.5, NOON, asked_at=99.9)
    assert (late.status, late.progress, late.attempt) == ("running", 0.5, 1)


def test_an_answer_slightly_behind_the_stream_does_not_restart_the_task():
    lagging = reconcile(running(), Task(TASK, "queued", gpu_type="A100"), 101.5, NOON, asked_at=101.0)
    assert (lagging.status, lagging.progress, lagging.attempt) == ("running", 0.5, 1)
    assert lagging.gpu_type == "A100"


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(Task(TASK, "queued", retry_count=1), id="a higher retry count"),
        pytest.param(Task(TASK, "queued", started_at=NOON + timedelta(seconds=60)), id="a later start"),
    ],
)
def test_an_answer_that_proves_a_new_start_is_believed_at_once(again):
    state = reconcile(running(), again, 100.5, NOON, asked_at=100.2)
    assert (state.status, state.progress, state.attempt) == ("queued", 0.0, 2)


def test_an_answer_is_believed_when_the_stream_has_been_quiet_for_long():
    state = reconcile(running(), Task(TASK, "queued"), 131.0, NOON, asked_at=130.0)
    assert (state.status, state.attempt) == ("queued", 2)


def test_a_task_that_is_only_polled_may_be_queued_again():
    looked = reconcile(TaskState(TASK), Task(TASK, "running"), 1.0, NOON)
    assert reconcile(looked, Task(TASK, "queued"), 4.0, NOON, asked_at=4.0).status == "queued"


def test_the_result_overrides_an_earlier_verdict():
    state = finish(running(), "completed", 110.0)
    told = settle(state, "completed", 111.0, output={"n": 1}, completed_at=NOON + timedelta(seconds=21))
    assert (told.output, told.elapsed) == ({"n": 1}, 21.0)
    failed = settle(state, "failed", 111.0, error="out of disk")
    assert (failed.status, failed.error) == ("failed", "out of disk")


def test_a_task_from_the_future_has_no_negative_duration():
    state = reconcile(TaskState(TASK), Task(TASK, "running", created_at=NOON + timedelta(days=9)), 5.0, NOON)
    assert state.elapsed_at(5.0) == 0.0


def test_stages_pass_one_after_the_other_and_are_timed():
    state = after(
        status("running"),
        *[progress(0.1 * (index + 1), stage=name) for index, name in enumerate(STAGES)],
        CompletedEvent(TASK),
    )
    assert [(item.name, item.state) for item in state.stages] == [(name, "done") for name in STAGES]
    assert [item.seconds for item in state.stages][1:] == [1.0, 1.0, 1.0, 1.0]


def test_a_failure_marks_its_stage_and_skips_the_rest():
    state = after(status("running"), progress(0.3, stage="train"), FailedEvent(TASK, "nan loss"))
    assert [item.state for item in state.stages] == ["done", "done", "failed", "skipped", "skipped"]


# --- any events and answers ------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["pending", "waiting", "provisioning", "queued", "running", "hibernating", "completed", "failed", "cancelled"]
)
FRACTION = st.floats(0.0, 1.0)
STEP = st.none() | st.integers(0, 100)
EVENTS = st.one_of(
    st.builds(StatusEvent, st.just(TASK), WORDS),
    st.builds(
        ProgressEvent,
        st.just(TASK),
        FRACTION,
        st.sampled_from(["", "3", "9"]),
        STEP,
        st.none() | st.integers(1, 100),
        st.sampled_from(["", *STAGES, "bake"]),
        st.text(max_size=3),
    ),
    st.builds(ErrorEvent, st.just(TASK), st.text(max_size=3)),
)
ENDS = st.one_of(
    st.builds(CompletedEvent, st.just(TASK), st.none() | st.just({"a": 1}), st.none() | st.just(NOON)),
    st.builds(FailedEvent, st.just(TASK), st.text(max_size=3)),
    st.just(CancelledEvent(TASK)),
)
MOMENT = st.none() | st.integers(-100_000, 100_000).map(lambda s: NOON + timedelta(seconds=s))
TASKS = st.builds(
    Task,
    st.just(TASK),
    WORDS,
    retry_count=st.integers(0, 4),
    tool_type=st.sampled_from(["", "comfyui", "nerfstudio"]),
    created_at=MOMENT,
    started_at=MOMENT,
    completed_at=MOMENT,
)
NEWS = st.tuples(st.one_of(EVENTS, EVENTS, EVENTS, TASKS, ENDS), st.floats(0.0, 50.0), MOMENT)


def take(state: TaskState, news: object, now: float, server_now: datetime | None) -> TaskState:
    return reconcile(state, news, now, server_now) if isinstance(news, Task) else apply(state, news, now)


@given(st.lists(NEWS, max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_sequence_of_events_and_answers_keeps_the_state_valid(sequence):
    state, now = TaskState(TASK), 1000.0
    shown = state.elapsed_at(now)
    for news, pause, server_now in sequence:
        now += pause
        before, state = state, take(state, news, now, server_now)
        assert 0.0 <= state.progress <= 1.0
        assert state.attempt >= before.attempt >= 1
        if state.progress < before.progress:
            assert state.attempt > before.attempt, "progress stepped back within one attempt"
        if before.ended:
            assert state is before
        assert state.ended == (state.status in TERMINAL)
        assert state.status != "unknown" or before.status == "unknown"
        for moment in (now, now + pause / 2):
            elapsed = state.elapsed_at(moment)
            assert math.isfinite(elapsed)
            # At the end, the server's timestamps apply, whatever was shown before.
            assert elapsed >= shown or (state.ended and not before.ended), "time ran backwards"
            shown = elapsed if moment == now or not state.ended else shown
        shown = state.elapsed_at(now)
        for value in (state.eta_at(now), state.speed_at(now), state.waited):
            assert value is None or (math.isfinite(value) and value >= 0)
        running = [item for item in state.stages if item.state == "running"]
        assert len(running) <= (0 if state.ended else 1)
        assert all(item.seconds_at(now) is None or item.seconds_at(now) >= 0 for item in state.stages)
        assert all(item.progress is None or item.progress >= 0.0 for item in state.stages)
        assert (state.error is not None) == (state.status == "failed")
        assert len(state.stages) <= 20
        assert len(state.pace.points) + len(state.pace.steps) <= 200


@given(st.lists(NEWS, max_size=20), ENDS)
@settings(max_examples=200, deadline=None)
def test_a_verdict_ends_the_task_in_any_state(sequence, end):
    state, now = TaskState(TASK), 0.0
    for news, pause, server_now in sequence:
        now += pause
        state = take(state, news, now, server_now)
    assert apply(state, end, now).ended
