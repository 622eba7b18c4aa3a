"""The server as a process: command line, sockets and shutdown; a child process for tests; a user's shared server.

Importable without the [local] extra, except `server`. Handles no API calls.
"""
