"""One task followed to its verdict: the transport ladder, the stream reader, the journal, the shared watch.

Knows no widget: it reports to listeners.
"""
