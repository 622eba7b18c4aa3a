"""Results side by side: matches their files and lists the values that differ.

`pairing` and `differences` are pure; `widget` holds the traits; the page is in `frontend/src/compare`. Nothing here
makes HTTP requests: `card` and `downloads` have already fetched the files.
"""
