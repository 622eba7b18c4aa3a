"""From a link to a file on disk: the queue, the quota, the transfer, the cache.

Knows the API and artifacts; knows no widget and no kernel.
"""
