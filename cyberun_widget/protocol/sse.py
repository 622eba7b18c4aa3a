"""Bytes to messages: a decoder for `text/event-stream`. Pure: no network and no clock.

Source: the HTML standard, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream"
(https://html.spec.whatwg.org/multipage/server-sent-events.html). The stream is always UTF-8, regardless of headers.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_BOM: Final = b"\xef\xbb\xbf"
_LF: Final = 0x0A  # `number in bytes` takes a quarter of the time of `bytes in bytes`
_CR: Final = 0x0D
_R: Final = 0x72
_RETRY_DIGITS: Final = 12  # more than thirty years in milliseconds; longer numbers are clamped to this many nines
_AHEAD: Final = 1024  # bytes of a message's first lines that are buffered, uninterpreted, until its blank line
_HEADS: Final = 64  # cached first lines, and the maximum length of one
_build: Final = tuple.__new__  # takes half the time of NamedTuple's constructor


class SSEMessage(NamedTuple):
    """One message. `event`: its type, "message" if the stream gives none. `id`: the last event id so far, or ""."""

    event: str
    data: str
    id: str


class SSEDecoder:
    """Decodes the bytes of one stream into messages, for any division into chunks. Use one decoder per connection.

    Time is linear in the bytes fed. Memory is bounded: a message whose data lines exceed `max_event_bytes` in total, or
    that has a longer line, is dropped and counted; decoding continues with the next message.

    `retry`: the reconnection time that the stream requested, in whole ms, None if it didn't. `last_event_id`: the value
    of Last-Event-ID for the next connection, "" for none; when reconnecting, set it to the value that was sent.
    `oversized`: the number of messages dropped.
    """

    def __init__(self, max_event_bytes: int = 32 * 1024 * 1024) -> None:
        self.retry: int | None = None
        self.last_event_id = ""
        self.oversized = 0
        self._limit = max_event_bytes
        self._watchful = True  # one of the next two holds
        self._fresh = True  # the first character, possibly a byte-order mark, hasn't been received completely
        self._first = b""  # its bytes so far
        self._after_cr = False  # a line feed would complete the CR LF of the previous line
        self._tail = bytearray()  # the start of an incomplete line; between messages, also the lines before it
        self._between = True  # no line of a message has been interpreted since the last blank line
        self._heads: dict[str | bytes, str] = {}  # first lines of messages -> the types that they declare
        self._dropping = False  # the current message is too large
        self._event = ""
        self._data: list[str] = []
        self._held = 0  # bytes of the lines in _data
        self._id: str | None = None  # of the current message; takes effect once that is complete

    def feed(self, chunk: bytes) -> list[SSEMessage]:
        """Return the messages completed by this chunk. A message without its blank line is never returned."""
        if self._watchful:
            chunk = self._open(chunk)
        if _CR in chunk:
            self._watchful = self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        tail = self._tail
        if _LF not in chunk:
            tail += chunk
            if len(tail) > self._limit:
                return self._overflow()
            return []
        if not self._between or len(tail) + len(chunk) > self._limit:
            tail += chunk
            return self._by_lines()
        if not tail:  # the usual case: a message arrives in one piece
            head, _, data = chunk.partition(b"\ndata: ")
            event = self._heads.get(head)
            if event is not None:
                data, _, rest = data.partition(b"\n")
                if rest == b"\n":
                    return [_build(SSEMessage, (event, _text(data), self.last_event_id))]
        return self._between_messages(chunk)

    def _between_messages(self, chunk: bytes) -> list[SSEMessage]:
        """Process a chunk that ends a line, while the only lines of the current message are in the tail."""
        tail = self._tail
        messages: list[SSEMessage] = []
        block, blank, rest = chunk.rpartition(b"\n\n")
        if not blank and tail and tail[-1] == _LF == chunk[0]:
            blank, rest = b"\n", chunk[1:]
            del tail[-1]
        if blank:
            tail += block
            messages = self._by_messages(tail)
            tail.clear()
        tail += rest
        if _LF in tail and not self._may_wait():
            messages += self._by_lines()
        return messages

    def _open(self, chunk: bytes) -> bytes:
        """Return a chunk without a byte-order mark, or a line feed that completes the previous line's CR LF."""
        if self._fresh:
            chunk = self._first + chunk
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._first = chunk
                return b""
            self._fresh = False
            chunk = chunk.removeprefix(_BOM)
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        self._watchful = self._after_cr
        return chunk

    def _may_wait(self) -> bool:
        """Whether no line in the tail takes effect before its message is complete."""
        tail = self._tail
        return len(tail) <= _AHEAD and tail[0] != _R and not tail.partition(b"\nretry")[1]

    def _by_messages(self, block: bytearray) -> list[SSEMessage]:
        """Return the messages in lines that end with a blank line and start between messages."""
        if block.startswith(b"data: ") and _LF not in block:  # it may be large: avoid copies
            return [_build(SSEMessage, ("message", _text(block[6:]), self.last_event_id))]
        messages: list[SSEMessage] = []
        heads, last_id = self._heads, self.last_event_id
        for part in _text(block).split("\n\n"):
            head, _, data = part.partition("\ndata: ")
            event = heads.get(head)
            if event is not None and data and "\n" not in data:
                messages.append(_build(SSEMessage, (event, data, last_id)))
            elif "\n" in part or not part.startswith(":"):
                messages += self._interpret([*part.split("\n"), ""])
                last_id = self.last_event_id
                self._learn(head)
        return messages

    def _learn(self, head: str) -> None:
        """Cache a first line that declares a message's type."""
        if head.startswith("event: ") and "\n" not in head and max(len(head), len(self._heads)) < _HEADS:
            self._heads[head] = self._heads[head.encode()] = head[7:] or "message"

    def _by_lines(self) -> list[SSEMessage]:
        """Process the complete lines in the tail one by one. Incomplete ones may end within a character."""
        tail = self._tail
        end = tail.rfind(b"\n") + 1
        block = tail[: end - 1]
        del tail[:end]
        if self._dropping or self._held + len(block) >= self._limit:
            messages = self._carefully(block)
        else:
            messages = self._interpret(_text(block).split("\n"))
            self._held = self._count(block) if self._data else 0
        self._between = not (self._data or self._event or self._dropping or self._id is not None)
        if len(tail) > self._limit:
            self._overflow()
        return messages

    def _count(self, block: bytearray) -> int:
        """Return the bytes of the data lines that aren't followed by a blank line yet."""
        begin, held = block.rfind(b"\n\n") + 2, 0
        if begin == 1:  # no blank line, and the first line may be data
            begin, held = (1, 0) if block.startswith(b"\n") else (0, self._held)
        return held + sum(len(line) + 1 for line in block[begin:].split(b"\n") if _is_data(line))

    def _interpret(self, lines: list[str]) -> list[SSEMessage]:
        """Return the messages completed by these complete lines (9.2.6)."""
        messages: list[SSEMessage] = []
        event, data, last_id = self._event, self._data, self.last_event_id
        for line in lines:
            if line.startswith("data: "):
                data.append(line[6:])
            elif line.startswith("event: "):
                event = line[7:]
            elif not line:
                if self._id is not None:
                    last_id = self.last_event_id = self._id
                    self._id = None
                if data:
                    messages.append(_build(SSEMessage, (event or "message", "\n".join(data), last_id)))
                    data.clear()
                event = ""
            elif line[0] != ":":
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "data":
                    data.append(value)
                elif name == "event":
                    event = value
                else:
                    self._note(name, value)
        self._event = event
        return messages

    def _note(self, name: str, value: str) -> None:
        """Process a field that isn't part of the message. Unknown fields are ignored."""
        if name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            digits = value.lstrip("0") or "0"
            self.retry = int(digits) if len(digits) <= _RETRY_DIGITS else 10**_RETRY_DIGITS - 1

    def _carefully(self, block: bytearray) -> list[SSEMessage]:
        """Do the same as `_interpret`, line by line, because the limit is near."""
        messages: list[SSEMessage] = []
        for line in block.split(b"\n"):
            if not line:
                self._held, self._dropping = 0, False
            elif len(line) > self._limit:
                self._too_long(line)
                continue
            elif _is_data(line):
                self._held += len(line) + 1
                if self._dropping or self._held > self._limit:
                    self._drop()
                    continue
            messages += self._interpret([line.decode("utf-8", "replace")])
        return messages

    def _overflow(self) -> list[SSEMessage]:
        """Replace a line that has become too long by a comment."""
        messages = self._by_lines() if _LF in self._tail else []
        if len(self._tail) > self._limit:
            self._too_long(self._tail)
            self._tail[:] = b":"
        return messages

    def _too_long(self, line: bytearray) -> None:
        if not line.startswith(b":"):
            self._drop()

    def _drop(self) -> None:
        self.oversized += not self._dropping
        self._dropping, self._between = True, False
        self._held = 0
        self._data.clear()


def _text(block: bytes | bytearray) -> str:
    try:
        return block.decode()
    except UnicodeDecodeError:
        return block.decode("utf-8", "replace")


def _is_data(line: bytearray) -> bool:
    return line.startswith(b"data:") or line == b"data"
