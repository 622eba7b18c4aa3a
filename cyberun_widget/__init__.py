"""Watch a remote GPU task from a Jupyter notebook: live progress, and its results in the cell.

Names are imported on first use (PEP 562), so that a notebook pays only for what it uses.
"""

import importlib
import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cyberun_widget.artifacts.model import Artifact
    from cyberun_widget.artifacts.result import TaskCancelled, TaskFailed, TaskResult
    from cyberun_widget.card.widget import TaskWidget
    from cyberun_widget.client.asynchronous import AsyncClient
    from cyberun_widget.client.sync import Client
    from cyberun_widget.comparison.widget import compare
    from cyberun_widget.errors import (
        AuthError,
        ConfigurationError,
        CyberunError,
        DownloadError,
        NetworkError,
        NotFoundError,
        ParameterError,
        ProtocolError,
        RateLimitError,
        ServerError,
        SubmissionUnknownError,
        WaitTimeout,
    )
    from cyberun_widget.form.widget import WorkflowForm
    from cyberun_widget.group.widget import TaskGroup
    from cyberun_widget.policy import FollowPolicy

__all__ = [
    "Artifact",
    "AsyncClient",
    "AuthError",
    "Client",
    "ConfigurationError",
    "CyberunError",
    "DownloadError",
    "FollowPolicy",
    "NetworkError",
    "NotFoundError",
    "ParameterError",
    "ProtocolError",
    "RateLimitError",
    "ServerError",
    "SubmissionUnknownError",
    "TaskCancelled",
    "TaskFailed",
    "TaskGroup",
    "TaskResult",
    "TaskWidget",
    "WaitTimeout",
    "WorkflowForm",
    "compare",
]

_MODULES: Final = {
    "Artifact": "cyberun_widget.artifacts.model",
    "AsyncClient": "cyberun_widget.client.asynchronous",
    "Client": "cyberun_widget.client.sync",
    "FollowPolicy": "cyberun_widget.policy",
    "TaskCancelled": "cyberun_widget.artifacts.result",
    "TaskFailed": "cyberun_widget.artifacts.result",
    "TaskGroup": "cyberun_widget.group.widget",
    "TaskResult": "cyberun_widget.artifacts.result",
    "TaskWidget": "cyberun_widget.card.widget",
    "WorkflowForm": "cyberun_widget.form.widget",
    "compare": "cyberun_widget.comparison.widget",
}  # the others are in `errors`

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES.get(name, "cyberun_widget.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
