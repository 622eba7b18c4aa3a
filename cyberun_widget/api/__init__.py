"""HTTP: settings, the connection pool, the REST calls, the event stream and the object store.

The only package that imports httpx. Independent of widgets and artifacts.
"""
