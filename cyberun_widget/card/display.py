"""How a card is displayed: as a pair of outputs in a notebook, as text in a terminal or a script."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from cyberun_widget.card.traits import shown
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.static_copies import StaticCopies
from cyberun_widget.jupyter.waiting import pump
from cyberun_widget.render import static_card
from cyberun_widget.render.excerpts import excerpts
from cyberun_widget.render.terminal import TerminalCard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

_QUICK: Final = 1.0  # seconds: a shorter wait isn't drawn, since its caller polls and prints progress itself

State = dict[str, Any]


class _Shown(Protocol):
    task_id: Any
    artifacts: Any

    def get_state(self) -> State: ...


class Archives:
    """The static outputs of one card, one per display."""

    def __init__(self, card: _Shown) -> None:
        self._card = card
        self._copies = StaticCopies(lambda: kept(card))
        self._shown: Any = None  # the artifacts in the outputs

    def show(self, mimebundle: Callable[[], Any]) -> None:
        """Show the card in the running cell, with its archive below it."""
        # The text must not contain anything that changes.
        self._copies.show(self._card, mimebundle, f"TaskWidget({json.dumps(self._card.task_id)})")

    def expire(self) -> None:
        """Force the next `rewrite` to write the outputs even if the artifacts haven't changed."""
        self._shown = None

    def rewrite(self) -> None:
        """Write the card's final state to the outputs, and again if a poster arrives later."""
        if self._card.artifacts != self._shown:
            self._copies.rewrite()
        self._shown = self._card.artifacts


def facts(card: _Shown) -> State:
    """Return a card's state with all details of its files, including posters and local paths."""
    return {**card.get_state(), "artifacts": shown(card.artifacts)}


def kept(card: _Shown) -> dict[str, str]:
    """Return the archive of a card, with file names but no local paths. Blocks briefly: it reads a few small files.

    Notebooks are shared, so they must not reveal the user's home folder.
    """
    state = facts(card)
    read = excerpts(state)
    state["artifacts"] = [{**item, "path": None} for item in state["artifacts"]]
    return static_card.bundle(unplaced(state, (Path.cwd(), Path.home())), read)


def unplaced(value: Any, places: Sequence[Path]) -> Any:
    """Return a state in which paths inside the given folders are relative to them."""
    match value:
        case str():
            for place in places:
                if len(place.parts) > 1:
                    value = value.replace(f"{place}{os.sep}", "").replace(str(place), place.name)
            return value
        case dict():
            return {key: unplaced(item, places) for key, item in value.items()}
        case list():
            return [unplaced(item, places) for item in value]
        case _:
            return value


def attend(card: _Shown, until: Future[Any], timeout: float | None) -> bool:
    """Wait until a future is done; return False after `timeout` seconds.

    Meanwhile a terminal or a script shows the card on stderr, unless the timeout is less than a second.
    """
    drawn = _kernel.host() in ("terminal", "script") and (timeout is None or timeout >= _QUICK)
    if not drawn or until.done():
        return pump(until, timeout)
    return TerminalCard().follow(lambda: facts(card), lambda seconds: pump(until, seconds), timeout)
