"""Downloads, from a link to a file on disk: the queue, the quota, the transfer, the cache.

Depends on the API and artifacts; independent of widgets and the kernel.
"""
