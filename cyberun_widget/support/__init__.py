"""What every layer uses and that knows nothing of tasks: secrets, threads, back-off, safe names, URLs, asyncio helpers.

Nothing here imports another layer but `policy` and `errors`.
"""
