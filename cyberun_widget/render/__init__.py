"""Static views of a task: wording, text, terminal, HTML, the archive in a saved notebook.

Draws from values; starts nothing and fetches nothing.
"""
