"""Cleans external text, from a server, a runtime or a file. Pure.

A terminal obeys escape sequences (ECMA-48), a page obeys bidirectional overrides (Unicode Annex 9), neither can show a
lone surrogate, and any text may contain a key. All text that is shown, logged or raised must pass through `clean`.
"""

from __future__ import annotations

import re
from typing import Final

from cyberun_widget.support.secrets import redact

_SPARE: Final = 4_096  # characters cleaned beyond a limit, so that the cut doesn't split a key or an escape sequence

# Each alternative excludes its own introducers, which keeps matching linear in the length of the text.
_ESCAPE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences: colours, cursor, erase
    r"|(?:\x1b[P\]X^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\n\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"  # strings: title, clipboard
    r"|\x1b[ -/]*[0-~]"  # the rest: character sets, reset, the start of an unterminated string
)
_BREAK: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# C0 except tab and line feed, DEL and C1; embeddings, overrides and isolates; deprecated and interlinear formatting;
# the byte-order mark; lone surrogates. Joiners and direction marks are kept: scripts and emoji need them.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")


def clean(text: object, *, lines: bool = False, limit: int | None = None) -> str:
    """Return text that is safe to show: no controls, escape sequences, bidirectional overrides, surrogates or keys.

    Returns one line with single spaces. With `lines`, tabs and line breaks are kept, and every break becomes a line
    feed. `limit`: maximum number of characters; longer text ends in an ellipsis. None becomes "".
    """
    kept, cut = "" if text is None else str(text), False
    if limit is not None and len(kept) > limit + _SPARE:
        kept, cut = kept[: limit + _SPARE], True
    if not kept.isprintable():  # nearly all text is printable
        kept = _UNSEEN.sub("", _BREAK.sub("\n", _ESCAPE.sub("", kept)))
    kept = redact(kept if lines else " ".join(kept.split()))
    if limit is not None and (cut or len(kept) > limit):
        return f"{kept[: limit - 1].rstrip()}…"
    return kept
