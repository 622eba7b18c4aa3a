"""Results side by side: which files belong together, and which values differ.

`pairing` and `differences` are pure; `widget` holds the traits; the page lives in `frontend/src/compare`. Nothing here
talks HTTP: files are those that `card` and `downloads` have fetched.
"""
