"""Shared by every layer: secrets, text cleaning, words and units, threads, back-off, safe names, URLs, asyncio helpers.

Independent of tasks; imports only `policy` and `errors` from other layers.
"""
