"""3D files: splats in the 3DGS authors' layout, and binary glTF 2.0. Pure."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberun_widget.local.runtimes.splat.renderer import Gaussians
    from cyberun_widget.local.runtimes.splat.scene import Array, Shape

_PLY: Final = (
    *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity"),
    *("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
)
_FLOAT, _BYTE, _INDEX = 5126, 5121, 5125  # glTF component types
_VERTICES, _INDICES = 34962, 34963  # glTF buffer targets
_TINY: Final = 1e-9  # a length treated as zero


def splat_ply(gaussians: Gaussians) -> bytes:
    """Return a binary PLY as 3DGS writes it: logarithms of scales, logits of opacity, quaternions w x y z."""
    quats = gaussians.quats / np.linalg.norm(gaussians.quats, axis=1, keepdims=True)
    rows = np.concatenate(
        [
            gaussians.means,
            np.zeros_like(gaussians.means),
            gaussians.dc,
            gaussians.logits[:, None],
            gaussians.log_scales,
            quats,
        ],
        axis=1,
    ).astype("<f4")
    head = ["ply", "format binary_little_endian 1.0", "comment Vertical Axis: y", f"element vertex {len(rows)}"]
    head += [f"property float {name}" for name in _PLY]
    return ("\n".join([*head, "end_header"]) + "\n").encode() + rows.tobytes()


def scene_glb(shapes: Sequence[Shape]) -> bytes:
    """Return the bodies as meshes with normals and vertex colours."""
    builder = _Builder()
    for shape in shapes:
        builder.add(shape)
    return builder.build()


class _Builder:
    """Builds the buffer, and the views and accessors into it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, int]] = []
        self.accessors: list[dict[str, Any]] = []
        self.meshes: list[dict[str, Any]] = []

    def add(self, shape: Shape) -> None:
        across, down = shape.grid
        u, v = np.meshgrid(np.linspace(0, 1, across + 1), np.linspace(0, 1, down + 1))
        points = shape.surface(u, v).reshape(-1, 3)
        corner = (np.arange(down)[:, None] * (across + 1) + np.arange(across)).reshape(-1)
        near, far = corner + 1, corner + across + 1
        triangles = np.stack([corner, far, near, near, far, far + 1], 1).reshape(-1, 3)
        solid = np.linalg.norm(_crosses(points, triangles), axis=1) > _TINY  # drop degenerate triangles at the poles
        triangles = triangles[solid]
        normals = _normals(shape, points)
        outward = np.einsum("ij,ij->i", _crosses(points, triangles), normals[triangles[:, 0]])
        if outward.mean() < 0:
            triangles = triangles[:, ::-1]
        colours = np.concatenate([shape.colour(points) ** 2.2, np.ones((len(points), 1))], 1)  # glTF colours are linear
        attributes = {
            "POSITION": self._accessor(points.astype("<f4"), _FLOAT, "VEC3", _VERTICES, bounds=True),
            "NORMAL": self._accessor(normals.astype("<f4"), _FLOAT, "VEC3", _VERTICES),
            "COLOR_0": self._accessor(
                (np.clip(colours, 0, 1) * 255 + 0.5).astype("u1"), _BYTE, "VEC4", _VERTICES, normalized=True
            ),
        }
        indices = self._accessor(np.ascontiguousarray(triangles).astype("<u4").reshape(-1), _INDEX, "SCALAR", _INDICES)
        self.meshes.append(
            {"name": shape.name, "primitives": [{"attributes": attributes, "indices": indices, "material": 0}]}
        )

    def _accessor(
        self, values: Any, component: int, kind: str, target: int, *, bounds: bool = False, normalized: bool = False
    ) -> int:
        raw = values.tobytes()
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(raw), "target": target})
        self.data += raw + b"\0" * (-len(raw) % 4)
        accessor: dict[str, Any] = {
            "bufferView": len(self.views) - 1, "componentType": component, "count": len(values), "type": kind,
        }  # fmt: skip
        if normalized:
            accessor["normalized"] = True
        if bounds:
            accessor |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def build(self) -> bytes:
        numbers = list(range(len(self.meshes)))
        material = {"pbrMetallicRoughness": {"metallicFactor": 0, "roughnessFactor": 0.55}, "name": "Painted"}
        tree = {
            "asset": {"version": "2.0", "generator": "cyberun-widget local server"},
            "scene": 0,
            "scenes": [{"name": "Still life", "nodes": numbers}],
            "nodes": [{"name": mesh["name"], "mesh": number} for number, mesh in enumerate(self.meshes)],
            "meshes": self.meshes,
            "materials": [material],
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": len(self.data)}],
        }
        text = json.dumps(tree, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        chunks = (
            struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(self.data), b"BIN\0") + self.data
        )
        return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _crosses(points: Array, triangles: Any) -> Array:
    a, b, c = (points[triangles[:, i]] for i in range(3))
    return np.cross(b - a, c - a)


def _normals(shape: Shape, points: Array) -> Array:
    axes = np.eye(3, dtype=np.float32) * np.float32(0.002)
    found = np.stack([shape.distance(points + axis) - shape.distance(points - axis) for axis in axes], -1)
    length = np.linalg.norm(found, axis=-1, keepdims=True)
    return np.where(length > _TINY, found / np.maximum(length, _TINY), [0, 1, 0]).astype(np.float32)
