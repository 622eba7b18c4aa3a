"""Displays a group: a pair of outputs in a notebook, text in a terminal or a script."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.group import export
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.waiting import pump
from cyberun_widget.render import sweep_archive
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

    def __init__(self, session: Session) -> None:
        self._session = session
        self._display_ids: list[str] = []
        self._shown: object = None  # the state that the archives show
        self._ahead = False  # whether the page has its controls, or can request them

    def display(self, group: TaskGroup) -> None:
        """Show a group in the current cell, with the static output that a saved notebook keeps."""
        if _kernel.host() in ("terminal", "script"):
            sys.stdout.write(f"{group!r}\n")  # the group is the value of an expression: a terminal shows its repr
            return
        made: Any = group._repr_mimebundle_()
        live, metadata = made if isinstance(made, tuple) else (made, {})
        live = {**(live or {}), "text/plain": f"TaskGroup of {len(group)}"}
        self._display_ids.append(_kernel.display_pair(live, self._bundle(group), metadata))

    def rewrite(self, group: TaskGroup) -> None:
        """Update the static outputs with the final state. Cheap if nothing has changed."""
        self._send_ahead(group)
        if (
            not self._display_ids or not self._session.still
        ):  # not `over`: that is set after the traits, and writing the traits calls this
            return
        showing = ([cell.sent for cell in self._session.cells], list(group.selected))
        if showing != self._shown:
            self._shown = showing
            _drawing.call(self._redraw, group)

    def _send_ahead(self, group: TaskGroup) -> None:
        """Send the sheet's controls in advance, if a busy kernel couldn't answer a request for them."""
        if self._display_ids and not self._ahead:
            self._ahead = True
            if _kernel.in_kernel() and not _kernel.has_subshells():
                group._channel.push_module("sweep")  # noqa: SLF001 - same package

    def _redraw(self, group: TaskGroup) -> None:
        bundle = self._bundle(group)
        for display_id in self._display_ids:
            _kernel.update(display_id, bundle)

    def _bundle(self, group: TaskGroup) -> dict[str, str]:
        if not self._session.still:
            return sweep_archive.unfinished(group.to_code(), line(group.counts, group._facts, group.progress))  # noqa: SLF001 - same package
        shown = export.sheet(self._session, None, None)
        text = "\n".join([line(group.counts, group._facts, group.progress), *table(shown)])  # noqa: SLF001 - likewise
        return sweep_archive.bundle(shown, group.counts, group.to_code(), group.selected, text)

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
