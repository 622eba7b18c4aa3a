"""A task's life: the agent takes it from pending to its verdict, a worker process runs its runtime.

Knows nothing of HTTP. What a task computes is in `runtimes`.
"""
