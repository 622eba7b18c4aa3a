"""Recovers points that another process is submitting, once it has finished or died."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cyberun_widget.group.plan.candidates import EARLY, Search, candidates, contested, decisive
from cyberun_widget.support.aio import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberun_widget.group.opening import Opened
    from cyberun_widget.group.points import Cell
    from cyberun_widget.group.session import Session
    from cyberun_widget.protocol.models import Task

_LOOK: Final = 1.0  # seconds between two checks of what another process is doing with these points
_LISTED: Final = (200, 1_000, 10_000)  # tasks to search; the next number if all are too recent


class Recovery:
    """The recovery of one group. Runs on the network loop."""

    def __init__(self, session: Session, opened: Opened) -> None:
        self._session, self._opened = session, opened
        self._minding = False

    def begin(self) -> None:
        """Search for the tasks of points that a crash left in doubt, and watch the points of other processes."""
        doubted = [cell for cell in self._session.cells if cell.key in self._opened.doubted]
        if doubted:
            self._session.spawn(self._reunite(doubted))
        self.mind()

    def mind(self) -> None:
        """Watch the points that another process is submitting."""
        if not self._minding and self._foreign():
            self._minding = True
            self._session.spawn(self._watch())

    def _foreign(self) -> list[Cell]:
        me = self._opened.ledger.owner.name
        held = ("claimed", "sending")
        return [cell for cell in self._session.cells if cell.entry.state in held and cell.entry.owner != me]

    async def _watch(self) -> None:
        ledger, sweep = self._opened.ledger, self._opened.sweep.id
        try:
            while foreign := self._foreign():
                await asyncio.sleep(_LOOK)
                doubted = await run_in_thread(ledger.recover, sweep)
                await self._session.refresh(foreign)
                self._session.queue([cell for cell in foreign if cell.entry.state == "planned"])
                await self._reunite([cell for cell in foreign if cell.key in doubted])
        finally:
            self._minding = False

    async def search(self, cells: Sequence[Cell]) -> None:
        """Search the service's tasks for those that may belong to these unknown points."""
        sent = {cell.index: cell.entry.sent_at for cell in cells if cell.entry.sent_at is not None}
        if not sent:
            return
        tasks, complete = await self._listed(datetime.fromtimestamp(min(sent.values()), UTC) - EARLY)
        strangers = await run_in_thread(self._opened.ledger.strangers, [task.id for task in tasks])
        workflow, now = self._opened.workflow, time.time()
        unknown = [cell for cell in self._session.cells if cell.status == "unknown" and cell.entry.sent_at is not None]
        found = contested(
            [
                candidates(
                    tasks,
                    parameters=cell.parameters,
                    sent_at=cell.entry.sent_at or 0.0,
                    workflow_ids={workflow.id, workflow.slug, workflow.name},
                    strangers=strangers,
                )
                for cell in unknown
            ]
        )
        for cell, items in zip(unknown, found, strict=True):
            if cell.index in sent:
                cell.search = Search(items, complete, now - sent[cell.index])
                self._session.touch(cell)

    async def _listed(self, since: datetime) -> tuple[list[Task], bool]:
        """Return the service's tasks, and whether they certainly include every task created since `since`."""
        for limit in _LISTED:
            tasks = await self._session.calls.tasks(limit=limit)
            times = [task.created_at for task in tasks if task.created_at is not None]
            newest_first = len(times) == len(tasks) and times == sorted(times, reverse=True)
            if len(tasks) < limit or (newest_first and times[-1] < since):
                return tasks, True
        return tasks, False

    async def _reunite(self, cells: Sequence[Cell]) -> None:
        """Attach each point that a crash left in doubt to its task, if exactly one task can be its own."""
        await self.search(cells)
        for cell in cells:
            found = decisive(cell.search.found) if cell.search is not None else None
            if found is not None:
                await run_in_thread(self._opened.ledger.attach, self._opened.sweep.id, cell.key, found.task_id)
                await self._session.refresh([cell])
