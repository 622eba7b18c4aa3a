"""The service's language, pure: bytes to messages, messages to events, events to state, JSON to models.

No network, no files, no clock of its own: `now` and randomness are arguments.
"""
