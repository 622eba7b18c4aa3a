"""Text from a hostile server, everywhere it is shown: errors, reprs, lists, diagnostics, the card, the archive."""

from __future__ import annotations

import re
import traceback

import pytest

from cyberun_widget import Client, CyberunError, FollowPolicy, TaskFailed, TaskWidget
from cyberun_widget.card.display import kept
from tests.servers.faulty import KEY, TASK, FaultyServer, Now, Script, answer, event, progress, sse

TRICKS = "\x1b]52;c;ZXZpbA==\x07\x1b]0;owned\x07\x1b[2J\x9b31m\x9d0;owned\x9c\x07\u202e\u2066"
HOSTILE = f"\r{TRICKS}out {TRICKS}of{TRICKS} memory\x85\r"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FAST = FollowPolicy(poll_interval=0.05, backoff_initial=0.01, backoff_max=0.05, max_failures=3)


def assert_safe(text: str) -> None:
    found = CONTROLS.search(text)
    assert found is None, repr(text[max(0, found.start() - 40) : found.end() + 40])
    assert "owned" not in text.replace(r"0;owned", "")  # the diagnostics quote skipped messages, escaped


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 422, 429, 500, 503])
def test_an_error_body_cannot_steer_the_terminal_that_shows_the_exception(status):
    script = Script(task=[answer({"error": HOSTILE}, status)])
    with FaultyServer(script) as server, pytest.raises(CyberunError) as caught:
        Client(KEY, base_url=server.base_url).task(TASK)
    assert "out of memory" in str(caught.value)
    assert_safe("".join(traceback.format_exception(caught.value)))


def test_lists_show_hostile_names_as_plain_words():
    listed = {"id": TASK, "task_status": HOSTILE, "workflow_name": HOSTILE, "gpu_type": HOSTILE, "tool_type": HOSTILE}
    workflow = {
        "id": "w",
        "workflow_slug": HOSTILE,
        "display_name": HOSTILE,
        "tool_type": HOSTILE,
        "parameters": [{"key": HOSTILE, "label": HOSTILE, "type": "string"}],
    }
    pages = {"task_list": [listed], "page_meta": {"total_count": 1}}, {"workflow_list": [workflow]}
    with FaultyServer(Script(other=[answer(page) for page in pages])) as server:
        client = Client(KEY, base_url=server.base_url)
        tasks, workflows = client.tasks(), client.workflows()
    for shown in (repr(tasks), tasks._repr_html_(), repr(workflows), workflows._repr_html_(), repr(tasks[0])):
        assert "out of memory" in shown
        assert_safe(shown)


def test_a_failed_tasks_error_is_safe_in_the_exception_the_card_and_the_archive(tmp_path):
    stream = sse(
        progress(0.5, message=HOSTILE, stage=HOSTILE, current_node=HOSTILE),
        event("error", message=HOSTILE),
        b"event: " + HOSTILE.replace("\r", "").encode() + b"\ndata: " + HOSTILE.replace("\r", "").encode() + b"\n\n",
        Now("failed", HOSTILE),
        event("failed", error=HOSTILE),
    )
    script = Script(events=[answer({"error": HOSTILE}, 500), stream], tool_type=HOSTILE)
    with FaultyServer(script) as server:
        card = TaskWidget(TASK, api_key=KEY, base_url=server.base_url, policy=FAST, download_dir=tmp_path)
        with pytest.raises(TaskFailed) as caught:
            card.wait(20)
    for shown in (str(caught.value), card.error, caught.value.result.error, card.stage, card.current_node, repr(card)):
        assert "out of memory" in " ".join(shown.split())
    assert_safe("".join(traceback.format_exception(caught.value)))
    for shown in (*kept(card).values(), card.diagnostics(), repr(card), card.message, str(card._facts)):
        assert_safe(re.sub(r"<style>.*?</style>", "", shown, flags=re.DOTALL))


def test_a_media_type_is_shown_but_not_trusted(tmp_path):
    odd = answer({}, Content_Type="text/\x9b31m\x9downed\x9cplain")
    with FaultyServer(Script(events=[odd], life=((0.3, "completed"),))) as server:
        card = TaskWidget(TASK, api_key=KEY, base_url=server.base_url, policy=FAST, download_dir=tmp_path)
        card.wait(20)
    assert "text/plain" in card.diagnostics()
    assert_safe(card.diagnostics())
