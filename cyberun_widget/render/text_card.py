"""The card as text: one line for a log or a repr, a block of lines for a terminal. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.render.wording import CardText, card_text
from cyberun_widget.support.text import clean
from cyberun_widget.support.units import clock, count, data_size, percent
from cyberun_widget.support.words import say, stage_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FILES_SHOWN: Final = 12
_NARROW: Final = 20  # terminal cells: the minimum width of a block
_COLOURS: Final = {"run": "34", "ok": "32", "bad": "31", "warn": "33", "wait": "2", "dim": "2", "bold": "1"}
_ASCII: Final = str.maketrans({"·": "-", "…": "...", "’": "'", "×": "x", "●": "*", "✓": "+", "✗": "x", "—": "-"})
_ESCAPE: Final = re.compile(r"\x1b\[[\d;]*m")


def line(traits: Mapping[str, Any]) -> str:
    """Return the state in one line: workflow, task, status, progress, times, files."""
    said = card_text(traits)
    parts = [said.pill, said.percent, said.steps, said.node]
    if said.live:
        parts += [said.time, said.eta, "" if traits.get("connection") in ("live", "connecting") else said.connection]
    else:
        parts += [said.cause, said.time, said.files]
    name = " ".join(part for part in (said.title, said.label, said.task_id) if part)
    return " · ".join([name, *(part for part in parts if part)])


def block(
    traits: Mapping[str, Any], width: int = 80, *, colour: bool = False, unicode: bool = True, paths: bool = True
) -> str:
    """Return the state as lines of at most `width` cells, without a trailing line break.

    `colour`: use ANSI colours. `unicode`: False if the stream supports only ASCII; then the card's own symbols are
    replaced, but names and messages aren't. `paths`: include each file's path, which a saved notebook must not contain.
    """
    pen = _Pen(max(_NARROW, width), colour=colour, unicode=unicode)
    said = card_text(traits)
    head = [pen.paint(said.title, "bold"), said.label, pen.paint(said.task_id, "dim")]
    rows = [pen.row(head, [pen.paint(said.pill, said.tone)]), pen.row([pen.paint(said.about, "dim")], [])]
    if said.live:
        rows += _going_on(traits, said, pen)
    else:
        rows += _at_the_end(traits, said, pen, paths=paths)
    return "\n".join(row for row in rows if row)


def _going_on(traits: Mapping[str, Any], said: CardText, pen: _Pen) -> list[str]:
    progress = traits.get("progress") or 0.0
    tone = "ok" if traits.get("connection") == "live" else "warn"
    facts = [pen.paint(said.connection, tone), said.gpu, said.attempt]
    return [
        pen.bar(progress, said.tone),
        _stages(traits.get("stages") or [], pen),
        pen.row([pen.paint(said.percent, "bold"), said.steps, said.node, said.message], [said.time, said.eta]),
        pen.row(facts, [said.speed or said.files]),
        pen.row([pen.paint(said.note, "warn")], []),
    ]


def _at_the_end(traits: Mapping[str, Any], said: CardText, pen: _Pen, *, paths: bool) -> list[str]:
    cause = f"{said.node}: {said.cause}" if said.node and said.cause else said.cause
    rows = [pen.paint(part, "bad") for part in pen.wrapped(cause)]
    rows += [_stages(traits.get("stages") or [], pen)]
    cancelled = traits.get("status") == "cancelled"
    stopped_at = say("card.stopped_at", percent=said.percent) if said.percent and cancelled else ""
    rows += [pen.row([said.time, stopped_at, said.gpu, said.attempt], [said.files])]
    rows += [pen.row([said.note], [])]
    artifacts: Sequence[Mapping[str, Any]] = traits.get("artifacts") or []
    rows += [_file(item, pen, paths=paths) for item in artifacts[:_FILES_SHOWN]]
    if len(artifacts) > _FILES_SHOWN:
        rows += [pen.paint(f"  {say('card.more', count=count(len(artifacts) - _FILES_SHOWN))}", "dim")]
    return rows


def _stages(stages: Sequence[Mapping[str, Any]], pen: _Pen) -> str:
    marks = {"done": "✓", "failed": "✗", "running": "●"}
    tones = {"failed": "bad", "running": "run", "pending": "dim", "skipped": "dim"}
    shown = []
    for stage in stages:
        state = str(stage.get("state"))
        seconds, part = stage.get("seconds"), stage.get("progress")
        told = [marks.get(state, ""), stage_name(clean(stage.get("name"))), "" if seconds is None else clock(seconds)]
        told += [percent(part) if state == "running" and part is not None else ""]
        shown.append(pen.paint(" ".join(word for word in told if word), tones.get(state, "")))
    return pen.row(shown, []) if shown else ""


def _file(item: Mapping[str, Any], pen: _Pen, *, paths: bool) -> str:
    size = data_size(item["size"]) if item.get("size") is not None else ""
    state = "" if item.get("state") == "ready" else item.get("state")
    where = item.get("error") or (paths and item.get("path")) or state or ""
    tone = "bad" if item.get("error") else "dim"
    left = [f"  {clean(item.get('name'))}", size and pen.paint(size, "dim")]
    return pen.row([*left, pen.paint(clean(where), tone)], [])


class _Pen:
    """Lays out text in terminal cells: wide characters take two, combining characters and colours none."""

    def __init__(self, width: int, *, colour: bool, unicode: bool) -> None:
        self._width, self._colour, self._unicode = width, colour, unicode

    def paint(self, text: str, tone: str) -> str:
        """Return the text in a tone's colour."""
        code = _COLOURS.get(tone)
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code and text else text

    def row(self, left: Sequence[str], right: Sequence[str]) -> str:
        """Return one line with left- and right-aligned parts. If they don't fit, the left side is truncated."""
        start, end = ("  ".join(part for part in side if part) for side in (left, right))
        start, end = self._symbols(start), self._symbols(end)
        room = self._width - (cells(end) + 2 if end else 0)
        if room < self._width // 3:
            start, end = f"{start}  {end}", ""
            room = self._width
        start = cut(start, room, "…" if self._unicode else "~")
        gap = " " * (self._width - cells(start) - cells(end)) if end else ""
        return f"{start}{gap}{end}".rstrip()

    def bar(self, progress: float, tone: str) -> str:
        """Return a progress bar as wide as the block. `progress`: [0, 1]."""
        filled = round(self._width * min(1.0, max(0.0, progress)))
        full, empty = ("━", "─") if self._unicode else ("=", "-")
        return self.paint(full * filled, tone) + self.paint(empty * (self._width - filled), "dim")

    def wrapped(self, text: str, most: int = 6) -> list[str]:
        """Return a text wrapped between words, as at most `most` lines."""
        rows = [""]
        for word in self._symbols(text).split():
            longer = f"{rows[-1]} {word}".strip()
            if cells(longer) > self._width and rows[-1]:
                rows.append(word)
            else:
                rows[-1] = longer
        shown = [cut(row, self._width) for row in rows[:most]]
        if len(rows) > most:
            shown[-1] = cut(f"{shown[-1]} …", self._width)
        return shown

    def _symbols(self, text: str) -> str:
        return text if self._unicode else text.translate(_ASCII)


def cells(text: str) -> int:
    """Return the width of a text in terminal cells, ignoring colours."""
    return sum(_cell(char) for char in _ESCAPE.sub("", text))


def cut(text: str, room: int, ellipsis: str = "…") -> str:
    """Return the text, truncated with an ellipsis to at most `room` cells. Resets open colours."""
    if cells(text) <= room:
        return text
    kept, used, coloured = [], 0, False
    for piece in re.split(r"(\x1b\[[\d;]*m)", text):
        if _ESCAPE.fullmatch(piece):
            kept.append(piece)
            coloured = piece != "\x1b[0m"
            continue
        for char in piece:
            used += _cell(char)
            if used > room - 1:
                return "".join(kept) + ellipsis + ("\x1b[0m" if coloured else "")
            kept.append(char)
    return "".join(kept)


def _cell(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
