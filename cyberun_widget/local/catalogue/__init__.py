"""The workflows on offer: their parameters, graphs and versions, and how a slug finds one. Pure.

One module a workflow, named as its slug. No task, no file and no request is known here.
"""

from __future__ import annotations

from cyberun_widget.local.catalogue.gray_scott import COLORMAPS
from cyberun_widget.local.catalogue.lookup import by_id, by_slug, current

__all__ = ["COLORMAPS", "by_id", "by_slug", "current"]
