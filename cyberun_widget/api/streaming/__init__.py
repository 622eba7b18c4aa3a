"""The event stream's own path from the socket to its reader, without a parser and a task switch for each piece.

httpx makes the request and reads the head of the answer; from there on the body comes straight from the event loop.
"""
