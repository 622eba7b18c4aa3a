"""What stands behind one group: its points, the engine that submits them, the watches, and what the page knows.

Threads: everything that changes a cell runs on the network loop. The verbs are in `verbs`; `publish` comes from the
publisher; the user's reads come from anywhere and see each value whole.
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
    """One group's life. `write` sets the traits and sends the page the cells that changed: see `publish`.

    `opened` is None for a group of tasks that were started elsewhere.
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
        self.order: list[int] = []  # the points that were settled, as they were
        self.unwanted: set[int] = set()  # to be cancelled as soon as they are tasks
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
        self._open: set[int] = set()  # the points that will change by themselves
        self._work: Future[None] | None = None
        self._closed = False
        self._views: dict[str, bool] = {}
        self._moves, self._told = 0, -1  # how often it began to move, and which of those ends the traits tell
        self._tasks: set[Future[None]] = set()

    # --- beginning and end -------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Attach to what has a task already, and look for those that a crash left in doubt."""
        for cell in self.cells:
            self.adopt(cell, cell.entry)
        if self.recovery is not None:
            self.recovery.begin()
        self.check()

    def close(self) -> None:
        """Stop watching and submitting; all tasks go on."""
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
        """Run something beside all else, on the loop; what it raises is shown as the group's problem."""
        task = background.submit(self._guarded(work))  # not a bare task: the loop must know that it has work to do
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
        """Have planned points submitted."""
        if self.engine is None:
            return
        self.unwanted.difference_update(cell.index for cell in cells)
        self.engine.add((Job(cell.index, cell.key, cell.parameters) for cell in cells), asked=asked)
        self.drive()

    def drive(self) -> None:
        """Have the engine run while there is something that it may submit."""
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
        """Look at a point's entry in the ledger again."""
        self._open.add(index)  # until its entry has been read: the engine may be through before that
        self._moves += 1
        self.spawn(self.refresh([self.cells[index]]))

    def hindered(self, problem: str | None, seconds: float | None) -> None:
        """Show why nothing is submitted just now."""
        self.problem = clean(problem, limit=600) if problem else None
        self.retry_in = seconds
        publisher.offer(self)

    async def refresh(self, cells: Sequence[Cell]) -> None:
        """Take what the ledger says of these points."""
        if self.opened is None:
            return
        ledger, sweep = self.opened.ledger, self.opened.sweep.id
        for cell in cells:
            self.adopt(cell, await run_in_thread(ledger.entry, sweep, cell.key))
        if self.recovery is not None:
            self.recovery.mind()
        self.check()

    def adopt(self, cell: Cell, entry: Entry) -> None:
        """Take a point's entry: follow its task if it has a new one."""
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
        """Have a cell shown anew, and tell those who wait if it has been settled."""
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
        """The points that wait for somebody's word."""
        if self.engine is None or self.halted:
            return []
        allowed = self.engine.allowed
        return [] if allowed is None else [c for c in self.cells[allowed:] if c.status == "planned"]

    @property
    def still(self) -> bool:
        """Whether nothing will happen any more by itself."""
        busy = self._work is not None and not self._work.done()
        return self._closed or not (busy or self._open)

    @property
    def over(self) -> bool:
        """Whether nothing will happen any more by itself, and the traits say so."""
        return self._closed or (self._told == self._moves and self.still)

    @property
    def turn(self) -> Future[None]:
        """Done when one more point is settled, or nothing happens any more. Take it before looking at `order`."""
        return self._turn

    def check(self) -> None:
        """Wake the waiting callers, at once if nothing more will happen."""
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
        """Whether no page shows the sheet just now; a view that has said nothing counts as shown."""
        return bool(self._views) and not any(self._views.values())

    def look(self, view: str, visible: bool) -> None:
        """Note whether one of the page's views of the sheet is in sight. `view`: an id of the page's own making."""
        self._views[view] = visible
        publisher.offer(self)

    def beat(self) -> None:
        """Give the page a sign of life. Its own news are one; a sheet needs no other."""

    def publish(self) -> None:
        """Have the newest state written, and the cells that changed sent to the page."""
        moves, still = self._moves, self.still  # before the look: what comes after it is published after it
        with self._lock:
            dirty, self._dirty = self._dirty, {}
        try:
            self._write(self, list(dirty.values()))
        finally:  # whatever can't be shown, the waiting callers must wake
            if still and self._told != moves:
                self._told = moves
                self._turned()
