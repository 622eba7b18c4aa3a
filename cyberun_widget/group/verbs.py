"""What can be done with a group: by its methods, and by the page's buttons. None waits for a task.

What may cost money is named so: `start`, `retry`, `extend`, `send_again`. Nothing else submits anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.errors import CyberunError, ParameterError
from cyberun_widget.group.opening import note
from cyberun_widget.group.plan.axes import extended
from cyberun_widget.support.aio import run_in_thread
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping

    from cyberun_widget.artifacts.model import Artifact
    from cyberun_widget.following.task_watch import TaskWatch
    from cyberun_widget.group.opening import Opened
    from cyberun_widget.group.plan.candidates import Search
    from cyberun_widget.group.points import Cell
    from cyberun_widget.group.session import Session

ASK_ABOVE: Final = 50
"""Points from which on a sweep that nobody said `start` for waits for a click."""


class Verbs:
    """The verbs of one group. `grown` is called after points were added, on the network loop."""

    def __init__(self, session: Session, grown: Callable[[], None]) -> None:
        self._session, self._grown = session, grown

    # --- what may cost money -----------------------------------------------------------------------------------------

    def start(self, points: int | None = None) -> None:
        """Run the points that wait: so many more of them, None for all."""
        self._do(self._start(points))

    async def _start(self, points: int | None) -> None:
        session, opened = self._session, self._session.opened
        if session.engine is None or opened is None:
            return
        session.halted = False
        planned = [cell for cell in session.cells if cell.status == "planned"]
        if points is not None:
            waiting = session.held or planned
            points = None if points >= len(waiting) else waiting[points].index
        await run_in_thread(opened.ledger.allow, opened.sweep.id, points)
        session.engine.allow(points)
        session.queue(planned)

    def go_on(self, start: str, *, unasked: bool) -> None:
        """Submit what may be at the beginning: what `start` says, or what was agreed to in an earlier life.

        `unasked`: nobody wrote `start`, so that many points wait for a click.
        """
        opened = self._session.opened
        if opened is None:
            return
        planned = sum(cell.status == "planned" for cell in opened.cells)
        allowed = opened.sweep.allowed
        if allowed is None or (start == "all" and not (unasked and planned > ASK_ABOVE)):
            self.start()
        elif start == "first" and planned == len(opened.cells):
            self.start(1)
        elif allowed:
            self._do(self._resume(allowed))

    async def _resume(self, allowed: int) -> None:
        session = self._session
        if session.engine is not None:
            session.engine.allow(allowed)
            session.queue([cell for cell in session.cells if cell.status == "planned"])

    def retry(self, indices: Iterable[int]) -> None:
        """Run failed and cancelled points once more, with the same parameters and seeds: **each is paid for**.

        A point whose task merely can't be watched is watched again instead. What goes on, or has completed, stays.
        """
        self._do(self._retry(list(indices)))

    async def _retry(self, indices: Collection[int]) -> None:
        session, opened = self._session, self._session.opened
        again = []
        for cell in self._cells(indices):
            if cell.status == "error":
                cell.fatal = None
                session.adopt(cell, cell.entry)
            elif opened is not None and cell.status in ("failed", "cancelled"):
                await run_in_thread(opened.ledger.retry, opened.sweep.id, cell.key, cell.entry.attempt)
                session.watching.end(cell)
                cell.result, cell.metrics = None, {}
                again.append(cell)
        session.halted = session.halted and not again
        await session.refresh(again)
        session.queue([cell for cell in again if cell.status == "planned"], asked=True)

    def send_again(self, index: int) -> None:
        """Submit a point once more whose first submission was never answered: **it may then be paid for twice**."""
        self._do(self._send_again(index))

    async def _send_again(self, index: int) -> None:
        session, opened = self._session, self._session.opened
        (cell,) = self._cells([index])
        if opened is None or cell.status != "unknown":
            return
        await run_in_thread(opened.ledger.send_again, opened.sweep.id, cell.key)
        await session.refresh([cell])
        session.queue([cell], asked=True)

    async def extend(self, grid: Mapping[str, Any]) -> int:
        """Add values to the axes, or axes: only the points that are missing run. Returns how many.

        Raises ParameterError for what can't be run, before anything is.
        """
        session, opened = self._session, self._session.opened
        if opened is None or session.engine is None:
            raise CyberunError("This group was made of tasks; only one from client.map() can grow.")
        grid = {name: values if isinstance(values, str) else list(values) for name, values in grid.items()}
        space = extended(session.space, opened.workflow, grid)
        have = {cell.key: cell for cell in session.cells}
        cells, _ = await run_in_thread(note, opened.ledger, opened.sweep, space, have)
        fresh = cells[len(session.cells) :]
        session.space, session.cells = space, cells
        session.extensions.append({name: list(values) for name, values in grid.items()})
        self._grown()
        for cell in fresh:
            session.adopt(cell, cell.entry)
        session.queue([cell for cell in fresh if cell.status == "planned"], asked=True)
        return len(fresh)

    # --- what costs nothing ------------------------------------------------------------------------------------------

    def cancel(self, indices: Collection[int] | None = None) -> None:
        """Ask the service to cancel tasks, and submit nothing more of what is planned. None: of all points."""
        self._do(self._cancel(indices))

    async def _cancel(self, indices: Collection[int] | None) -> None:
        session, opened = self._session, self._session.opened
        if indices is None and session.engine is not None and opened is not None:
            session.halted = True
            session.engine.clear()
            begun = next((cell.index for cell in session.cells if cell.status == "planned"), len(session.cells))
            session.engine.allow(begun)
            await run_in_thread(opened.ledger.allow, opened.sweep.id, begun)
        for cell in self._cells(range(len(session.cells)) if indices is None else indices):
            if cell.watch is not None and not cell.ended:
                cell.watch.cancel()
            elif not cell.ended:
                session.unwanted.add(cell.index)  # it may be on its way just now
        session.check()

    def attach(self, index: int, task_id: str) -> None:
        """Settle an unknown point: this is its task. Waits; raises CyberunError where it can't be."""
        background.run(self._attach(index, task_id))

    async def _attach(self, index: int, task_id: str) -> None:
        session, opened = self._session, self._session.opened
        (cell,) = self._cells([index])
        if opened is None or cell.status != "unknown":
            raise CyberunError(f"Point {index} is {cell.status}; only a point that is unknown can be attached.")
        await session.calls.task(task_id)  # there is such a task, and this key may see it
        if not await run_in_thread(opened.ledger.attach, opened.sweep.id, cell.key, task_id):
            raise CyberunError(f"Task {task_id} is another point's already.")
        await session.refresh([cell])

    def search(self, index: int) -> Search | None:
        """Look for the tasks that an unknown point may have become; None for any other. Waits for the service."""
        return background.run(self._search(index))

    async def _search(self, index: int) -> Search | None:
        (cell,) = self._cells([index])
        if cell.status != "unknown" or self._session.recovery is None:
            return None
        await self._session.recovery.search([cell])
        return cell.search

    def mark(self, mark: str, points: Collection[int], before: Collection[int]) -> None:
        """Have the ledger keep which points have a mark, so that they have it in the notebook's next life, too."""
        if self._session.opened is not None:
            self._do(self._mark(self._session.opened, mark, set(points), set(before)))

    async def _mark(self, opened: Opened, mark: str, points: set[int], before: set[int]) -> None:
        for indices, on in ((points - before, True), (before - points, False)):
            cells = self._cells(indices)
            if cells:
                await run_in_thread(opened.ledger.mark, opened.sweep.id, mark, [cell.key for cell in cells], on=on)
            for cell in cells:
                marks = cell.entry.marks | {mark} if on else cell.entry.marks - {mark}
                cell.entry = replace(cell.entry, marks=marks)

    def look_at(self, indices: Collection[int]) -> None:
        """Follow closely the points that a page shows just now."""

        async def look() -> None:
            self._session.watching.look_at(indices)

        self._do(look())

    def fetch(self, index: int, key: str) -> None:
        """Download one file of a point, whatever its size."""
        self._do(self._fetch(index, key))

    async def _fetch(self, index: int, key: str) -> None:
        session = self._session
        (cell,) = self._cells([index])
        session.watching.begin(cell)
        if cell.watch is not None:
            session.spawn(self._download(cell.watch, key))

    async def _download(self, watch: TaskWatch, key: str) -> None:
        await watch.downloads.fetch(key)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something on the network loop. Waits for the ledger, some milliseconds, and never for the service."""
        if background.is_current():
            self._session.spawn(work)
        else:
            background.run(work)

    def _cells(self, indices: Iterable[int]) -> list[Cell]:
        cells = self._session.cells
        wanted = list(indices)
        if wrong := [index for index in wanted if not 0 <= index < len(cells)]:
            raise ParameterError(f"There is no point {wrong[0]}; the group has {len(cells):,}.")
        return [cells[index] for index in wanted]


def artifact_of(cell: Cell, key: str) -> Artifact:
    """Return one file of a point. Raises CyberunError where it has none of that key."""
    for item in cell.artifacts:
        if item.key == key:
            return item
    raise CyberunError(f"Point {cell.index} has no file {key!r}.")
