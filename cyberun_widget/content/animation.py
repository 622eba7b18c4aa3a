"""The duration of a GIF, from its block structure: no frame is decoded (GIF89a specification, 17 to 26)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import BinaryIO

FRAMES_MAX: Final = 20_000
_BLOCKS_MAX: Final = 1_000_000  # data blocks, of at most 255 bytes each
_BRIEF: Final = 1  # hundredths of a second: browsers show frames of this or less for a tenth


def gif_seconds(file: BinaryIO) -> tuple[float | None, bool]:
    """Return the duration of a GIF in seconds, None for a still one, and whether all frames were counted.

    Nothing is returned of an animation of more than `FRAMES_MAX` frames. `file`: at any place, and left at any.
    """
    file.seek(6)
    screen = file.read(7)
    if len(screen) < 7:  # noqa: PLR2004 - the screen descriptor
        return None, True
    _skip_colours(file, screen[4])
    frames, blocks, hundredths, delay = 0, 0, 0, 0
    while frames <= FRAMES_MAX and blocks <= _BLOCKS_MAX:
        match file.read(1):
            case b"!":
                if file.read(1) == b"\xf9" and len(control := file.read(5)) == 5:  # noqa: PLR2004 - its size and fields
                    delay = int.from_bytes(control[2:4], "little")
                blocks += _skip_data(file)
            case b",":
                frames += 1
                hundredths += delay if delay > _BRIEF else 10
                descriptor = file.read(9)
                if len(descriptor) == 9:  # noqa: PLR2004 - position, size and flags
                    _skip_colours(file, descriptor[8])
                file.seek(1, 1)  # the LZW minimum code size
                blocks += _skip_data(file)
            case _:  # the trailer, the end of a damaged file, or data that isn't GIF
                return (hundredths / 100 if frames > 1 else None), True
    return None, False


def _skip_colours(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 * 2 ** ((flags & 7) + 1), 1)


def _skip_data(file: BinaryIO) -> int:
    """Skip a sequence of data sub-blocks. Return their number."""
    blocks = 0
    while (size := file.read(1)) and size != b"\x00" and blocks <= _BLOCKS_MAX:
        file.seek(size[0], 1)
        blocks += 1
    return blocks + 1
