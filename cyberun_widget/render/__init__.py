"""Renders a task as text: the card's texts, lines for a terminal, the archive in a saved notebook, Python source.

Renders from values; starts nothing and fetches nothing.
"""
