"""The still life that tiny-splat photographs: its shapes, colours, light and meshes. Pure.

Right-handed, y up, about two units across, centred on the origin. Colours are sRGB in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[Any]
"""An array of 32-bit floats."""

_LIGHT: Final = np.array([0.48, 0.77, 0.42], np.float32)
_FLOOR: Final = -0.55
_TOUCH: Final = 0.0015  # a tenth of a pixel at the distance of the cameras


@dataclass(frozen=True, slots=True)
class Shape:
    """A body: signed distance, colour of its surface, and its surface as a grid. `surface(u, v)`, both in [0, 1]."""

    name: str
    distance: Callable[[Array], Array]
    colour: Callable[[Array], Array]
    surface: Callable[[Array, Array], Array]
    grid: tuple[int, int]


def _floats(values: Any) -> Array:
    return np.asarray(values, np.float32)


def _rgb(text: str) -> Array:
    return _floats(np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / np.float32(255))


def _blend(low: str, high: str, part: Array) -> Array:
    return _floats(_rgb(low) + (_rgb(high) - _rgb(low)) * part[..., None])


def _shaded(low: str, high: str) -> Callable[[Array], Array]:
    return lambda n: _blend(low, high, 0.5 + 0.5 * n[..., 1])


def _steps(value: Array, sharpness: float = 6.0) -> Array:
    """Return a soft square wave of a phase in radians."""
    return _floats(0.5 + 0.5 * np.tanh(np.sin(value) * np.float32(sharpness)))


def _ball(name: str, centre: tuple[float, float, float], radius: float, colour: Callable[[Array], Array]) -> Shape:
    middle = np.array(centre, np.float32)

    def surface(u: Array, v: Array) -> Array:
        theta, phi = np.pi * v, 2 * np.pi * u
        ring = np.sin(theta)
        unit = np.stack([ring * np.cos(phi), np.cos(theta), -ring * np.sin(phi)], -1)
        return _floats(middle + np.float32(radius) * unit)

    return Shape(
        name,
        lambda p: np.linalg.norm(p - middle, axis=-1) - np.float32(radius),
        lambda p: colour((p - middle) / np.float32(radius)),
        surface,
        (64, 32),
    )


def _planet(n: Array) -> Array:
    swirl = n[..., 1] * 9 + 1.1 * np.sin(3 * np.arctan2(n[..., 2], n[..., 0]) + 4 * n[..., 1])
    base = _blend("12717a", "6fd0bd", _steps(swirl, 1.6))
    cream = np.exp(-((n[..., 1] - 0.28 - 0.06 * np.sin(4 * np.arctan2(n[..., 2], n[..., 0]))) ** 2) / 0.012)
    return _floats(base + (_rgb("f6e3b4") - base) * cream[..., None].astype(np.float32))


_TILT: Final = np.radians(24.0)
_TURN: Final = np.array(
    [[np.cos(_TILT), -np.sin(_TILT), 0], [np.sin(_TILT), np.cos(_TILT), 0], [0, 0, 1]], np.float32
)  # the ring's frame -> the scene's frame
_RING, _TUBE, _HEIGHT = 0.66, 0.085, 0.06


def _ring() -> Shape:
    lift = np.array([0, _HEIGHT, 0], np.float32)

    def distance(p: Array) -> Array:
        q = (p - lift) @ _TURN
        return _floats(np.hypot(np.hypot(q[..., 0], q[..., 2]) - np.float32(_RING), q[..., 1]) - np.float32(_TUBE))

    def colour(p: Array) -> Array:
        q = (p - lift) @ _TURN
        angle = np.arctan2(q[..., 2], q[..., 0])
        around = np.arctan2(q[..., 1], np.hypot(q[..., 0], q[..., 2]) - np.float32(_RING))
        return _blend("f2545b", "ffc86b", _steps(6 * angle + 2 * around, 4))

    def surface(u: Array, v: Array) -> Array:
        a, b = 2 * np.pi * u, 2 * np.pi * v
        reach = _RING + _TUBE * np.cos(b)
        q = np.stack([reach * np.cos(a), _TUBE * np.sin(b), reach * np.sin(a)], -1)
        return _floats(q @ _TURN.T + lift)

    return Shape("Ring", distance, colour, surface, (128, 24))


_PLATE, _THICK, _EDGE, _HUB = 0.95, 0.05, 0.03, 0.12


def _plate() -> Shape:
    middle = _FLOOR - _THICK

    def distance(p: Array) -> Array:
        out = np.hypot(p[..., 0], p[..., 2]) - np.float32(_PLATE - _EDGE)
        up = np.abs(p[..., 1] - np.float32(middle)) - np.float32(_THICK - _EDGE)
        outside = np.hypot(np.maximum(out, 0), np.maximum(up, 0))
        return _floats(outside + np.minimum(np.maximum(out, up), 0) - np.float32(_EDGE))

    def colour(p: Array) -> Array:
        radius, angle = np.hypot(p[..., 0], p[..., 2]), np.arctan2(p[..., 2], p[..., 0])
        rays = _steps(8 * angle + np.where(np.sin(radius * 13) > 0, np.pi, 0), 5)
        return _blend("3d3358", "d9cbb2", (rays * (radius > _HUB)).astype(np.float32))

    def surface(u: Array, v: Array) -> Array:
        # Top centre, rim, bottom centre: a profile turned around the axis.
        reach = np.interp(v, [0, 0.42, 0.46, 0.5, 0.54, 0.58, 1], [0, 0.92, 0.945, 0.95, 0.945, 0.92, 0])
        lift = np.interp(v, [0, 0.42, 0.46, 0.5, 0.54, 0.58, 1], [1, 1, 0.75, 0, -0.75, -1, -1]) * _THICK
        angle = -2 * np.pi * u
        return np.stack([reach * np.cos(angle), middle + lift, reach * np.sin(angle)], -1).astype(np.float32)

    return Shape("Plate", distance, colour, surface, (128, 96))


SHAPES: Final = (
    _plate(),
    _ball("Planet", (0, _HEIGHT, 0), 0.4, _planet),
    _ring(),
    _ball("Orange moon", (0.62, _FLOOR + 0.15, 0.38), 0.15, _shaded("f08a3c", "ffd591")),
    _ball("Violet moon", (-0.55, _FLOOR + 0.12, 0.52), 0.12, _shaded("6a4bb5", "c7a8ff")),
    _ball("Green moon", (-0.1, _FLOOR + 0.1, -0.72), 0.1, _shaded("3f9b57", "c5e89a")),
)  # fmt: skip


def distance(points: Array) -> Array:
    """Return the distance to the nearest surface; negative inside."""
    result = SHAPES[0].distance(points)
    for shape in SHAPES[1:]:
        result = np.minimum(result, shape.distance(points))
    return result


def march(origin: Array, directions: Array, far: float = 6.0) -> Array:
    """Return each ray's distance to the first surface, infinity if it hits none (sphere tracing)."""
    depth = np.full(len(directions), np.inf, np.float32)
    alive = np.arange(len(directions))
    travelled = np.full(len(directions), 0.8, np.float32)
    for _ in range(56):
        reach = travelled[alive]
        gap = distance(origin + directions[alive] * reach[:, None])
        hit = gap < _TOUCH
        depth[alive[hit]] = reach[hit]
        travelled[alive] = reach + gap
        alive = alive[~hit & (travelled[alive] < far)]
        if not len(alive):
            break
    return depth


def albedo(points: Array) -> Array:
    """Return the surface colours, without lighting, at points on the surfaces."""
    gaps = np.stack([shape.distance(points) for shape in SHAPES])
    nearest = gaps.argmin(0)
    colours = np.zeros((len(points), 3), np.float32)
    for index, shape in enumerate(SHAPES):
        mine = nearest == index
        if mine.any():
            colours[mine] = shape.colour(points[mine])
    return colours


def normals(points: Array) -> Array:
    """Return the outward normals at points on the surfaces."""
    step = np.float32(0.002)
    axes = np.eye(3, dtype=np.float32) * step
    found = np.stack([distance(points + axis) - distance(points - axis) for axis in axes], -1)
    return _floats(found / np.maximum(np.linalg.norm(found, axis=-1, keepdims=True), np.float32(1e-9)))


def lit(points: Array) -> Array:
    """Return the colours a camera sees: albedo lit by a key light with soft shadows, sky light and contact shadows."""
    normal = normals(points)
    key = np.clip(normal @ _LIGHT, 0, None)
    shadow = np.ones(len(points), np.float32)
    facing = np.flatnonzero(key > 0)
    start, reach = points[facing] + normal[facing] * np.float32(0.01), np.full(len(facing), 0.03, np.float32)
    for _ in range(18):
        gap = distance(start + _LIGHT * reach[:, None])
        shadow[facing] = np.minimum(shadow[facing], np.clip(9 * gap / reach, 0, 1))
        reach += np.clip(gap, 0.03, 0.25)
    open_sky = np.clip(distance(points + normal * np.float32(0.16)) / np.float32(0.16), 0.25, 1)
    sky = (0.46 + 0.24 * normal[:, 1]) * open_sky
    strength = (0.92 * key * shadow)[:, None] * np.array([1, 0.95, 0.88], np.float32)
    strength = strength + sky[:, None] * np.array([0.88, 0.95, 1.08], np.float32) + np.float32(0.06)
    return _floats(np.clip(albedo(points) * strength, 0, 1))
