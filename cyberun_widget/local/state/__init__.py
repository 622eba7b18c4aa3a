"""What the server knows: tasks and files in SQLite, the open event streams, ids and times.

Imports nothing of the other folders, and decides nothing about a task's life.
"""
