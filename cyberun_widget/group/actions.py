"""The actions of a group, called by its methods and by the page's buttons. None waits for a task.

Only `start`, `go_on`, `retry`, `extend` and `send_again` may cost money. Nothing else submits anything.
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
"""A sweep with more points than this waits for a click, unless `start` was given."""


class Actions:
    """The actions of one group. `grown` is called on the network loop after points were added."""

    def __init__(self, session: Session, grown: Callable[[], None]) -> None:
        self._session, self._grown = session, grown

    # --- what may cost money -----------------------------------------------------------------------------------------

    def start(self, points: int | None = None) -> None:
        """Run waiting points. `points`: how many more of them; None for all."""
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
        """Submit the initial points: as `start` says, or as many as were agreed to in an earlier session.

        `unasked`: the user didn't give `start`, so a large sweep waits for a click.
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
        """Run failed and cancelled points again, with the same parameters and seeds: **each is paid for**.

        A point whose task merely can't be watched is watched again instead. Running and completed points are unchanged.
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
        """Submit a point again whose first submission was never answered: **it may then be paid for twice**."""
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
        """Add values to axes, or new axes: only the new points run. Returns how many.

        Raises ParameterError for invalid values, before anything runs.
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
        """Ask the service to cancel the points' tasks, and submit none of them that are planned. None: all points."""
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
                session.unwanted.add(cell.index)  # it may be being submitted right now
        session.check()

    def attach(self, index: int, task_id: str) -> None:
        """Settle an unknown point: this is its task. Blocks; raises CyberunError if it can't be."""
        background.run(self._attach(index, task_id))

    async def _attach(self, index: int, task_id: str) -> None:
        session, opened = self._session, self._session.opened
        (cell,) = self._cells([index])
        if opened is None or cell.status != "unknown":
            raise CyberunError(f"Point {index} is {cell.status}; only a point that is unknown can be attached.")
        await session.calls.task(task_id)  # check that the task exists and this key may see it
        if not await run_in_thread(opened.ledger.attach, opened.sweep.id, cell.key, task_id):
            raise CyberunError(f"Task {task_id} is another point's already.")
        await session.refresh([cell])

    def search(self, index: int) -> Search | None:
        """Search for the tasks that may belong to an unknown point; None for any other point. Blocks on the service."""
        return background.run(self._search(index))

    async def _search(self, index: int) -> Search | None:
        (cell,) = self._cells([index])
        if cell.status != "unknown" or self._session.recovery is None:
            return None
        await self._session.recovery.search([cell])
        return cell.search

    def mark(self, mark: str, points: Collection[int], before: Collection[int]) -> None:
        """Record in the ledger which points have a mark, so that a later session has it too."""
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
        """Follow the points that a page shows now in full detail."""

        async def look() -> None:
            self._session.watching.look_at(indices)

        self._do(look())

    def fetch(self, index: int, key: str) -> None:
        """Download one file of a point, regardless of its size."""
        self._do(self._fetch(index, key))

    async def _fetch(self, index: int, key: str) -> None:
        session = self._session
        (cell,) = self._cells([index])
        session.watching.begin(cell)
        if cell.watch is not None:
            session.spawn(self._download(cell.watch, key))

    async def _download(self, watch: TaskWatch, key: str) -> None:
        await watch.downloads.fetch(key)

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on the network loop. Waits a few milliseconds for the ledger, never for the service."""
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
    """Return one file of a point. Raises CyberunError if it has none with that key."""
    for item in cell.artifacts:
        if item.key == key:
            return item
    raise CyberunError(f"Point {cell.index} has no file {key!r}.")
