"""Follows tasks to their verdict: the transport ladder, reading streams, and the watch that listeners share.

Independent of widgets. Start at `task_watch.watch` and `listener.Listener`; an `Interest` is how closely one listens.
"""
