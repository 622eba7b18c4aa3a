"""Pinhole cameras around the scene, and the photos they take. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cyberun_widget.local.runtimes.splat import scene

if TYPE_CHECKING:
    from cyberun_widget.local.runtimes.splat.scene import Array

_DISTANCE: Final = 2.9
_FIELD: Final = 44.0  # degrees across
_TARGET: Final = np.array([0, -0.12, 0], np.float32)


@dataclass(frozen=True, slots=True)
class Camera:
    """`rotation`: world -> camera (x right, y down, z ahead), rows; `focal` and `size` in pixels."""

    position: Array
    rotation: Array
    focal: float
    size: int


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture, premultiplied by its coverage: `rgb` (pixels, 3), `alpha` (pixels); `depth` at pixel centres."""

    camera: Camera
    rgb: Array
    alpha: Array
    depth: Array
    points: Array  # of the surface, where `depth` is finite
    name: str


def orbit(azimuth: float, elevation: float, size: int) -> Camera:
    """Return a camera that looks at the scene's centre; angles in degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    outward = np.array([np.cos(e) * np.cos(a), np.sin(e), np.cos(e) * np.sin(a)])
    ahead = -outward
    right = np.cross(ahead, [0, 1, 0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead]).astype(np.float32)
    focal = size / 2 / np.tan(np.radians(_FIELD) / 2)
    return Camera((_TARGET + outward * _DISTANCE).astype(np.float32), rotation, float(focal), size)


def rig(count: int, size: int) -> list[Camera]:
    """Return `count` cameras around the scene, at varying heights."""
    return [orbit(360 * i / count, 27 + 21 * np.sin(2 * np.pi * 3 * i / count + 0.4), size) for i in range(count)]


def rays(camera: Camera, oversample: int = 1) -> Array:
    """Return unit directions, row by row, `oversample` squared per pixel."""
    side = camera.size * oversample
    at = (np.arange(side, dtype=np.float32) + 0.5) / oversample - camera.size / 2
    x, y = np.meshgrid(at, at)
    local = np.stack([x / camera.focal, y / camera.focal, np.ones_like(x)], -1).reshape(-1, 3).astype(np.float32)
    world = local @ camera.rotation
    return np.asarray(world / np.linalg.norm(world, axis=-1, keepdims=True), np.float32)


def take(camera: Camera, name: str, oversample: int = 2) -> Photo:
    """Photograph the scene, with `oversample` squared rays per pixel."""
    directions = rays(camera, oversample)
    reach = scene.march(camera.position, directions)
    seen = np.isfinite(reach)
    points = camera.position + directions[seen] * reach[seen][:, None]
    colours = np.zeros((len(directions), 4), np.float32)
    colours[seen, :3] = scene.lit(points)
    colours[seen, 3] = 1
    side, over = camera.size, oversample
    mean = colours.reshape(side, over, side, over, 4).mean((1, 3)).reshape(-1, 4)
    ahead = reach * (directions @ camera.rotation[2])
    depth = ahead.reshape(side, over, side, over)[:, 0, :, 0].reshape(-1)
    return Photo(camera, mean[:, :3].copy(), mean[:, 3].copy(), depth, points, name)


def project(camera: Camera, points: Array) -> tuple[Array, Array]:
    """Return the projections of points, (n, 2) in pixels from the upper left, and their depths."""
    local = (points - camera.position) @ camera.rotation.T
    depth = np.maximum(local[:, 2], np.float32(1e-6))
    return local[:, :2] / depth[:, None] * np.float32(camera.focal) + np.float32(camera.size / 2), local[:, 2]
