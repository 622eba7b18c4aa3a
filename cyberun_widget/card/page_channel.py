"""A widget's channel to its pages: accepts requests on any thread, dispatches them, and answers each by its id."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from cyberun_widget.card.messages import PROTOCOL, PUSHES, WIDGET_REQUESTS, Error, Reply, check
from cyberun_widget.errors import CyberunError
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.support import assets
from cyberun_widget.support.executors import READS, FairExecutor, JobQueue
from cyberun_widget.support.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Handler = Callable[["Request"], "Answer | Future[Answer | None] | None"]
    Route = tuple[FairExecutor | None, Handler]

_log = logging.getLogger(__name__)
_WORDS: Final = (CyberunError, OSError, ValueError)  # errors whose text may be shown
_OLD_PAGE: Final = "This widget was drawn by another version of cyberun-widget. Reload the page and run its cell again."
_OLD_KERNEL: Final = "cyberun-widget was updated while this kernel was running. Restart the kernel."


class Widget(Protocol):
    """What the channel needs from a widget."""

    def send(self, content: dict[str, Any], buffers: list[bytes], /) -> None:
        """Send a custom message to every page that shows the widget, if there is one."""

    def send_state(self) -> None:
        """Send all synced traits."""


class Request(NamedTuple):
    """A request from a page: its fields, as listed for its kind in the table of messages, and its buffers."""

    fields: dict[str, Any]
    buffers: list[bytes]


class Answer(NamedTuple):
    """The fields of a reply, and its buffers."""

    fields: Mapping[str, Any] = {}
    buffers: Sequence[bytes] = ()


class PageChannel:
    """Answers the requests of one widget's pages.

    `table`: the kinds of request, see `card.messages`; those common to all widgets are answered here. `routes`: kind ->
    executor and handler. Without an executor, the handler runs at once on the thread that received the message; this is
    for handlers that only post to another thread, such as clicks. Blocking handlers run on `executors.READS` or
    `executors.SAVES`, which keep each widget's requests in order and share their threads fairly between widgets.

    A handler receives the `Request` and returns an `Answer`, None for a reply without fields, or a Future of either. An
    exception rejects the page's promise: the text of a CyberunError, OSError or ValueError is shown, anything else is
    logged and reported as a fault.

        channel = PageChannel(widget, FORM_REQUESTS, {"run": (None, lambda request: start(request.fields))})
        widget.on_msg(channel.take)

    `on_visible`: called with a view's id and whether it is visible.
    """

    def __init__(
        self,
        widget: Widget,
        table: Mapping[str, tuple[type, type]] = WIDGET_REQUESTS,
        routes: Mapping[str, Route] | None = None,
        *,
        on_visible: Callable[[str, bool], object] | None = None,
    ) -> None:
        self._widget, self._table = widget, table
        self._routes: dict[str, Route] = {
            "module": (READS, _module),
            "sync": (READS, lambda _request: widget.send_state()),
            "visible": (None, self._seen),
            **(routes or {}),
        }
        self._on_visible = on_visible
        self._queues: dict[FairExecutor, JobQueue] = {}
        for executor, _ in self._routes.values():
            if executor is not None:
                self._queues.setdefault(executor, JobQueue())

    def take(self, _widget: object, content: object, buffers: Sequence[memoryview | bytes]) -> None:
        """Accept a page's message on any thread, and return at once. To be passed to `on_msg`."""
        if not isinstance(content, dict) or not isinstance(content.get("id"), str):
            return
        kind = str(content.get("type"))
        executor = self._routes[kind][0] if kind in self._routes else None
        data = [bytes(item) for item in buffers]
        if executor is None:
            self._serve(content, data)
        else:
            executor.call(self._queues[executor], self._serve, content, data)

    def push(self, kind: str, fields: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a message that no page requested."""
        if kind not in PUSHES:
            raise ValueError(f"{kind!r} is not in the table of pushes.")
        self._send({"type": kind, "protocol": PROTOCOL, **fields}, buffers)

    def push_module(self, name: str) -> None:
        """Send a script ahead, in case the kernel is too busy when the page needs it."""
        answer = _script(name)
        self.push("module", answer.fields, answer.buffers)

    def tell(self, text: str) -> None:
        """Show a problem with an earlier request on the pages."""
        self.push("problem", {"text": clean(text, lines=True)})

    # --- answers ---------------------------------------------------------------------------------------------------

    def _seen(self, request: Request) -> None:
        if self._on_visible is not None:
            self._on_visible(request.fields["view"], request.fields["visible"])

    def _serve(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        number, kind = content["id"], str(content.get("type"))
        if content.get("protocol") != PROTOCOL or kind not in self._table or kind not in self._routes:
            self._refuse(number, "version", _OLD_PAGE)
            return
        try:
            check(content, self._table[kind][0])
            answer = self._routes[kind][1](Request(content, buffers))
        except BaseException as exc:  # noqa: BLE001 - the page must get an answer in any case
            self._failed(number, kind, exc)
            return
        if isinstance(answer, Future):
            answer.add_done_callback(partial(self._finished, number, kind))
        else:
            self._reply(number, answer)

    def _finished(self, number: str, kind: str, future: Future[Answer | None]) -> None:
        try:
            answer = future.result()
        except BaseException as exc:  # noqa: BLE001 - likewise, including the CancelledError of a cancelled future
            self._failed(number, kind, exc)
        else:
            self._reply(number, answer)

    def _reply(self, number: str, answer: Answer | None) -> None:
        fields, buffers = answer or Answer()
        head: Reply = {"type": "reply", "protocol": PROTOCOL, "re": number}
        self._send({**fields, **head}, buffers)

    def _failed(self, number: str, kind: str, exc: BaseException) -> None:
        if isinstance(exc, _WORDS):
            _log.info("a page's %s failed: %s", kind, exc)
            self._refuse(number, "failed", str(exc))
        else:
            _log.error("a page's %s raised", kind, exc_info=exc)
            self._refuse(
                number, "fault", f"A bug in cyberun-widget ({type(exc).__name__}). See the kernel's log for details."
            )

    def _refuse(self, number: str, code: Any, text: str) -> None:
        error: Error = {
            "type": "error",
            "protocol": PROTOCOL,
            "re": number,
            "code": code,
            "text": clean(text, lines=True),
        }
        self._send(dict(error), ())

    def _send(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        _kernel.unbound(self._widget.send, content, list(buffers))


def _module(request: Request) -> Answer:
    answer = _script(request.fields["name"])
    if answer.fields["revision"] != request.fields["revision"]:
        raise ValueError(_OLD_KERNEL)
    return answer


def _script(name: str) -> Answer:
    if name not in assets.modules():
        raise ValueError(f"There is no module {name!r}.")
    script = f"{name}.js"
    return Answer({"name": name, "revision": assets.revision(script)}, [assets.content(script)])
