"""The local server: implements the whole API on loopback and does real work on this computer's CPU.

It is neither ComfyUI nor Nerfstudio. Requires the extra: `pip install "cyberun-widget[local]"`. Imports nothing from
the rest of the package.
"""

from __future__ import annotations

from cyberun_widget.local.process.command import connect_text, serve
from cyberun_widget.local.process.launcher import LocalServer
from cyberun_widget.local.process.settings import ServerSettings
from cyberun_widget.local.process.shared_server import Connection, ensure

__all__ = ["Connection", "LocalServer", "ServerSettings", "connect_text", "ensure", "serve"]
