"""The available workflows: parameters, graphs, versions, and lookup by slug. Pure.

One module per workflow, named after its slug. Independent of tasks, files and requests.
"""

from __future__ import annotations

from cyberun_widget.local.catalogue.gray_scott import COLORMAPS
from cyberun_widget.local.catalogue.lookup import by_id, by_slug, current

__all__ = ["COLORMAPS", "by_id", "by_slug", "current"]
