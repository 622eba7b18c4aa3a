"""What every layer uses: secrets, clean text, words and units, threads, back-off, safe names, URLs, asyncio helpers.

Knows nothing of tasks, and imports no other layer but `policy` and `errors`.
"""
