"""The form: a workflow's parameters as fields, checked as one types, and the runs that come of them.

`field` and `values` are pure; `widget` holds the traits; the page lives in `frontend/src/form`. Tasks are
submitted through `api.calls` and shown by `card`; nothing here talks HTTP itself.
"""
