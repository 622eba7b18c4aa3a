"""The server's state: tasks and files in SQLite, the open event streams, ids and times.

Imports nothing from the other folders, and makes no decisions about tasks.
"""
