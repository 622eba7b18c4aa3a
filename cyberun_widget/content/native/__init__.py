"""Native code that reads foreign files, each in a child process: Arrow, Parquet and Feather, compressed TIFF, ffmpeg.

A damaged or hostile file can end the child, never the user's kernel. No environment variable but a few harmless ones
reaches a child, so no key does.
"""
