"""The sweep: many runs of one workflow, shown and compared on one sheet, resumable, and never paid for twice.

`plan` defines the points, `ledger` records on disk what was done for each, the engine submits, the widget shows.
Tasks are watched through `following` and shown through the card's publisher; lower layers know nothing of groups.
"""
