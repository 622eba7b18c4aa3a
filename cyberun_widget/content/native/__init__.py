"""Readers in native code, each in a child process: Arrow, Parquet and Feather, compressed TIFF, ffmpeg.

A damaged or hostile file can crash the child, but not the user's kernel. Children get only a few harmless environment
variables, and no key.
"""
