"""What a task made, as values: the artifact, the result, the list read from an answer, the export to a folder.

No network here: bytes come by `downloads`.
"""
