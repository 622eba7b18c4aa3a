"""Content-Encoding (RFC 9110, 8.4): at most one coding, and a limit on the decoded size. Pure.

httpx decodes any number of nested codings without a limit: 3.5 KB on the wire became 4 GB of memory.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from cyberun_widget.support.units import data_size

if TYPE_CHECKING:
    from collections.abc import Iterator

CODINGS: Final = ("gzip", "x-gzip", "deflate")
"""The codings that `Decoder` supports. No others are ever requested."""

_PIECE: Final = 256 * 1024  # maximum bytes per decoded piece
_FREE: Final = 64 * 1024 * 1024  # decoded bytes that are always allowed
_RATIO: Final = 200  # maximum ratio of decoded to encoded bytes beyond that; text compresses 3 to 50 times


class EncodingError(ValueError):
    """A body that mustn't or can't be decoded. `broken`: it was damaged in transit, so another attempt may succeed."""

    def __init__(self, message: str, *, broken: bool = False) -> None:
        super().__init__(message)
        self.broken = broken


def coding(header: str) -> str:
    """Return the coding in a Content-Encoding header, "" for none. Raises EncodingError if it isn't supported."""
    names = [name for part in header.lower().split(",") if (name := part.strip()) and name != "identity"]
    if len(names) > 1:
        raise EncodingError("it is compressed more than once")
    if names and names[0] not in CODINGS:
        raise EncodingError("it uses a compression that was not requested")
    return names[0] if names else ""


class Decoder:
    """Decodes one coding, piece by piece."""

    def __init__(self, name: str) -> None:
        self._gzip = name.endswith("gzip")
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # detects a gzip or zlib header
        self._came = self._gave = 0
        self._whole = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded `data` in pieces of at most 256 KiB. Raises EncodingError."""
        if not self._came and data and not self._gzip and data[0] & 0x0F != zlib.DEFLATED:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # deflate without a zlib header: some servers do this
        self._came += len(data)
        full = False
        while data or full:
            if self._whole:
                if not self._gzip:
                    return
                self._inflate, self._whole = zlib.decompressobj(zlib.MAX_WBITS | 32), False  # gzip's next member
            piece = self._next(data)
            data, full = self._inflate.unconsumed_tail, len(piece) == _PIECE
            if self._inflate.eof:
                self._whole, data, full = True, self._inflate.unused_data, False
            if piece:
                yield piece

    def finish(self) -> None:
        """Signal the end of the body. Raises EncodingError if the body is incomplete."""
        if self._came and not self._whole:
            raise EncodingError("it ended early", broken=True)

    def _next(self, data: bytes) -> bytes:
        try:
            piece = self._inflate.decompress(data, _PIECE)
        except zlib.error:
            raise EncodingError("it can't be decompressed", broken=True) from None
        self._gave += len(piece)
        if self._gave > _FREE + _RATIO * self._came:
            raise EncodingError(f"it exceeds {data_size(self._gave)} when decompressed")
        return piece
