"""HTTP: settings, the connection pool, the REST calls, the event stream and the object store.

The only package that imports httpx. It knows no widget and no artifact.
"""
