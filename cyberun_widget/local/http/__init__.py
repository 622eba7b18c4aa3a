"""The two origins as clients see them: the API's calls, the object store, tokens and signed URLs.

Reads and writes tasks by `state`, and leaves all work to `work`. Nothing here starts a process or opens a socket.
"""
