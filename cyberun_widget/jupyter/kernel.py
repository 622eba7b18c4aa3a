"""Everything that depends on the kernel and host; no other module of the package checks for them.

Written against ipykernel 6.31 and 7.0 to 7.4, comm 0.2, ipywidgets 8.1 and JupyterLab 4.6. Their private names
are looked up with ``getattr``, and the reason for each is given where it is used; if one is missing, the
simpler, older behaviour remains. This module imports none of these packages: it finds the running kernel.

Threads: every function may be called from any thread, except :func:`display_pair` (the thread of the cell).
"""

from __future__ import annotations

import contextvars
import functools
import importlib
import sys
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

P = ParamSpec("P")
R = TypeVar("R")
Host = Literal["kernel", "marimo", "terminal", "script"]


def running_kernel() -> Any | None:
    """Return the ipykernel running in this process, or None. Never imports ipykernel, never creates a kernel."""
    module = sys.modules.get("ipykernel.kernelbase")
    if module is None or not module.Kernel.initialized():
        return None
    return module.Kernel.instance()


def in_kernel() -> bool:
    """Whether a page may be listening, because cells of this process run in an ipykernel."""
    return running_kernel() is not None


def host() -> Host:
    """Return where output goes: a Jupyter kernel, marimo, an IPython terminal, or a plain Python process."""
    if in_kernel():
        return "kernel"
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        return "marimo"
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        return "terminal"
    return "script"


def has_subshells() -> bool:
    """Whether the page's messages can be handled while a cell runs (ipykernel 7, not 6)."""
    kernel = running_kernel()
    return kernel is not None and "kernel subshells" in kernel.kernel_info.get("supported_features", ())


def route_clicks(comm: Any) -> None:
    """Handle a widget's incoming messages on a subshell, even while a cell runs. Call once per comm.

    At each send, ipykernel 7.4 records the sending subshell (``_reply_subshell_id``) and routes the page's next
    message to it, regardless of what the page requested: after a send from a cell, to the busy main shell; after
    a send from a subshell that a page reload has deleted, to nowhere. It looks the record up in
    ``_reply_subshell_for`` (in the shell channel's thread), which is overridden on the instance to return the
    subshell that the page chose (JupyterLab, Notebook 7), or else (VS Code and other pages without subshells)
    a dedicated one, created at the first such message. In 7.0 to 7.3 the page's choice is always used.

    ``handle_msg`` is replaced because comm's version runs IPython's ``pre_execute`` and ``post_execute`` hooks
    around each message. On a subshell that happens in the middle of another cell: matplotlib's inline hook
    would publish and close that cell's unfinished figures. The handlers here run none of the user's code.
    """
    kernel = running_kernel()
    if kernel is None:
        return
    if hasattr(comm, "_reply_subshell_for") and has_subshells():
        comm._reply_subshell_for = functools.partial(_subshell_for, kernel)  # noqa: SLF001
    if hasattr(comm, "handle_msg") and hasattr(comm, "_msg_callback"):
        comm.handle_msg = functools.partial(_handle_quietly, comm)


def _subshell_for(kernel: Any, _data: object, chosen: str | None) -> str | None:
    """Return the id of the subshell for a page's message. Runs in the shell channel's thread."""
    if chosen is not None:
        return chosen
    # ``manager``, ``list_subshell`` and ``_create_subshell`` are what create_subshell_request calls, in this same
    # thread; the request itself would have to come from outside, over the control channel.
    manager = kernel.shell_channel_thread.manager
    ours: str | None = getattr(manager, "_cyberun_subshell", None)
    if ours is None or ours not in manager.list_subshell():
        if not hasattr(manager, "_create_subshell"):
            return None
        ours = manager._create_subshell()  # noqa: SLF001
        manager._cyberun_subshell = ours  # noqa: SLF001
    return ours


def _handle_quietly(comm: Any, msg: Mapping[str, object]) -> None:
    callback = comm._msg_callback  # noqa: SLF001  what on_msg() set; comm offers no public way to read it
    if callback is not None:
        callback(msg)


def unbound(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function outside the context of the cell whose code started this task.

    ipykernel 7 keeps the current cell in context variables and ``run_coroutine_threadsafe`` copies them, so a
    task started from a cell would always send as that cell. Outside the context, a send belongs to the cell
    running at that time. That is harmless in a page, and nbclient (nbconvert, papermill, Voila) drops a widget's
    messages that belong to another cell. Not needed in a plain thread, which starts with an empty context.
    """
    return contextvars.Context().run(function, *args, **kwargs)


def bound(function: Callable[P, R]) -> Callable[P, R]:
    """Make a user's handler print into the cell that registered it, no matter which thread calls it.

    ipykernel's output streams (6.29 and later) find their cell in context variables. Without this, output goes
    to the cell running at the time (ipykernel 7) or to the cell that started the thread (6).
    """
    context = contextvars.copy_context()

    @functools.wraps(function)
    def in_its_cell(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.copy().run(function, *args, **kwargs)  # a copy: a context can't be entered twice

    return in_its_cell


def show(bundle: Mapping[str, object]) -> None:
    """Show a MIME bundle in the current cell. Call only when IPython or marimo has requested it."""
    display: Any = importlib.import_module("IPython.display").display
    display(dict(bundle), raw=True)


def display_pair(
    live: Mapping[str, object], archive: Mapping[str, object], metadata: Mapping[str, object] | None = None
) -> str:
    """Show two MIME bundles, one below the other, in the current cell; return the display id of the second.

    Call only from the cell's thread, inside ``_ipython_display_``. ``metadata`` belongs to the live bundle.
    """
    # Imported here: IPython is only certain to be installed when it calls _ipython_display_.
    display: Any = importlib.import_module("IPython.display").display
    display(dict(live), raw=True, metadata=dict(metadata or {}))
    handle = display(dict(archive), raw=True, display_id=True)
    return str(handle.display_id)


def update(display_id: str, bundle: Mapping[str, object]) -> None:
    """Replace a shown bundle, in the page and in the saved notebook, from any thread.

    In a kernel the message goes straight to iopub and not through IPython's display publisher: the publisher is
    replaced for the whole process while a ``%%capture`` cell runs, which would swallow the update, and it waits
    for stdout. Pages find the output by its id, no matter which cell is running. After a page reload, JupyterLab
    no longer knows the display ids of cells that ran before, and drops the update.
    """
    kernel = running_kernel()
    if kernel is None:
        update_display: Any = importlib.import_module("IPython.display").update_display
        update_display(dict(bundle), display_id=display_id, raw=True)
        return
    content = {"data": dict(bundle), "metadata": {}, "transient": {"display_id": display_id}}
    kernel.session.send(
        kernel.iopub_socket,
        "update_display_data",
        content,
        parent=kernel.get_parent("shell"),
        ident=b"display_data",
    )
