"""Code that depends on the kernel and the host: subshells, display updates, waiting inside a running cell.

Independent of tasks.
"""
