"""Small Protocols through which the parts of a card see each other, so that none depends on the widget itself.

Sent to the page: traits, one message per write; `_poster:KEY`, once for each file that has a poster; and a `beat` every
5 seconds, from one card on behalf of all that are being followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberun_widget.artifacts.model import Artifacts

Action = Literal["cancel", "reconnect", "resume", "fetch_again", "run_again", "save_all"]
"""A button of the card. `_facts["actions"]` lists those that currently apply, in this order. The page sends a request
of that kind, with the `task_id` that it shows; a request about an earlier run is dropped.

| action | when it applies | what it does |
| --- | --- | --- |
| cancel | the task is active and watched | asks the service to cancel it, after one confirmation in place |
| reconnect | the next retry is at least 3 s away, or watching ended with an error | retries now |
| resume | watching was stopped here | watches again |
| fetch_again | the task has ended, but its result or one of its files couldn't be fetched | requests the result again |
| run_again | the task failed or was cancelled, and was submitted here | **a new, paid run** with the same parameters |
| save_all | there are files | copies them into a folder next to the notebook |
"""


class Surface(Protocol):
    """The session's view of the widget."""

    task_id: Any
    artifacts: Any
    notify: Any

    @property
    def comm(self) -> Any:
        """The channel to the page, None if there is none."""

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a custom message to every page that shows the card."""

    def send_state(self) -> None:
        """Send all synced traits."""

    def get_state(self) -> dict[str, Any]:
        """Return all synced traits as they are sent to the page."""


class Write(Protocol):
    """`BatchedWidget._write`: sets traits and extras, and sends them to the page unless `quiet`."""

    def __call__(  # noqa: D102 - the class says it
        self, values: Mapping[str, Any], *, extras: Mapping[str, Any] | None = None, quiet: bool = False
    ) -> None: ...


class Publishable(Protocol):
    """The publisher's view of a card."""

    @property
    def out_of_sight(self) -> bool:
        """Whether no view of the card is visible. If so, it is published less often, and after all others."""

    def publish(self) -> None:
        """Write the latest state to the page. Called on the publisher's thread."""

    def beat(self) -> None:
        """Send the page a heartbeat. Called on the publisher's thread."""


class Requested(Protocol):
    """What a page can request from a card. Every call returns at once, except `save_all` and `edit`."""

    @property
    def task_id(self) -> str:
        """The task's id."""

    @property
    def artifacts(self) -> Artifacts:
        """The task's files, as last sent to the page."""

    def cancel(self) -> None:
        """Ask the service to cancel the task."""

    def reconnect(self) -> None:
        """Skip the pause before the next attempt, or watch again after an error."""

    def resume(self) -> None:
        """Watch again after `stop()`."""

    def fetch_again(self) -> None:
        """Request the result of an ended task again, and the files that couldn't be downloaded."""

    def run_again(self) -> None:
        """Submit the same run again: a new, paid task. Does nothing while a submission is in progress."""

    def save_all(self) -> None:
        """Copy the files into a folder of the working directory. Blocks; raises CyberunError or OSError."""

    def edit(self) -> None:
        """Open a form with the run's values below the card. Blocks; raises CyberunError if they are unknown."""

    def set_notify(self, on: bool) -> None:
        """Turn the notification at the end of the task on or off."""

    def fetch(self, key: str) -> object:
        """Download one file of any size. Raises NotFoundError or CyberunError if the download can't start."""

    def look(self, view: str, visible: bool) -> None:
        """Note whether one of the page's views of the card is visible. `view`: an id chosen by the page."""

    def set_poster(self, key: str, picture: bytes) -> None:
        """Set a picture that the page rendered of a model as its poster."""

    def diagnostics(self) -> str:
        """Return a redacted log of the task and its connection."""

    def send_state(self) -> None:
        """Send the whole state to the page."""

    def send(self, content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a custom message to the page, if there is one."""
