"""What a sweep submits automatically when it is opened."""

from typing import Final


class Unasked(str):
    """The default of `start`, distinguishable from an "all" that the caller passed."""

    __slots__ = ()


ALL: Final = Unasked("all")
STARTS: Final = ("all", "first", "none")
