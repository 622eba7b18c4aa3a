"""Tasks followed to their verdict: the transport ladder, the reading of streams, and the watch that listeners share.

Knows no widget. Start at `task_watch.watch` and `listener.Listener`; who looks, and how closely, is an `Interest`.
"""
