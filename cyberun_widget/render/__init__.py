"""A task as text: the card's parts in words, lines for a terminal, the archive in a saved notebook, Python source.

Draws from values; starts nothing and fetches nothing.
"""
