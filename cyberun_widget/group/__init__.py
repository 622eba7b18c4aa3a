"""The sweep: many runs of one workflow as one thing, seen, compared, resumed, and never paid for twice.

`plan` says which points there are, `ledger` what was done for each, on disk; the engine submits, the widget shows.
It watches through `following` and shows through the card's publisher; nothing below it knows that there are groups.
"""
