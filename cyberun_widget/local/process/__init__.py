"""The server as a process: its command line, sockets and end; a child of a test; the one server a user shares.

Importable without the [local] extra but for `server`. No call of the API is answered here.
"""
