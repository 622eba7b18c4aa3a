"""What a sweep submits by itself when it is opened."""

from typing import Final


class Unasked(str):
    """The default of `start`: told apart from an "all" that somebody wrote."""

    __slots__ = ()


ALL: Final = Unasked("all")
STARTS: Final = ("all", "first", "none")
