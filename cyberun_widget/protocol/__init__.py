"""The service's protocol, pure: bytes to messages, messages to events, events to state, JSON to models.

No network, no files, no clock: `now` and randomness are arguments.
"""
