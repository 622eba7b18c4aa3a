"""Keeps the import path `cyberun_widget._sse`; the decoder lives in `protocol.sse`."""

from cyberun_widget.protocol.sse import SSEDecoder, SSEMessage

__all__ = ["SSEDecoder", "SSEMessage"]
