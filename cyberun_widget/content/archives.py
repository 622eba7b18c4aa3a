"""Lists a zip file from its central directory: nothing is unpacked, so zip bombs are harmless (APPNOTE 4.3)."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIRECTORY_MAX: Final = 4 * 1024 * 1024
"""The most bytes of a directory that are read: about 50,000 entries."""

_TAIL: Final = 66_000  # bytes at the end that contain the end-of-directory record and a comment
_END: Final = struct.Struct("<4s4H2LH")
_LOCATOR: Final = struct.Struct("<4sLQL")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL_HEADER: Final = 30
_STORED, _DEFLATED = 0, 8
_ABSENT: Final = 0xFFFFFFFF  # the value is in the 64-bit extra field


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive. `size`, `packed`: bytes, uncompressed and compressed; `offset`: of its local header."""

    name: str
    size: int
    packed: int
    method: int
    offset: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries that were read, without folders, and the number of entries that the archive declares."""

    entries: list[Entry]
    stated: int
    whole: bool


def listing(path: Path) -> Listing:
    """Read at most `DIRECTORY_MAX` bytes of a zip file's directory. Raises zipfile.BadZipFile, OSError."""
    with path.open("rb") as file:
        stated, size, end = _end(file)
        start = end - size  # not the declared offset: other data may precede the archive
        if start < 0:
            raise zipfile.BadZipFile("its directory is cut off")
        file.seek(start)
        directory = file.read(min(size, DIRECTORY_MAX))
        entries = [entry for entry in _entries(directory) if not entry.name.endswith("/")]
    return Listing(entries, stated, whole=size <= DIRECTORY_MAX)


def beginning(path: Path, entry: Entry, most: int) -> bytes:
    """Return the first `most` bytes of an entry, uncompressed. Raises zipfile.BadZipFile, zlib.error, OSError."""
    with path.open("rb") as file:
        file.seek(entry.offset)
        header = file.read(_LOCAL_HEADER)
        if header[:4] != b"PK\x03\x04" or len(header) < _LOCAL_HEADER:
            raise zipfile.BadZipFile("an entry isn't where the directory says")
        file.seek(sum(struct.unpack_from("<2H", header, 26)), os.SEEK_CUR)
        data = file.read(min(entry.packed, 2 * most))
    if entry.method == _DEFLATED:
        return zlib.decompressobj(wbits=-15).decompress(data, most)
    if entry.method == _STORED:
        return data[:most]
    raise zipfile.BadZipFile(f"an entry uses an unsupported compression method ({entry.method})")


def _end(file: BinaryIO) -> tuple[int, int, int]:
    """Return the number of entries in the directory, its size in bytes, and the offset of its end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL, 0))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("its directory is missing")
    fields = _END.unpack_from(tail, at)
    count, length, end = fields[4], fields[5], size - len(tail) + at
    if at >= _LOCATOR.size and tail[at - _LOCATOR.size :][:4] == b"PK\x06\x07":
        end -= _LOCATOR.size + _END64.size
        file.seek(max(end, 0))
        record = file.read(_END64.size)
        if end < 0 or record[:4] != b"PK\x06\x06" or len(record) < _END64.size:
            raise zipfile.BadZipFile("its 64-bit directory is missing")
        fields = _END64.unpack(record)
        count, length = fields[7], fields[8]
    return count, length, end


def _entries(directory: bytes) -> Iterator[Entry]:
    """Yield the entries of a possibly truncated directory."""
    at = 0
    while at + _ENTRY.size <= len(directory):
        fields = _ENTRY.unpack_from(directory, at)
        if fields[0] != b"PK\x01\x02":
            raise zipfile.BadZipFile("its directory is damaged")
        flags, method, packed, size = fields[3], fields[4], fields[8], fields[9]
        names, extras, comment, offset = fields[10], fields[11], fields[12], fields[16]
        start = at + _ENTRY.size
        raw, extra = directory[start : start + names], directory[start + names : start + names + extras]
        if _ABSENT in (size, packed, offset):
            size, packed, offset = _wide(extra, (size, packed, offset))
        yield Entry(raw.decode("utf-8" if flags & 0x800 else "cp437", "replace"), size, packed, method, offset)
        at = start + names + extras + comment


def _wide(extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return size, compressed size and offset, with the 64-bit values of the extra field where present (4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            wide = iter(struct.unpack_from(f"<{length // 8}Q", extra[at + 4 :].ljust(length, b"\x00")))
            size, packed, offset = (next(wide, value) if value == _ABSENT else value for value in values)
            return size, packed, offset
        at += 4 + length
    return values
