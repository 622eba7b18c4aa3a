"""`cyberun-widget watch`: follows a task in a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.artifacts.result import TaskCancelled, TaskFailed
from cyberun_widget.card.widget import TaskWidget
from cyberun_widget.client.sync import Client
from cyberun_widget.errors import WaitTimeout
from cyberun_widget.render.terminal import TerminalCard
from cyberun_widget.render.text_card import block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Show = Callable[[Mapping[str, Any]], None]

_TICK: Final = 0.25  # seconds between two updates
_WIDEST: Final = 120  # characters


def follow(
    task_id: str,
    *,
    base_url: str | None = None,
    team_id: str | None = None,
    local: bool = False,
    save: str | None = None,
    plain: bool = False,
) -> str:
    """Follow a task until its verdict, and return it: completed, failed or cancelled.

    `local`: the task belongs to this machine's local server. `save`: a folder to copy all of the task's files to.
    `plain`: print sparse lines even on a terminal. On Ctrl-C, prints that the task is still running and re-raises.

    Raises CyberunError if the task can't be watched.
    """
    client = Client.local() if local else Client(base_url=base_url, team_id=team_id)
    card = TaskWidget(task_id, client, download="all" if save else "none")
    try:
        _draw(card, plain=plain)
        if save and card.artifacts:
            for path in card.save(save):
                _say(f"saved {path}")
        elif card.artifacts:
            _say("Use --save FOLDER to download the files.")
    except KeyboardInterrupt:
        _say(f"Stopped watching. The task is still running: cyberun-widget watch {card.task_id}", error=True)
        raise
    finally:
        card.close()
    return card.status


def _draw(card: TaskWidget, *, plain: bool) -> None:
    """Show the card until the verdict, using rich if it is installed, else `TerminalCard`."""
    if plain or not sys.stdout.isatty() or find_spec("rich") is None:
        environment = {**os.environ, "TERM": "dumb"} if plain else os.environ
        TerminalCard(sys.stdout, environ=environment).follow(card.get_state, lambda seconds: _ended(card, seconds))
        return
    with _rich() as show:
        while not _ended(card, _TICK):
            show(card.get_state())
        show(card.get_state())


def _ended(card: TaskWidget, seconds: float) -> bool:
    try:
        card.wait(seconds)
    except WaitTimeout:
        return False
    except (TaskFailed, TaskCancelled):  # a verdict too
        return True
    return True


@contextmanager
def _rich() -> Iterator[Show]:
    """Yield a function that redraws the card in place."""
    from rich.console import Console  # noqa: PLC0415 - an extra
    from rich.live import Live  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    console = Console(highlight=False)
    unicode = (console.encoding or "").lower().startswith("utf")
    with Live(console=console, refresh_per_second=4) as live:

        def show(traits: Mapping[str, Any]) -> None:
            width = min(_WIDEST, shutil.get_terminal_size().columns)
            live.update(Text.from_ansi(block(traits, width, colour=not console.no_color, unicode=unicode)))

        yield show


def _say(text: str, *, error: bool = False) -> None:
    print(text, file=sys.stderr if error else sys.stdout, flush=True)
