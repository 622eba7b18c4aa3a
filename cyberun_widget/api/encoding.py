"""Content-Encoding (RFC 9110, 8.4): one coding at most, and a limit on what comes out. Pure.

httpx undoes any number of nested codings, without a limit: 3.5 KB on the wire became 4 GB of memory.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from cyberun_widget.support.units import data_size

if TYPE_CHECKING:
    from collections.abc import Iterator

CODINGS: Final = ("gzip", "x-gzip", "deflate")
"""What `Decoder` undoes. Nothing else is ever asked for."""

_PIECE: Final = 256 * 1024  # bytes that come out at a time
_FREE: Final = 64 * 1024 * 1024  # bytes that may come out whatever came in
_RATIO: Final = 200  # and beyond that, bytes out for each byte in: text packs by 3 to 50


class EncodingError(ValueError):
    """A body that mustn't or can't be decoded. `broken`: it was damaged on the way, and may come whole next time."""

    def __init__(self, message: str, *, broken: bool = False) -> None:
        super().__init__(message)
        self.broken = broken


def coding(header: str) -> str:
    """Return the coding that a Content-Encoding header names, "" for none. Raises EncodingError for any other."""
    names = [name for part in header.lower().split(",") if (name := part.strip()) and name != "identity"]
    if len(names) > 1:
        raise EncodingError("it is compressed more than once")
    if names and names[0] not in CODINGS:
        raise EncodingError("it uses a compression that was not requested")
    return names[0] if names else ""


class Decoder:
    """Undoes one coding, a piece at a time."""

    def __init__(self, name: str) -> None:
        self._gzip = name.endswith("gzip")
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # finds a gzip or zlib header by itself
        self._came = self._gave = 0
        self._whole = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` becomes, in pieces of at most 256 KiB. Raises EncodingError."""
        if not self._came and data and not self._gzip and data[0] & 0x0F != zlib.DEFLATED:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # deflate without zlib's header: some servers' reading
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
        """Note the end of the body. Raises EncodingError where it came too early."""
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
