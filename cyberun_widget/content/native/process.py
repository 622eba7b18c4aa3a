"""Child processes that read untrusted files: a clean environment, and limits on time, memory and output."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

if sys.platform != "win32":
    import resource

_PASSED_ON: Final = frozenset(
    {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR"}
    | {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"}
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended: its exit code (negative: the signal that ended it), its output, and whether it timed out."""

    code: int
    output: bytes
    late: bool = False

    @property
    def trouble(self) -> str:
        """What went wrong, worded to end a sentence; "" if nothing did."""
        if self.late:
            return "it takes too long"
        if self.code < 0:
            name = signal.Signals(-self.code).name if -self.code in set(signal.Signals) else f"signal {-self.code}"
            late = name in ("SIGXCPU", "SIGPROF", "SIGALRM")
            return "it takes too long" if late else f"it crashes its reader ({name})"
        return f"its reader exited with code {self.code}" if self.code else ""


def run(
    command: Sequence[str],
    *,
    seconds: float,
    most: int,
    data: bytes = b"",
    messages: bool = False,
    memory: int | None = None,
    processor: float | None = None,
    settings: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a program without a shell, and return how it ended.

    `seconds`: of wall time; allow for a busy machine. `most`: the most bytes of output; a child that sends more is
    killed. `data`: standard input, at most 64 KiB. `messages`: return standard error instead of standard output.
    `memory`, `processor`: limits in bytes of address space and seconds of processor time, where the system can limit
    another process. `settings`: additional environment variables. Raises OSError if the program can't be started.
    """
    with subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
        list(command),
        stdin=subprocess.PIPE if data else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if messages else subprocess.PIPE,
        stderr=subprocess.PIPE if messages else subprocess.DEVNULL,
        env=environment() | dict(settings or {}),
    ) as process:
        _limit(process.pid, processor, memory)
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(data)
                    process.stdin.close()
            pipe = process.stderr if messages else process.stdout
            output = pipe.read(most) if pipe is not None else b""
            if len(output) == most:
                process.kill()
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
    return Outcome(code, output, late.is_set())


def ask(worker: ModuleType, job: Mapping[str, Any], *, seconds: float, most: int, **limits: Any) -> dict[str, Any]:
    """Run a worker module as a script in a separate Python process, give it a job, and return its answer.

    If the worker gives no answer, the returned one has a `trouble`, worded to end a sentence. `limits`: as for `run`.
    """
    if not sys.executable:
        return {"trouble": "this Python can't start another one to read it safely"}
    command = [sys.executable, "-I", str(worker.__file__)]
    work = {**job, "sys_path": [entry for entry in sys.path if entry]}
    done = run(command, seconds=seconds, most=most, data=json.dumps(work).encode(), **limits)
    if done.trouble:
        return {"trouble": done.trouble}
    try:
        answer: dict[str, Any] = json.loads(done.output)
    except ValueError:
        return {"trouble": "its reader gave no answer"}
    return answer


def environment() -> dict[str, str]:
    """Return a child's environment: the variables that programs need to start, and none of the user's own."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _limit(pid: int, processor: float | None, memory: int | None) -> None:
    """Limit a running child's processor time and address space. Only possible on Linux."""
    if sys.platform == "linux":
        limits = {resource.RLIMIT_CORE: 0}
        if processor is not None:
            limits[resource.RLIMIT_CPU] = math.ceil(processor)
        if memory is not None:
            limits[resource.RLIMIT_AS] = memory
        with contextlib.suppress(OSError, ValueError):  # it has already ended, or has stricter limits
            for which, limit in limits.items():
                resource.prlimit(pid, which, (limit, limit))
