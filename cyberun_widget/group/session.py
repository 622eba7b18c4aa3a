"""The state behind one group: its points, the engine that submits them, the watches, and what the page was sent.

Threads: everything that changes a cell runs on the network loop. The actions are in `actions`; the publisher calls
`publish`; the user may read from any thread and never sees a half-written value.
"""

from __future__ import annotations

import contextlib
import logging
import random
from concurrent.futures import Future, InvalidStateError
from threading import Lock
from typing import TYPE_CHECKING, Any

from cyberun_widget.artifacts.result import TaskCancelled, TaskFailed
from cyberun_widget.card.publisher import publisher
from cyberun_widget.errors import CyberunError
from cyberun_widget.group.plan.axes import Space
from cyberun_widget.group.points import metrics_of
from cyberun_widget.group.running.engine import Engine, Job
from cyberun_widget.group.running.recovery import Recovery
from cyberun_widget.group.running.watching import Watching
from cyberun_widget.support.aio import run_in_thread
from cyberun_widget.support.text import clean
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from cyberun_widget.api.calls import Calls
    from cyberun_widget.group.ledger.entry import Entry
    from cyberun_widget.group.opening import Opened
    from cyberun_widget.group.points import Cell
    from cyberun_widget.policy import FollowPolicy, Mode

_log = logging.getLogger(__name__)


class Session:
    """The state of one group. `write` sets the traits and sends the changed cells to the page: see `publish`.

    `opened`: None for a group of tasks that were started elsewhere.
    """

    def __init__(
        self,
        calls: Calls,
        cells: list[Cell],
        opened: Opened | None,
        *,
        policy: FollowPolicy,
        mode: Mode,
        in_flight: int,
        write: Callable[[Session, Sequence[Cell]], None],
    ) -> None:
        self.calls, self.cells, self.opened = calls, cells, opened
        self.space = opened.space if opened is not None else Space()
        self.title = opened.title if opened is not None else ""
        self.problem: str | None = None
        self.retry_in: float | None = None
        self.halted = False
        self.extensions: list[dict[str, list[Any]]] = []
        self.saved: str | None = None
        self.order: list[int] = []  # settled points, in the order they were settled
        self.unwanted: set[int] = set()  # to be cancelled as soon as they have a task
        self.watching = Watching(calls.http, policy, mode, self._news)
        self.engine: Engine | None = None
        if opened is not None:
            self.engine = Engine(
                opened.ledger, opened.sweep.id, calls, opened.slug, self, in_flight=in_flight, random=random.random
            )
        self.recovery = Recovery(self, opened) if opened is not None else None
        self._inputs = frozenset(p.key for p in opened.workflow.parameters) if opened is not None else frozenset()
        self._write = write
        self._lock = Lock()
        self._dirty: dict[int, Cell] = {cell.index: cell for cell in cells}
        self._turn: Future[None] = Future()
        self._settled: set[int] = set()
        self._open: set[int] = set()  # points that will still change without the user
        self._work: Future[None] | None = None
        self._closed = False
        self._views: dict[str, bool] = {}
        self._moves, self._told = 0, -1  # how often activity began, and the latest whose end the traits show
        self._tasks: set[Future[None]] = set()

    # --- lifecycle ---------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Attach to existing tasks, and search for the tasks of points that a crash left in doubt."""
        for cell in self.cells:
            self.adopt(cell, cell.entry)
        if self.recovery is not None:
            self.recovery.begin()
        self.check()

    def close(self) -> None:
        """Stop watching and submitting; all tasks keep running."""
        self._closed = True
        publisher.forget(self)
        if self._work is not None:
            self._work.cancel()
        background.call(self._close)
        self._turned()

    def _close(self) -> None:
        self.watching.close()
        for task in tuple(self._tasks):
            task.cancel()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background, on the loop. An error is shown as the group's problem."""
        task = background.submit(self._guarded(work))  # not a bare task: the loop ends when it knows of no work
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except CyberunError as exc:
            self.hindered(str(exc), None)
        except Exception as exc:  # noqa: BLE001 - logged, and shown on the card
            _log.exception("a sweep's work failed")
            self.hindered(f"Something in cyberun-widget broke ({type(exc).__name__}: {exc}).", None)

    # --- submitting --------------------------------------------------------------------------------------------------

    def queue(self, cells: Sequence[Cell], *, asked: bool = False) -> None:
        """Queue planned points for submission."""
        if self.engine is None:
            return
        self.unwanted.difference_update(cell.index for cell in cells)
        self.engine.add((Job(cell.index, cell.key, cell.parameters) for cell in cells), asked=asked)
        self.drive()

    def drive(self) -> None:
        """Run the engine while there are points it may submit."""
        idle = self._work is None or self._work.done()
        if idle and not self._closed and self.engine is not None and self.engine.waiting:
            self.problem = None
            self._moves += 1
            self._work = background.submit(self._submit(self.engine))
        self.check()

    async def _submit(self, engine: Engine) -> None:
        try:
            await self._guarded(engine.run())
        finally:
            self._work = None
            self.check()

    def noted(self, index: int) -> None:
        """Read a point's ledger entry again."""
        self._open.add(index)  # until its entry has been read: the engine may finish before that
        self._moves += 1
        self.spawn(self.refresh([self.cells[index]]))

    def hindered(self, problem: str | None, seconds: float | None) -> None:
        """Show why submitting is paused."""
        self.problem = clean(problem, limit=600) if problem else None
        self.retry_in = seconds
        publisher.offer(self)

    async def refresh(self, cells: Sequence[Cell]) -> None:
        """Update these points from the ledger."""
        if self.opened is None:
            return
        ledger, sweep = self.opened.ledger, self.opened.sweep.id
        for cell in cells:
            self.adopt(cell, await run_in_thread(ledger.entry, sweep, cell.key))
        if self.recovery is not None:
            self.recovery.mind()
        self.check()

    def adopt(self, cell: Cell, entry: Entry) -> None:
        """Set a point's entry, and follow its task if that is new."""
        known, cell.entry = cell.task_id, entry
        if entry.state == "submitted" and (entry.task_id != known or (cell.watch is None and cell.result is None)):
            cell.result, cell.fatal, cell.metrics, cell.search = None, None, {}, None
            if self.engine is not None:
                self.engine.started(cell.index)
            self.watching.begin(cell)
            if cell.index in self.unwanted and cell.watch is not None:
                self.unwanted.discard(cell.index)
                cell.watch.cancel()
        self.touch(cell)

    # --- news --------------------------------------------------------------------------------------------------------

    def _news(self, cell: Cell) -> None:
        current = cell.watch
        if current is None:
            return
        state = current.state
        cell.gpu = state.gpu_type or cell.gpu
        if state.ended and self.engine is not None:
            self.engine.ended(cell.index)
        if current.finished.done():
            self.spawn(self._conclude(cell))
        self.touch(cell)

    async def _conclude(self, cell: Cell) -> None:
        current = cell.watch
        if current is None or current.finished.cancelled():
            return
        error = current.finished.exception()
        if error is None or isinstance(error, (TaskFailed, TaskCancelled)):
            result = current.result()
            metrics = await run_in_thread(metrics_of, result, self._inputs)
            if cell.watch is current:
                cell.metrics, cell.result = metrics, result
        else:
            cell.fatal = str(error)
        if cell.watch is current:
            self.watching.end(cell)
        if self.engine is not None:
            self.engine.ended(cell.index)
        self.touch(cell)
        self.check()

    def touch(self, cell: Cell) -> None:
        """Mark a cell as changed, and wake the waiting callers if it is settled."""
        with self._lock:
            self._dirty[cell.index] = cell
        settled = cell.settled
        if settled or cell.status == "planned":
            self._open.discard(cell.index)
        else:
            self._open.add(cell.index)
            self._moves += 1
            self._settled.discard(cell.index)
        if settled and cell.index not in self._settled:
            self._settled.add(cell.index)
            self.order.append(cell.index)
            self._turned()
        self.check()

    # --- waiting -----------------------------------------------------------------------------------------------------

    @property
    def held(self) -> list[Cell]:
        """Points that wait for the user's decision."""
        if self.engine is None or self.halted:
            return []
        allowed = self.engine.allowed
        return [] if allowed is None else [c for c in self.cells[allowed:] if c.status == "planned"]

    @property
    def still(self) -> bool:
        """Whether nothing more will happen without the user."""
        busy = self._work is not None and not self._work.done()
        return self._closed or not (busy or self._open)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen without the user, and the traits show that."""
        return self._closed or (self._told == self._moves and self.still)

    @property
    def turn(self) -> Future[None]:
        """A future done when the next point is settled, or nothing more will happen. Get it before reading `order`."""
        return self._turn

    def check(self) -> None:
        """Wake the waiting callers; if nothing more will happen, at once."""
        still = self.still
        publisher.pulse(self, going_on=not still)
        publisher.offer(self, urgent=still and not self.over)

    def _turned(self) -> None:
        turn, self._turn = self._turn, Future()
        with contextlib.suppress(InvalidStateError):
            turn.set_result(None)

    # --- for the publisher -------------------------------------------------------------------------------------------

    @property
    def out_of_sight(self) -> bool:
        """Whether no page shows the sheet now; a view that hasn't reported counts as visible."""
        return bool(self._views) and not any(self._views.values())

    def look(self, view: str, visible: bool) -> None:
        """Record whether one of the page's views of the sheet is visible. `view`: an id that the page chose."""
        self._views[view] = visible
        publisher.offer(self)

    def beat(self) -> None:
        """Send no heartbeat: the updates of a sheet are enough."""

    def publish(self) -> None:
        """Write the newest state, and send the changed cells to the page."""
        moves, still = self._moves, self.still  # read before the state: later changes are published later
        with self._lock:
            dirty, self._dirty = self._dirty, {}
        try:
            self._write(self, list(dirty.values()))
        finally:  # wake the waiting callers even if publishing fails
            if still and self._told != moves:
                self._told = moves
                self._turned()
