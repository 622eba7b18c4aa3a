"""Displays a group: a pair of outputs in a notebook, text in a terminal or a script."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from cyberun_widget.group import export
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.static_copies import StaticCopies
from cyberun_widget.jupyter.waiting import pump
from cyberun_widget.render import static_sweep
from cyberun_widget.render.sweep_text import SweepTerminal, line, table
from cyberun_widget.support.threads import Serial

if TYPE_CHECKING:
    from concurrent.futures import Future

    from cyberun_widget.group.session import Session
    from cyberun_widget.group.widget import TaskGroup

_QUICK: Final = 1.0  # seconds: a shorter wait isn't drawn, since its caller polls and prints itself
_TICK: Final = 0.5  # seconds between two updates of a terminal
_drawing: Final = Serial("sheets")  # a thread for archives: hundreds of small pictures take a second


class Outputs:
    """The static outputs of one group, and its block in a terminal."""

    def __init__(self, group: TaskGroup, session: Session) -> None:
        self._group, self._session = group, session
        self._copies = StaticCopies(self._bundle)
        self._shown: object = None  # the state that the archives show
        self._ahead = False  # whether the page has its controls, or can request them

    def show(self) -> None:
        """Show the group in the current cell, with the static output that a saved notebook keeps."""
        self._copies.show(self._group, self._group._repr_mimebundle_, f"TaskGroup of {len(self._group)}")

    def rewrite(self) -> None:
        """Update the static outputs with the final state. Cheap if nothing has changed."""
        if not self._copies.shown:
            return
        self._send_ahead()
        if not self._session.still:  # not `over`: that is set after the traits, and writing the traits calls this
            return
        showing = ([cell.sent for cell in self._session.cells], list(self._group.selected))
        if showing != self._shown:
            self._shown = showing
            _drawing.call(self._copies.rewrite)

    def _send_ahead(self) -> None:
        """Send the sheet's controls in advance, if a busy kernel couldn't answer a request for them."""
        if not self._ahead:
            self._ahead = True
            if _kernel.in_kernel() and not _kernel.has_subshells():
                self._group._channel.push_module("sweep")  # noqa: SLF001 - same package

    def _bundle(self) -> dict[str, str]:
        group = self._group
        summary = line(group.counts, group._facts, group.progress)  # noqa: SLF001 - same package
        if not self._session.still:
            return static_sweep.unfinished(group.to_code(), summary)
        shown = export.sheet(self._session, None, None)
        text = "\n".join([summary, *table(shown)])
        return static_sweep.bundle(shown, group.counts, group.to_code(), group.selected, text)

    def attend(self, timeout: float | None) -> bool:
        """Wait until nothing more will happen without the user; False after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        drawn = _kernel.host() in ("terminal", "script") and (timeout is None or timeout >= _QUICK)
        terminal = SweepTerminal() if drawn else None
        while True:
            turn = self._session.turn  # taken before the check, so that it covers changes in between
            if terminal is not None:
                terminal.update(self._session.cells)
            if self._session.over:
                break
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if left == 0:
                return False
            pump(turn, left if terminal is None else min(_TICK, _TICK if left is None else left))
        if terminal is not None:
            terminal.update(self._session.cells)
            terminal.finish(table(export.sheet(self._session, None, None)))
        return True

    def pump(self, turn: Future[None]) -> None:
        """Wait for the next point to end, while the kernel keeps handling its other work."""
        pump(turn)
