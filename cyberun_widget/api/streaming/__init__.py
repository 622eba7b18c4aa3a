"""The event stream's path from the socket to its reader, without a parser and a task switch per piece.

httpx makes the request and reads the response's head; after that, the body comes directly from the event loop.
"""
