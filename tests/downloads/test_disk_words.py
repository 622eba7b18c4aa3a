"""Messages for disk errors."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cyberun_widget.downloads.sink import disk_words

TABLE = {
    errno.ENOSPC: "No space left",
    errno.EDQUOT: "No space left",
    errno.EACCES: "is not writable",
    errno.EROFS: "is not writable",
    errno.EFBIG: "too large",
    errno.ENOTDIR: "is not a usable folder",
    errno.EMFILE: "Too many open files",
    errno.EIO: "Try again",
}


@pytest.mark.parametrize(("number", "words"), TABLE.items(), ids=[errno.errorcode[number] for number in TABLE])
def test_a_disk_error_says_what_to_do(number, words):
    told = disk_words(OSError(number, os.strerror(number)), Path("results"))
    assert words in told
    assert "Errno" not in told
