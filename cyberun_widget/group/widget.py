"""The sheet: one anywidget for a whole sweep, with any number of points."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from threading import RLock
from typing import TYPE_CHECKING, Any

import traitlets as t

from cyberun_widget.card.publisher import publisher
from cyberun_widget.errors import CyberunError, WaitTimeout
from cyberun_widget.group import export
from cyberun_widget.group.actions import Actions
from cyberun_widget.group.display import Outputs
from cyberun_widget.group.opening import adopted
from cyberun_widget.group.page_requests import group_channel
from cyberun_widget.group.plan.code import group_code, sweep_code
from cyberun_widget.group.session import Session
from cyberun_widget.group.traits import MARKED, View, layout, marked
from cyberun_widget.jupyter import kernel as _kernel
from cyberun_widget.jupyter.batching import BatchedWidget
from cyberun_widget.policy import FollowPolicy
from cyberun_widget.render.sweep_text import line
from cyberun_widget.support import assets
from cyberun_widget.support.threads import background

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image

    from cyberun_widget.api.calls import Calls, HasCalls
    from cyberun_widget.card.widget import TaskWidget
    from cyberun_widget.group.opening import Opened
    from cyberun_widget.group.plan.axes import Values
    from cyberun_widget.group.plan.candidates import Candidate
    from cyberun_widget.group.points import Cell, Point
    from cyberun_widget.policy import Mode


class TaskGroup(BatchedWidget):
    """Many tasks on one sheet, with an axis for each parameter that varies.

    `tasks`: task ids or `TaskWidget`s. `client`: as for `TaskWidget`. For a sweep over parameters, use `client.map`.

    Nothing is paid for twice: a sweep is recorded on this machine, and the same call attaches to it again. Only these
    methods may cost money, and their docstrings say so: `start`, `retry_failed`, `extend`, `send_again`.
    """

    _esm = assets.for_anywidget("group.js")
    _css = assets.for_anywidget("group.css")

    counts = t.Dict().tag(sync=True)
    """Status -> number of points, without statuses that no point has."""
    progress = t.Float(0.0).tag(sync=True)
    """[0, 1] over all points."""
    selected = t.List(t.Int()).tag(sync=True)
    """Indices of starred points. Saved with a recorded sweep."""
    rejected = t.List(t.Int()).tag(sync=True)
    """Indices of rejected points. Saved with a recorded sweep."""
    reference = t.Int(None, allow_none=True).tag(sync=True)
    """Index of the point that all others are compared with, or None."""
    _layout = t.Dict().tag(sync=True)
    _cells = t.Any(None).tag(sync=True, to_json=lambda _value, widget: widget._snapshot())  # noqa: SLF001 - same class
    _facts = t.Dict().tag(sync=True)

    def __init__(
        self,
        tasks: Iterable[str | TaskWidget],
        client: HasCalls | None = None,
        *,
        policy: FollowPolicy | None = None,
        download: Mode = "auto",
        in_flight: int = 4,
        _opened: Opened | None = None,
        **traits: Any,
    ) -> None:
        unknown = [name for name in traits if not self.has_trait(name)]
        if unknown:
            raise TypeError(f"TaskGroup takes no {', '.join(unknown)}. See help(TaskGroup).")
        calls, cells = _calls(client), list(_opened.cells) if _opened is not None else adopted(tasks)
        self._view, self._publishing = View(), RLock()
        self._session = Session(
            calls,
            cells,
            _opened,
            policy=policy or FollowPolicy(),
            mode=download,
            in_flight=in_flight,
            write=self._publish,
        )
        self._in_flight = in_flight
        self._outputs = Outputs(self, self._session)
        super().__init__(**{"_layout": layout(self._session), **marked(cells), **traits})
        self._actions = Actions(self._session, grown=self._grown)
        self._channel = group_channel(self, self._session, self._actions, self._write)
        if self.comm is not None:
            _kernel.route_clicks(self.comm)
        self.on_msg(self._channel.take)
        for name, mark in MARKED.items():
            self.observe(lambda change, mark=mark: self._actions.mark(mark, change.new, change.old), name)
        self._publish(self._session, cells)
        background.run(self._session.begin())

    # --- reading -----------------------------------------------------------------------------------------------------

    @property
    def points(self) -> list[Point]:
        """All points in their current state, by index."""
        return [cell.point() for cell in self._session.cells]

    def __len__(self) -> int:
        return len(self._session.cells)

    def to_dataframe(self) -> Any:
        """Return a pandas DataFrame, one row per point: parameters, status, seconds, gpu, paths, metrics."""
        return export.to_dataframe(self._session.cells)

    def best(self, metric: str | Callable[[Point], float], maximise: bool = True) -> Point:
        """Return the completed point with the highest metric, or the lowest if `maximise` is False.

        `metric`: the name of a number in the outputs or in `metrics.json`, or a function of a point. Raises
        ParameterError if no point has it.
        """
        return export.best(self.points, metric, maximise=maximise)

    def images(
        self, rows: str | None = None, columns: str | None = None, *, output: str | None = None, size: int = 192
    ) -> Image:
        """Return the labelled contact sheet as a Pillow image, `size` pixels per cell.

        `rows`, `columns`: the parameters along them; by default the first and second axis. `output`: the key or name of
        the file to show; by default each point's first picture.
        """
        return export.images(self._session, rows, columns, output, size)

    def save(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Write each point's files into its own folder, with a CSV, the contact sheet and a record of their origin.

        Returns the files' paths. Raises CyberunError if the folder can't be written.
        """
        return export.save(self._session, directory)

    def to_code(self) -> str:
        """Return Python code that makes this group again; if the sweep is recorded, it runs nothing twice."""
        opened = self._session.opened
        if opened is None:
            return group_code([cell.task_id or "" for cell in self._session.cells])
        return sweep_code(*opened.given, opened.name, self._session.extensions)

    # --- waiting -----------------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> list[Point]:
        """Wait until every point has ended, and return all points. `timeout`: seconds. A failed point raises nothing.

        Doesn't wait for a point whose submission was never answered: its status is "unknown", see `candidates`.
        Raises WaitTimeout, or CyberunError if points wait for your decision, or nothing can be submitted.
        """
        if publisher.is_current() or background.is_current():
            raise CyberunError("wait() was called in a handler that the group itself waits for; use as_completed().")
        if not self._outputs.attend(timeout):
            done = self._facts.get("done", 0)
            raise WaitTimeout(f"{done} of {len(self)} points are done after {timeout:g} s. The others continue.")
        self._raise_if_stuck()
        return self.points

    def __await__(self) -> Generator[Any, None, list[Point]]:
        return self._wait().__await__()

    async def _wait(self) -> list[Point]:
        async for _ in self:
            pass
        self._raise_if_stuck()
        return self.points

    def as_completed(self) -> Iterator[Point]:
        """Yield each point as it ends (or becomes "unknown"), starting with those that already have."""
        for each in self._endings():
            if isinstance(each, Future):
                self._outputs.pump(each)
            else:
                yield each

    async def __aiter__(self) -> AsyncIterator[Point]:
        for each in self._endings():
            if isinstance(each, Future):
                await asyncio.shield(asyncio.wrap_future(each))
            else:
                yield each

    def _endings(self) -> Iterator[Point | Future[None]]:
        """Yield each point that has ended, and whenever there is none left, the future of the next change."""
        at = 0
        while True:
            turn = self._session.turn
            while at < len(self._session.order):
                at += 1
                yield self._session.cells[self._session.order[at - 1]].point()
            if self._session.over:
                return
            yield turn

    def _raise_if_stuck(self) -> None:
        session = self._session
        if session.problem is not None and any(cell.status == "planned" for cell in session.cells):
            raise CyberunError(session.problem)
        if held := len(session.held):
            raise CyberunError(f"{held:,} points wait for your go-ahead: click Run all, or call group.start().")

    # --- acting ------------------------------------------------------------------------------------------------------

    def start(self, points: int | None = None) -> None:
        """Run waiting points, which **are paid for**. `points`: how many more of them; None for all."""
        self._actions.start(points)

    def extend(self, grid: Values) -> int:
        """Add values to axes, or new axes: only the new points run, and **they are paid for**.

        Returns the number of new points. A new axis starts with its parameter's value so far. Raises ParameterError
        for invalid values, before anything runs.
        """
        return background.run(self._actions.extend(grid))

    def retry_failed(self) -> int:
        """Run failed points again with the same parameters and seeds: **each is paid for**. Returns how many."""
        failed = [cell.index for cell in self._session.cells if cell.status == "failed"]
        self._actions.retry(failed)
        return len(failed)

    def cancel(self) -> None:
        """Cancel all running tasks, and submit nothing more. Returns at once."""
        self._actions.cancel()

    def candidates(self, index: int) -> list[Candidate]:
        """Return the tasks that may belong to a point whose submission was never answered, likeliest first.

        The list is empty if the service never accepted it, or is accepting it just now: search again later.
        """
        search = self._actions.search(index)
        return list(search.found) if search is not None else []

    def attach(self, index: int, task_id: str) -> None:
        """Settle an unknown point: this is its task. Raises CyberunError if it can't be."""
        self._actions.attach(index, task_id)

    def send_again(self, index: int) -> None:
        """Settle an unknown point by submitting it again: **if the first was accepted, it is paid for twice**."""
        self._actions.send_again(index)

    def close(self) -> None:
        """Close the sheet, and stop watching and submitting; all tasks keep running."""
        if hasattr(self, "_session"):
            self._session.close()
        super().close()

    @t.validate("selected", "rejected")
    def _in_order(self, proposal: Any) -> list[int]:
        points = sorted(set(proposal["value"]))
        if points and not 0 <= points[0] <= points[-1] < len(self):
            raise t.TraitError(f"{proposal['trait'].name} has a point that isn't there; the group has {len(self):,}.")
        return points

    # --- showing -----------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<TaskGroup {line(self.counts, self._facts, self.progress)}>"

    def _ipython_display_(self) -> None:
        self._outputs.show()

    def _go_on(self, start: str, *, unasked: bool) -> None:
        """Submit the initial points: as `start` says, or as many as were agreed to before."""
        self._actions.go_on(start, unasked=unasked)
        self._publish(self._session, ())  # so that the next line of the cell reads current traits

    def _snapshot(self) -> dict[str, Any]:
        cells = [cell.sent or cell.wire() for cell in self._session.cells]
        return {"sequence": self._view.sequence, "cells": cells}

    def _grown(self) -> None:
        self._write({"_layout": layout(self._session), **marked(self._session.cells)})

    def _publish(self, session: Session, dirty: Sequence[Cell]) -> None:
        """Write the traits, and send the changed cells in one message."""
        with self._publishing:
            if changed := self._view.deltas(dirty):
                self._view.sequence += 1
                self._channel.push("cells", {"sequence": self._view.sequence, "cells": changed})
            self._write(self._view.values(session, in_flight=self._in_flight))  # after it: they say how many there were
        self._outputs.rewrite()


def _calls(client: HasCalls | None) -> Calls:
    from cyberun_widget.api.calls import Calls  # noqa: PLC0415

    return client._calls if client is not None else Calls.resolve()  # noqa: SLF001 - package-internal
