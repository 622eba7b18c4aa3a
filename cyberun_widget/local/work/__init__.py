"""Runs tasks: takes them from pending to a terminal status; a worker process runs the runtime.

Independent of HTTP. The computations are in `runtimes`.
"""
