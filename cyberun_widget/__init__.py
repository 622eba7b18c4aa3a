"""Watch a remote GPU task from a Jupyter notebook: live progress, and its results in the cell."""

import logging

from cyberun_widget.artifacts.model import Artifact
from cyberun_widget.artifacts.result import TaskCancelled, TaskFailed, TaskResult
from cyberun_widget.card.widget import TaskWidget
from cyberun_widget.client.asynchronous import AsyncClient
from cyberun_widget.client.sync import Client
from cyberun_widget.compare.widget import compare
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

logging.getLogger(__name__).addHandler(logging.NullHandler())
