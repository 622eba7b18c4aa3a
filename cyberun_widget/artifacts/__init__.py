"""A task's output as values: artifacts, the result, the list of files parsed from an answer, the export to a folder.

Makes no requests: `downloads` fetches the bytes.
"""
