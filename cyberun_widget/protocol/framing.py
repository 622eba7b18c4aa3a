"""Extracts the content from the body of an HTTP/1.1 response. Pure. Source: RFC 9112, 6 and 7.1.

A framing receives the bytes after the head as they arrive: `feed` returns the content in them, `ended` says whether the
body is over, and `close` raises FramingError if the body or the connection ended too soon.
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
    """A body with invalid HTTP/1.1 framing, or one that ends too soon."""


class Framing(Protocol):
    """The framing of one body."""

    ended: bool

    def feed(self, data: bytes) -> bytes:
        """Return the content in the next bytes."""

    def close(self) -> None:
        """Finish the body. Raises FramingError if bytes are missing or don't belong to it."""


def framing(headers: Mapping[str, str]) -> Framing | None:
    """Return the framing of a body with these headers, None if it takes a complete HTTP parser."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        return Chunked() if coding.strip().lower() == "chunked" else None
    if length is not None:
        return Sized(int(length)) if length.isascii() and length.isdigit() else None
    return UntilClose()


def after_head(heard: bytes) -> bytes | None:
    """Return the bytes after a response's head, skipping interim responses (1xx). None if the head is incomplete."""
    begin = 0
    while (status := _STATUS.match(heard, begin)) and (end := _HEAD_END.search(heard, begin)):
        begin = end.end()
        if not status[1].startswith(b"1"):
            return heard[begin:]
    return None


class UntilClose:
    """A body that ends when the connection closes."""

    ended = False

    def feed(self, data: bytes) -> bytes:
        """Return all of it."""
        return data

    def close(self) -> None:
        """Do nothing: no bytes can be missing."""


class Sized:
    """A body of known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = length == 0

    def feed(self, data: bytes) -> bytes:
        """Return the bytes that belong to the body."""
        content = data[: self._left]
        self._left -= len(content)
        self.ended = self._left == 0
        return content

    def close(self) -> None:
        """Raise FramingError if bytes are missing."""
        if not self.ended:
            raise FramingError(f"{self._left} bytes are missing")


class Chunked:
    """A chunked body. Chunk extensions and trailers are ignored."""

    def __init__(self) -> None:
        self.ended = False
        self._problem = "the last chunk is missing"
        self._left = 0  # remaining bytes of the chunk
        self._filled = False  # the chunk is complete except for its final line break
        self._trailing = 0  # bytes of trailers so far, including the last chunk's line
        self._line = b""  # the start of an incomplete line

    def feed(self, data: bytes) -> bytes:
        """Return the content of the chunks, up to the first byte that isn't part of one."""
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
        """Raise FramingError if the last chunk is missing."""
        if self._problem:
            raise FramingError(self._problem)

    def _end(self, problem: str = "") -> None:
        self.ended, self._problem = True, problem

    def _take_line(self, line: bytes) -> None:
        if self._filled:
            self._filled = False
            if line:
                self._end("a chunk is longer than its declared size")
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
