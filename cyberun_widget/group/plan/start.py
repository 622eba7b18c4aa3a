"""What a sweep submits by itself when it is opened."""

from typing import Final


class Unasked(str):
    """The default of `start`: distinct from an "all" that the caller passed."""

    __slots__ = ()


ALL: Final = Unasked("all")
STARTS: Final = ("all", "first", "none")
