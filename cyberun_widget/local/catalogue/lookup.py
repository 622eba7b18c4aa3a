"""The workflows that the local server offers, and their lookup by id and slug. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cyberun_widget.local.catalogue.echo_files import ECHO_FILES
from cyberun_widget.local.catalogue.flaky import FLAKY
from cyberun_widget.local.catalogue.gray_scott import GRAY_SCOTT
from cyberun_widget.local.catalogue.photo_filter import PHOTO_FILTER
from cyberun_widget.local.catalogue.tiny_splat import BIG_SPLAT, TINY_SPLAT

if TYPE_CHECKING:
    from cyberun_widget.local.catalogue.workflow import Workflow

_ALL: Final = (
    replace(GRAY_SCOTT, version=1, parameters=tuple(p for p in GRAY_SCOTT.parameters if p.key != "batch")),
    GRAY_SCOTT,
    TINY_SPLAT,
    PHOTO_FILTER,
    ECHO_FILES,
    FLAKY,
    BIG_SPLAT,
)
"""Every version of every workflow; the last one of a slug is current."""


def current() -> tuple[Workflow, ...]:
    """Return the newest version of each workflow."""
    return tuple({item.slug: item for item in _ALL}.values())


def by_id(workflow_id: str) -> Workflow | None:
    """Return the newest version of the workflow with this id."""
    return next((item for item in current() if item.id == workflow_id.lower()), None)


def by_slug(text: str) -> Workflow | None:
    """Return the workflow named `slug`, or `slug@2` for a specific version."""
    slug, pinned, version = text.partition("@")
    if not pinned:
        return next((item for item in current() if item.slug == slug), None)
    return next((item for item in _ALL if item.slug == slug and str(item.version) == version), None)
