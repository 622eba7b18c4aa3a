"""The runtimes: each turns parameters and input files into output files, on the CPU.

They run in a separate worker process, independent of tasks, HTTP and the database. None is ComfyUI or Nerfstudio.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.local.runtimes.context import Context

_MODULES: Final = {
    "gray_scott": "gray_scott",
    "tiny_splat": "splat.pipeline",
    "photo_filter": "photo_filter",
    "echo_files": "echo_files",
    "flaky": "flaky",
}


def load(name: str) -> Callable[[Context], dict[str, Any] | None]:
    """Return a runtime's `run`, which returns facts for `task_output` or None. Raises LookupError if unknown."""
    if name not in _MODULES:
        raise LookupError(f"There is no runtime {name!r}.")
    run: Callable[[Context], dict[str, Any] | None] = import_module(f"{__name__}.{_MODULES[name]}").run
    return run
