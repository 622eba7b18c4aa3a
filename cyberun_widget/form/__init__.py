"""The form: a workflow's parameters as fields, validated as the user types, and the runs it starts.

`field` and `values` are pure; `widget` holds the traits; the page is in `frontend/src/form`. Tasks are
submitted through `api.calls` and shown by `card`; nothing here makes HTTP requests itself.
"""
