"""The two HTTP origins: the API's calls, the object store, tokens and signed URLs.

Reads and writes tasks through `state`, and leaves all work to `work`. Starts no process and opens no socket.
"""
