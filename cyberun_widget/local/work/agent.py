"""Agents: each keeps one worker process, which runs one task at a time."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.local.state.ids import named_uuid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

_LINE_MAX: Final = 1 << 20  # maximum bytes of one line from a worker
_LOG_MAX: Final = 4000  # maximum characters of a crashed worker's stderr kept in the task's error
_IDLE: Final = 60.0  # seconds until an idle worker ends, to free its memory


class WorkFailed(Exception):  # noqa: N818 - the task's failure, not the agent's
    """The work failed; the message becomes the task's error."""


@dataclass(frozen=True, slots=True)
class Job:
    """A worker's job. `pace`: see `Context`; `earlier`: number of earlier tasks with the same parameters."""

    runtime: str
    parameters: Mapping[str, Any]
    files: Mapping[str, Path]
    folder: Path
    pace: float
    earlier: int

    def line(self) -> bytes:
        """Return the job as the line that `worker` reads."""
        data = {
            "runtime": self.runtime,
            "parameters": self.parameters,
            "files": {key: str(path) for key, path in self.files.items()},
            "folder": str(self.folder),
            "pace": self.pace,
            "earlier": self.earlier,
        }
        return json.dumps(data).encode() + b"\n"


class Agent:
    """One agent. Its worker starts with the first task, and is kept for the next: a start takes half a second."""

    def __init__(self, name: str, folder: Path) -> None:
        self.id = named_uuid(name)
        self._log = folder / f"{name}.log"
        self._worker: asyncio.subprocess.Process | None = None
        self._retirement: asyncio.TimerHandle | None = None

    async def run(
        self, job: Job, on_start: Callable[[], None], on_progress: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Run a job and return the worker's last message, with `outputs` and `facts`.

        Raises WorkFailed if the work fails or the worker crashes. Cancelling it kills the worker.
        """
        if self._retirement is not None:
            self._retirement.cancel()
        kept = False
        try:
            worker = self._worker = await self._ready()
            assert worker.stdin is not None  # noqa: S101 - stdin=PIPE
            worker.stdin.write(job.line())
            on_start()
            message = await self._last_message(worker, on_progress)
            kept = message["kind"] != "broken"
        finally:
            if kept:
                self._retirement = asyncio.get_running_loop().call_later(_IDLE, self._retire)
            else:
                await self.close()
        if message["kind"] != "done":
            raise WorkFailed(str(message["error"]))
        return message

    async def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is not None:
            if worker.returncode is None:
                worker.kill()  # no clean shutdown needed: the task's folder is removed anyway
            await worker.wait()

    def _retire(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None and worker.returncode is None:
            worker.kill()

    async def _ready(self) -> asyncio.subprocess.Process:
        """Return the worker, starting a new one if there is none or the old one has ended."""
        worker = self._worker
        if worker is not None and worker.returncode is None:
            return worker
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"{__package__}.worker",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                env=_environment(), limit=_LINE_MAX, start_new_session=os.name == "posix",
            )  # fmt: skip

    async def _last_message(
        self, worker: asyncio.subprocess.Process, on_progress: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        assert worker.stdout is not None  # noqa: S101 - stdout=PIPE
        os.truncate(self._log, 0)  # the worker appends: the log now holds only this job's output
        while line := await worker.stdout.readline():
            message: dict[str, Any] = json.loads(line)
            if message["kind"] != "progress":
                return message
            del message["kind"]
            on_progress(message)
        code = await worker.wait()
        log = await asyncio.to_thread(self._log.read_text, "utf-8", "replace")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise WorkFailed(f"The worker process {how} before it was done.\n\n{log[-_LOG_MAX:]}".rstrip())


class Agents:
    """A number of agents that work in parallel. `folder`: for the logs of their workers."""

    def __init__(self, count: int, folder: Path) -> None:
        self._all = [Agent(f"agent-{number}", folder) for number in range(1, count + 1)]
        # The agent used last comes first: its worker is warm, and the others' may end.
        self._free: asyncio.LifoQueue[Agent] = asyncio.LifoQueue()
        for agent in reversed(self._all):
            self._free.put_nowait(agent)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Agent]:
        """Wait for a free agent and hold it."""
        agent = await self._free.get()
        try:
            yield agent
        finally:
            self._free.put_nowait(agent)

    async def close(self) -> None:
        """End all workers."""
        await asyncio.gather(*(agent.close() for agent in self._all))


def _environment() -> dict[str, str]:
    """Return the environment of a worker: without keys, and with one thread for linear algebra."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CYBERUN_")}
    return kept | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
