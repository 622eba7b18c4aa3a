"""Moves a task's files into the object store, and builds the output shown by the API."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyberun_widget.local.state.store import ObjectRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cyberun_widget.local.catalogue.workflow import Workflow
    from cyberun_widget.local.state.store import Store, TaskRow


async def store_outputs(
    store: Store, task: TaskRow, workflow: Workflow, done: Mapping[str, Any], now: float
) -> dict[str, Any]:
    """Return `task_output`: each file's metadata and the runtime's facts, or the short form of a local delivery."""
    outputs: dict[str, dict[str, Any]] = {}
    for item in done["outputs"]:
        path = Path(item["path"])
        size, etag = await asyncio.to_thread(_measure, path)
        key = f"outputs/{task.id}/{task.retry_count}/{item['key']}/{item['name']}"
        target = store.object_path(key)
        os.replace(path, target)  # noqa: PTH105 - atomic, and over what an interrupted try left
        store.add_object(ObjectRow(key, item["mime"], item["name"], size, etag, now, target))
        parts = item["key"].split(".")
        outputs[item["key"]] = {
            "s3_key": key,
            "file_name": item["name"],
            "content_type": item["mime"],
            "size": size,
            "node_id": item["node_id"],
            "type": parts[1] if len(parts) > 1 else parts[0],
        }
    if task.parameters.get("delivery") == "local":
        pictures = [item for item in outputs.values() if item["type"] == "images"]
        return {"storage_key": pictures[-1]["s3_key"], "image_count": len(pictures)}
    return {"outputs": outputs, "workflow": workflow.slug, **done["facts"]}


def _measure(path: Path) -> tuple[int, str]:
    """Return a file's size and its entity tag."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, f'"{digest.hexdigest()[:32]}"'
