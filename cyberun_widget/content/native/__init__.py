"""Native code that reads foreign files, each file in a child process: Arrow, Parquet and Feather tables, and ffmpeg.

A damaged or hostile file can end the child, never the user's kernel. No environment variable but a few harmless ones
reaches a child, so no key does.
"""
