"""What a file is: its kind by its content, its size and length, its poster, a bounded preview, its readers.

Works on paths and bytes; knows no task, no artifact and no network.
"""
