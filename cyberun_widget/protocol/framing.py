"""Where the body of an HTTP/1.1 answer begins and ends, and what of it is content. Pure. Source: RFC 9112, 6 and 7.1.

Each framing takes the bytes behind the head as they come: `feed` returns the content in them, `ended` says that no more
can come, and `close` raises FramingError where that or the connection's end came too soon.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE_MAX: Final = 16 * 1024  # bytes of a chunk's first line, with its extensions
_TRAILER_MAX: Final = 64 * 1024  # bytes of all trailers
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?")
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")


class FramingError(ValueError):
    """A body that isn't framed as HTTP/1.1 says, or that ends too soon."""


class Framing(Protocol):
    """How one body is framed."""

    ended: bool

    def feed(self, data: bytes) -> bytes:
        """Return the content in some more bytes."""

    def close(self) -> None:
        """Finish the body. Raises FramingError where bytes are missing or do not belong to it."""


def framing(headers: Mapping[str, str]) -> Framing | None:
    """Return how a body with these headers is framed, None where that is for a whole parser to tell."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        return Chunked() if coding.strip().lower() == "chunked" else None
    if length is not None:
        return Sized(int(length)) if length.isascii() and length.isdigit() else None
    return UntilClose()


def after_head(heard: bytes) -> bytes | None:
    """Return what stands behind an answer's head, and interim answers (1xx) before it; None if that isn't whole."""
    begin = 0
    while (status := _STATUS.match(heard, begin)) and (end := _HEAD_END.search(heard, begin)):
        begin = end.end()
        if not status[1].startswith(b"1"):
            return heard[begin:]
    return None


class UntilClose:
    """A body that ends with its connection."""

    ended = False

    def feed(self, data: bytes) -> bytes:
        """Return all of it."""
        return data

    def close(self) -> None:
        """Nothing can be missing."""


class Sized:
    """A body of known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = length == 0

    def feed(self, data: bytes) -> bytes:
        """Return what belongs to the body."""
        content = data[: self._left]
        self._left -= len(content)
        self.ended = self._left == 0
        return content

    def close(self) -> None:
        """Raise FramingError where bytes are missing."""
        if not self.ended:
            raise FramingError(f"{self._left} bytes are missing")


class Chunked:
    """A body in chunks. Their extensions and the trailers are passed over."""

    def __init__(self) -> None:
        self.ended = False
        self._problem = "the last chunk is missing"
        self._left = 0  # bytes of the chunk that are still to come
        self._filled = False  # the chunk is whole but for the end of its line
        self._trailing = 0  # bytes of trailers so far, and of the last chunk's line
        self._line = b""  # the start of a line whose end hasn't come

    def feed(self, data: bytes) -> bytes:
        """Return the content, joined: all of it that comes before what is none of a chunk."""
        if self._line:
            data, self._line = self._line + data, b""
        pieces: list[bytes] = []
        at, size = 0, len(data)
        while at < size and not self.ended:
            if self._left:
                end = min(size, at + self._left)
                pieces.append(data[at:end])
                self._left -= end - at
                self._filled = not self._left
                at = end
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                self._line = data[at:]
                if (self._filled and self._line != b"\r") or len(self._line) > _LINE_MAX:
                    self._end("a chunk doesn't end where it should, or has too long a line")
                break
            self._take_line(data[at:end])
            at = end + 2
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Raise FramingError where the last chunk is missing."""
        if self._problem:
            raise FramingError(self._problem)

    def _end(self, problem: str = "") -> None:
        self.ended, self._problem = True, problem

    def _take_line(self, line: bytes) -> None:
        if self._filled:
            self._filled = False
            if line:
                self._end("a chunk is longer than it says")
        elif self._trailing:
            self._trailing += len(line) + 2
            if self._trailing > _TRAILER_MAX:
                self._end("the trailers are too long")
            elif not line:
                self._end()
        else:
            size = _SIZE.fullmatch(line)
            if size is None or len(line) > _LINE_MAX:
                self._end("a chunk without a size")
                return
            self._left = int(size[1], 16)
            self._trailing = 0 if self._left else len(line)
