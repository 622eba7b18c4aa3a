"""The embedded server: speaks the whole API on loopback and does real work on this computer's CPU.

It is neither ComfyUI nor Nerfstudio. Needs the extra: `pip install "cyberun-widget[local]"`.
"""

from __future__ import annotations

from cyberun_widget.local.process.command import connect_text, serve
from cyberun_widget.local.process.launcher import LocalServer
from cyberun_widget.local.process.shared_server import ensure

__all__ = ["LocalServer", "connect_text", "ensure", "serve"]
