"""What the parts of a card see of each other: small Protocols, so that none of them needs the widget itself.

What travels to the page: traits, in one message a write; `_poster:KEY` for each file that has a poster, once; and a
`beat` every five seconds from one of the cards for all that are being followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cyberun_widget.artifacts.model import Artifacts

Action = Literal["cancel", "reconnect", "resume", "fetch_again", "run_again", "save_all"]
"""A button of the card. `_facts["actions"]` lists those that apply now, in this order; the page sends the word back as
a request of that type, with the `task_id` that it showed: an order about an earlier run is dropped.

| action | when it applies | what it does |
| --- | --- | --- |
| cancel | the task goes on and is watched | asks the service to cancel it; asked once, in place |
| reconnect | a retry is more than a moment away, or watching ended with an error | tries again now |
| resume | watching was stopped here | watches again |
| fetch_again | the task has ended and its result, or one of its files, could not be had | asks for the result again |
| run_again | the task failed or was cancelled, and was submitted here | **a new, paid run** with the same parameters |
| save_all | there are files | copies them into a folder beside the notebook |
"""


class Surface(Protocol):
    """The widget, as the session behind it sees it."""

    task_id: Any
    artifacts: Any
    notify: Any

    @property
    def comm(self) -> Any:
        """The channel to the page, None where there is none."""

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a custom message to every page that shows the card."""

    def send_state(self) -> None:
        """Send all synced traits."""

    def get_state(self) -> dict[str, Any]:
        """Return all synced traits as the page gets them."""


class Write(Protocol):
    """`BatchedWidget._write`: sets traits and extras, and tells the page unless it is to be `quiet`."""

    def __call__(  # noqa: D102 - the class says it
        self, values: Mapping[str, Any], *, extras: Mapping[str, Any] | None = None, quiet: bool = False
    ) -> None: ...


class Publishable(Protocol):
    """What the publisher sees of a card."""

    @property
    def out_of_sight(self) -> bool:
        """Whether no view of the card is visible: it is then published rarely, and after all others."""

    def publish(self) -> None:
        """Write the newest state to the page. Called on the publisher's thread."""

    def beat(self) -> None:
        """Give the page a sign of life. Called on the publisher's thread."""


class Requested(Protocol):
    """What a page can ask a card for. Every call returns at once, but for `save_all`, which copies files."""

    @property
    def task_id(self) -> str:
        """The task's id."""

    @property
    def artifacts(self) -> Artifacts:
        """The task's files as the page knows them."""

    def cancel(self) -> None:
        """Ask the service to cancel the task."""

    def reconnect(self) -> None:
        """Try again now what waits for its next try, or watch again after an error."""

    def resume(self) -> None:
        """Watch again after `stop()`."""

    def fetch_again(self) -> None:
        """Ask again for the result of a task that has ended, and for the files that could not be fetched."""

    def run_again(self) -> None:
        """Submit the same run once more: a new, paid task. A second call while that is under way does nothing."""

    def save_all(self) -> None:
        """Copy the files into a folder of the working directory. Blocks; raises CyberunError or OSError."""

    def edit(self) -> None:
        """Open a form on the run's values below the card. Blocks; raises CyberunError where they aren't known."""

    def set_notify(self, on: bool) -> None:
        """Switch the notification at the end of the task on or off."""

    def fetch(self, key: str) -> object:
        """Download one file, whatever its size. Raises NotFoundError or CyberunError where that can't be begun."""

    def look(self, view: str, visible: bool) -> None:
        """Note whether one of the page's views of the card is in sight. `view`: an id of the page's own making."""

    def set_poster(self, key: str, picture: bytes) -> None:
        """Take a picture that the page made of a model as its poster."""

    def diagnostics(self) -> str:
        """Return the redacted story of the task and its connection."""

    def send_state(self) -> None:
        """Send the whole state to the page."""

    def send(self, content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a custom message to the page; nothing happens where there is none."""
