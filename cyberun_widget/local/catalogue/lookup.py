"""The workflows that the local server offers, and how they are found. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cyberun_widget.local.catalogue.comfyui import COLORMAPS, ECHO, GRAY_SCOTT
from cyberun_widget.local.catalogue.nerfstudio import BIG_SPLAT, TINY_SPLAT

if TYPE_CHECKING:
    from cyberun_widget.local.catalogue.workflow import Workflow

__all__ = ["CATALOGUE", "COLORMAPS", "by_id", "by_slug", "current"]

CATALOGUE: Final = (
    replace(GRAY_SCOTT, version=1, parameters=tuple(p for p in GRAY_SCOTT.parameters if p.key != "batch")),
    GRAY_SCOTT,
    TINY_SPLAT,
    ECHO,
    BIG_SPLAT,
)
"""Every version of every workflow; the last of a slug is the current one."""


def current() -> tuple[Workflow, ...]:
    """Return the newest version of each workflow."""
    return tuple({item.slug: item for item in CATALOGUE}.values())


def by_id(workflow_id: str) -> Workflow | None:
    """Return the newest version of the workflow with this id."""
    return next((item for item in current() if item.id == workflow_id.lower()), None)


def by_slug(text: str) -> Workflow | None:
    """Return the workflow named by `slug`, or by `slug@2` for that very version."""
    slug, pinned, version = text.partition("@")
    if not pinned:
        return next((item for item in current() if item.slug == slug), None)
    return next((item for item in CATALOGUE if item.slug == slug and str(item.version) == version), None)
