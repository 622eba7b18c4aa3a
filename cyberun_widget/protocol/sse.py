"""Bytes -> messages: a decoder of `text/event-stream`. Pure: it knows no network and no clock.

Source: the HTML standard, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream"
(https://html.spec.whatwg.org/multipage/server-sent-events.html). The stream is always UTF-8, whatever a header says.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_BOM: Final = b"\xef\xbb\xbf"
_LF: Final = 0x0A  # `number in bytes` takes a quarter of the time of `bytes in bytes`
_CR: Final = 0x0D
_RETRY_DIGITS: Final = 12  # more than thirty years in milliseconds; longer numbers are cut down to this many nines
_SMALL: Final = 256  # bytes of a piece of a line, below which it takes more memory than its bytes do
_LOOSE: Final = 512  # small pieces that are kept apart
_build: Final = tuple.__new__  # a message straight from its fields: half the time of NamedTuple's own constructor


class SSEMessage(NamedTuple):
    """One message. `event`: its type, "message" where the stream names none. `id`: the last event id so far, or ""."""

    event: str
    data: str
    id: str


class SSEDecoder:
    """Turns the bytes of one stream into messages, however they are cut into chunks. One decoder a connection.

    Time is linear in the bytes fed. Memory is bounded: a message whose data lines come to more than `max_event_bytes`,
    or that has a longer line than that, is dropped and counted; the next one is fine.

    `retry`: the reconnection time that the stream asked for, in whole ms, None if it didn't.
    `last_event_id`: what to send as Last-Event-ID when connecting again, "" for nothing. Where this stream itself is
    such a second connection, set it to what was sent. `oversized`: messages dropped.
    """

    def __init__(self, max_event_bytes: int = 32 * 1024 * 1024) -> None:
        self.retry: int | None = None
        self.last_event_id = ""
        self.oversized = 0
        self._limit = max_event_bytes
        self._watchful = True  # one of the next two holds
        self._fresh = True  # the first character hasn't been seen: it may be a byte-order mark
        self._first = b""  # what there is of it
        self._after_cr = False  # a line feed would belong to the line end that was just seen
        self._line: list[bytes] = []  # the start of a line whose end hasn't come, in pieces
        self._line_size = 0  # bytes in them
        self._loose = 0  # small pieces that have come since they were last joined
        self._dropping = False  # the message at hand is too large
        self._event = ""
        self._data: list[str] = []
        self._held = 0  # bytes of the lines in _data
        self._id: str | None = None  # of the message at hand; counts once that is complete

    def feed(self, chunk: bytes) -> list[SSEMessage]:
        """Return the messages that this chunk completes. A message without its blank line stays out for ever."""
        if self._watchful:
            chunk = self._open(chunk)
        if _CR in chunk:
            self._watchful = self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # Whole lines only, so that no character is cut, and a broken one can't reach beyond its line.
        if chunk and chunk[-1] == _LF:
            block, rest = chunk[:-1], b""
        elif _LF in chunk:
            block, _, rest = chunk.rpartition(b"\n")
        else:
            self._begin_line(chunk)
            return []
        if self._line:
            self._line.append(block)
            block = b"".join(self._line)
            self._line.clear()
            self._line_size = self._loose = 0
        if self._dropping or self._held + len(block) >= self._limit:
            messages = self._carefully(block)
        else:
            try:
                text = block.decode()
            except UnicodeDecodeError:
                text = block.decode("utf-8", "replace")
            messages = self._interpret(text.split("\n"))
            self._held = self._count(block) if self._data else 0
        if rest:
            self._begin_line(rest)
        return messages

    def _open(self, chunk: bytes) -> bytes:
        """Return a chunk without what only the chunks before it can tell to be no part of a line."""
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

    def _count(self, block: bytes) -> int:
        """Return the bytes of the data lines that now stand without their blank line."""
        begin, held = block.rfind(b"\n\n") + 2, 0
        if begin == 1:  # none in there, and the first line may be one
            begin, held = (1, 0) if block.startswith(b"\n") else (0, self._held)
        return held + sum(len(line) + 1 for line in block[begin:].split(b"\n") if _is_data(line))

    def _interpret(self, lines: list[str]) -> list[SSEMessage]:
        """Return the messages that whole lines complete (9.2.6)."""
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
        """Take a field that is no part of the message. One of another name is nothing to us."""
        if name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            digits = value.lstrip("0") or "0"
            self.retry = int(digits) if len(digits) <= _RETRY_DIGITS else 10**_RETRY_DIGITS - 1

    def _carefully(self, block: bytes) -> list[SSEMessage]:
        """Do what `_interpret` does, line by line, where the limit is near."""
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

    def _begin_line(self, part: bytes) -> None:
        """Keep a piece of a line until its end comes; of one that grows too long, no more than a comment."""
        if not part:
            return
        self._line.append(part)
        self._line_size += len(part)
        self._loose += len(part) < _SMALL
        if self._line_size > self._limit:
            self._too_long(self._line[0])
            self._line, self._line_size, self._loose = [b":"], 1, 1
        elif self._loose == _LOOSE:
            _pack(self._line)
            self._loose = 0

    def _too_long(self, line: bytes) -> None:
        if not line.startswith(b":"):
            self._drop()

    def _drop(self) -> None:
        self.oversized += not self._dropping
        self._dropping = True
        self._held = 0
        self._data.clear()


def _pack(pieces: list[bytes]) -> None:
    """Join the small pieces at the end of a line's: those before them are large already."""
    begin = len(pieces)
    while begin and len(pieces[begin - 1]) < _SMALL:
        begin -= 1
    pieces[begin:] = [b"".join(pieces[begin:])]


def _is_data(line: bytes) -> bool:
    return line.startswith(b"data:") or line == b"data"
