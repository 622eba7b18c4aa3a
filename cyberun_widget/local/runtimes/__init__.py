"""The runtimes of the local server: each does real work on the CPU, and none is ComfyUI or Nerfstudio."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.local.runtimes.context import Context

_NAMES: Final = ("gray_scott", "tiny_splat", "echo_files")


def load(name: str) -> Callable[[Context], dict[str, Any] | None]:
    """Return a runtime's `run`. It gives facts for `task_output`, or None. Raises LookupError for an unknown name."""
    if name not in _NAMES:
        raise LookupError(f"There is no runtime {name!r}.")
    run: Callable[[Context], dict[str, Any] | None] = import_module(f"{__name__}.{name}").run
    return run
