"""Each request of a page is answered once, by id; clicks never wait."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest

from cyberun_widget.card.messages import CARD_REQUESTS, PROTOCOL
from cyberun_widget.card.page_channel import Answer, PageChannel
from cyberun_widget.errors import CyberunError
from cyberun_widget.support import assets
from cyberun_widget.support.executors import READS, SAVES

SECONDS = 5.0


class Page:
    """A widget with one page, which records the messages sent, by the request they answer."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self._came = threading.Condition()
        self.states = 0

    def send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        with self._came:
            self.sent.append((content, buffers))
            self._came.notify_all()

    def send_state(self) -> None:
        self.states += 1

    def answer(self, number: str, seconds: float = SECONDS) -> tuple[dict[str, Any], list[bytes]]:
        with self._came:
            assert self._came.wait_for(lambda: self._find(number), seconds), f"no answer to {number}"
            return self._find(number)[0]

    def _find(self, number: str) -> list[tuple[dict[str, Any], list[bytes]]]:
        return [item for item in self.sent if item[0].get("re") == number]


def ask(channel: PageChannel, kind: str, number: str = "p-1", protocol: int = PROTOCOL, **fields: Any) -> None:
    channel.take(None, {"type": kind, "id": number, "protocol": protocol, **fields}, fields.pop("buffers", []))


def test_a_reply_carries_the_id_its_fields_and_its_bytes() -> None:
    page = Page()
    part = Answer({"offset": 0, "total": 3, "mime": "a/b"}, [b"abc"])
    channel = PageChannel(page, CARD_REQUESTS, {"read": (READS, lambda _request: part)})
    ask(channel, "read", key="k", revision="", offset=0, length=3)
    head = {"type": "reply", "protocol": PROTOCOL, "re": "p-1"}
    assert page.answer("p-1") == ({**head, "offset": 0, "total": 3, "mime": "a/b"}, [b"abc"])


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (CyberunError("The key was refused."), "failed", "The key was refused."),
        (ValueError("No such file.\x1b[31m"), "failed", "No such file."),
        (IndexError("list index out of range"), "fault", "A bug in cyberun-widget (IndexError)."),
        (SystemExit(3), "fault", "A bug in cyberun-widget (SystemExit)."),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_whatever_goes_wrong_the_page_gets_an_error(error: BaseException, code: str, text: str, later: bool) -> None:
    def handler(_request: object) -> Future[None]:
        if not later:
            raise error
        future: Future[None] = Future()
        future.set_exception(error)
        return future

    page = Page()
    ask(PageChannel(page, CARD_REQUESTS, {"cancel": (None, handler)}), "cancel", task_id="t")
    answer, _ = page.answer("p-1")
    assert answer["type"] == "error"
    assert answer["code"] == code
    assert answer["text"].startswith(text)


def test_a_handler_may_answer_later() -> None:
    page, future = Page(), Future[Answer | None]()
    ask(PageChannel(page, CARD_REQUESTS, {"cancel": (None, lambda _request: future)}), "cancel", task_id="t")
    future.set_result(None)
    assert page.answer("p-1")[0]["type"] == "reply"


def test_a_click_waits_neither_for_a_save_nor_for_bytes() -> None:
    page, go_on = Page(), threading.Event()
    routes = {
        "save_all": (SAVES, lambda _request: go_on.wait(SECONDS) and None),
        "read": (READS, lambda _request: go_on.wait(SECONDS) and None),
        "cancel": (None, lambda _request: None),
    }
    channel = PageChannel(page, CARD_REQUESTS, routes)
    ask(channel, "save_all", "p-1", task_id="t")
    ask(channel, "read", "p-2", key="k", revision="", offset=0, length=3)
    ask(channel, "cancel", "p-3", task_id="t")
    page.answer("p-3", 1.0)
    assert len(page.sent) == 1
    go_on.set()
    page.answer("p-1")
    page.answer("p-2")


def test_one_widgets_work_does_not_delay_anothers() -> None:
    slow, quick, go_on = Page(), Page(), threading.Event()
    waits = {"preview": (READS, lambda _request: go_on.wait(SECONDS) and None)}
    ask(PageChannel(slow, CARD_REQUESTS, waits), "preview", key="k")
    ask(PageChannel(quick, CARD_REQUESTS, {"preview": (READS, lambda _request: None)}), "preview", key="k")
    quick.answer("p-1", 1.0)
    go_on.set()
    slow.answer("p-1")


@pytest.mark.parametrize(("kind", "protocol"), [("cancel", PROTOCOL + 1), ("teleport", PROTOCOL), ("fetch", PROTOCOL)])
def test_a_page_of_another_version_is_asked_to_reload(kind: str, protocol: int) -> None:
    page = Page()
    ask(PageChannel(page, CARD_REQUESTS, {"cancel": (None, lambda _request: None)}), kind, protocol=protocol)
    answer, _ = page.answer("p-1")
    assert answer["code"] == "version"
    assert "Reload the page" in answer["text"]


def test_messages_that_are_not_requests_are_ignored() -> None:
    page = Page()
    channel = PageChannel(page)
    for content in [None, "cancel", {}, {"type": "sync"}, {"type": "sync", "id": 7}]:
        channel.take(None, content, [])
    ask(channel, "sync", "p-9")
    page.answer("p-9")
    assert page.states == 1
    assert len(page.sent) == 1


def test_a_module_is_sent_in_the_requested_revision_or_not_at_all() -> None:
    page = Page()
    channel = PageChannel(page)
    now = assets.revision("files.js")
    ask(channel, "module", "p-1", name="files", revision=now)
    ask(channel, "module", "p-2", name="files", revision="0123456789ab")
    ask(channel, "module", "p-3", name="../secrets", revision=now)
    fields, buffers = page.answer("p-1")
    assert (fields["name"], fields["revision"], buffers) == ("files", now, [assets.content("files.js")])
    assert "Restart the kernel" in page.answer("p-2")[0]["text"]
    assert "no module" in page.answer("p-3")[0]["text"]


def test_each_widget_learns_whether_it_is_visible() -> None:
    page, seen = Page(), list[tuple[str, bool]]()
    channel = PageChannel(page, on_visible=lambda view, visible: seen.append((view, visible)))
    ask(channel, "visible", "p-1", view="a", visible=False)
    ask(channel, "visible", "p-2", view="b", visible=True)
    page.answer("p-2")
    assert seen == [("a", False), ("b", True)]


def test_a_thousand_requests_are_answered_in_order() -> None:
    page, order = Page(), list[str]()
    channel = PageChannel(page, CARD_REQUESTS, {"fetch": (None, lambda request: order.append(request.fields["key"]))})
    began = time.monotonic()
    for number in range(1000):
        ask(channel, "fetch", f"p-{number}", key=str(number))
    page.answer("p-999")
    assert order == [str(number) for number in range(1000)]
    assert time.monotonic() - began < SECONDS
