"""Following a task in a terminal: the card redrawn in its place, or sparse lines where nobody watches the screen."""

from __future__ import annotations

import math
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget import _text
from cyberun_widget.client import Client
from cyberun_widget.errors import TaskCancelled, TaskFailed, WaitTimeout
from cyberun_widget.widget import TaskWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    Show = Callable[[Mapping[str, Any]], None]

_TICK: Final = 0.25  # seconds between two looks at the card
_STEPS: Final = 10  # plain lines from 0 to 100 %
_REMINDER: Final = 60.0  # seconds after which a plain line is due although nothing changed
_WIDTH: Final = 80  # characters of what stays on the screen
_WIDEST: Final = 120  # characters of what moves


def follow(
    task_id: str,
    *,
    base_url: str | None = None,
    team_id: str | None = None,
    local: bool = False,
    save: str | None = None,
    rich: bool | None = None,
) -> str:
    """Follow a task until its verdict, and return it: completed, failed or cancelled.

    `local`: a task of this machine's local server. `save`: a folder that gets all the task made. `rich`: whether to
    redraw the card in its place; by default on a terminal where rich is installed. Ctrl-C says that the task goes on,
    and is raised on.

    Raises CyberunError where the task can't be watched.
    """
    client = Client.local() if local else Client(base_url=base_url, team_id=team_id)
    card = TaskWidget(task_id, client, download="all" if save else "none")
    try:
        with _screen(rich) as show:
            verdict = _until_verdict(card, show)
        _say(_text.block(card.get_state(), _WIDTH))
        if save and card.artifacts:
            for path in card.save(save):
                _say(f"saved {path}")
    except KeyboardInterrupt:
        _say(f"Stopped watching. The task goes on: cyberun-widget watch {card.task_id}", error=True)
        raise
    finally:
        card.close()
    return verdict


def _until_verdict(card: TaskWidget, show: Show) -> str:
    while True:
        try:
            verdict = card.wait(_TICK).status
        except WaitTimeout:
            show(card.get_state())
            continue
        except (TaskFailed, TaskCancelled):
            verdict = card.status
        show(card.get_state())
        return verdict


def _screen(rich: bool | None) -> AbstractContextManager[Show]:
    if rich is None:
        rich = sys.stdout.isatty() and find_spec("rich") is not None
    return _drawing() if rich else _lines()


@contextmanager
def _lines() -> Iterator[Show]:
    """Give what prints a line when there is news, or when there was none for a minute."""
    last: tuple[object, ...] | None = None
    due = 0.0

    def show(traits: Mapping[str, Any]) -> None:
        nonlocal last, due
        news, now = news_of(traits), time.monotonic()
        if (news != last or now >= due) and not is_blank(traits):
            last, due = news, now + _REMINDER
            _say(_text.line(traits))

    yield show


@contextmanager
def _drawing() -> Iterator[Show]:
    """Give what draws the card over and over in the same place."""
    from rich.console import Console  # noqa: PLC0415 - an extra
    from rich.live import Live  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    console = Console(highlight=False)
    unicode = (console.encoding or "").lower().startswith("utf")
    with Live(console=console, refresh_per_second=4, transient=True) as live:

        def show(traits: Mapping[str, Any]) -> None:
            drawn = _text.block(traits, min(console.width, _WIDEST), colour=True, unicode=unicode)
            live.update(Text.from_ansi(drawn))

        yield show


def news_of(traits: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what has to differ for a new plain line: the state, the stage, a tenth of the way, trouble."""
    facts = traits["_facts"]
    problem = (facts.get("problem") or {}).get("text")
    tenth = math.floor(traits["progress"] * _STEPS)
    return (traits["status"], traits["stage"], facts.get("attempt"), facts.get("cancel"), tenth, problem)


def is_blank(traits: Mapping[str, Any]) -> bool:
    """Whether there is nothing to tell yet: no answer, and no trouble in getting one."""
    return traits["status"] == "unknown" and not traits["_facts"].get("problem")


def _say(text: str, *, error: bool = False) -> None:
    print(text, file=sys.stderr if error else sys.stdout, flush=True)
