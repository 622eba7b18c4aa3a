"""A differentiable renderer of 3D Gaussians in numpy. Pure.

Projection and compositing follow "3D Gaussian Splatting for Real-Time Radiance Field Rendering" (Kerbl et al., 2023),
with colours of degree 0. It works on pairs of a Gaussian and a pixel it covers, sorted by pixel and depth, so that
compositing is a running sum over one flat array.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cyberun_widget.local.runtimes.splat.camera import Camera
    from cyberun_widget.local.runtimes.splat.scene import Array

SH0: Final = np.float32(0.28209479177387814)  # the constant spherical harmonic: colour = 0.5 + SH0 * dc
_REACHES: Final = (2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48)  # half widths of the boxes that footprints are binned into
_FAINT: Final = 1 / 255
_DENSE: Final = 0.99
_NEAR: Final = 0.2  # nothing nearer to the camera is drawn
_BLUR: Final = np.float32(0.3)  # pixels squared, so that no footprint is thinner than a pixel


@dataclass(slots=True)
class Gaussians:
    """`means` (n, 3), `log_scales` (n, 3), `quats` (n, 4: w x y z), `logits` of opacity (n,), `dc` colours (n, 3)."""

    means: Array
    log_scales: Array
    quats: Array
    logits: Array
    dc: Array

    def items(self) -> dict[str, Array]:
        """Return the arrays by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class _Flat:
    """The Gaussians projected into one camera, kept for `backward`."""

    local: Array
    turn: Array  # (n, 3, 3), of the quaternions
    shape: Array  # (n, 3, 3), turn times scales
    jacobian: Array  # (n, 2, 3), world -> pixels
    conic: Array  # (n, 2, 2)
    centre: Array  # (n, 2)
    opacity: Array
    colour: Array


@dataclass(frozen=True, slots=True)
class Rendering:
    """A picture `rgb` (pixels, 3) on its background, and what `backward` needs."""

    rgb: Array
    through: Array  # (pixels,), light of the background that comes through
    _flat: _Flat
    _pairs: tuple[NDArray[Any], ...]
    _background: Array


def rotations(quats: Array) -> Array:
    """Return rotation matrices (n, 3, 3) of quaternions of any length."""
    w, x, y, z = (quats / np.linalg.norm(quats, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows, quats.dtype), -1, 0)


def render(gaussians: Gaussians, camera: Camera, background: Array) -> Rendering:
    """Draw the Gaussians on a `background`: one colour (3,) or one per pixel (pixels, 3)."""
    flat, reach = _project(gaussians, camera)
    pixel, owner, dx, dy, weight = _pairs(flat, reach, camera.size)
    alpha = np.minimum(flat.opacity[owner] * weight, np.float32(_DENSE))
    kept = np.flatnonzero(alpha > _FAINT)
    rank = np.empty(len(flat.opacity), np.uint16)
    rank[np.argsort(flat.local[:, 2], kind="stable")] = np.arange(len(rank), dtype=np.uint16)
    # Two stable passes over 16 bits (numpy's radix sort): by depth, then by pixel.
    kept = kept[np.argsort(rank[owner[kept]], kind="stable")]
    kept = kept[np.argsort(pixel[kept], kind="stable")]
    pixel, owner, dx, dy, alpha = (item[kept] for item in (pixel, owner, dx, dy, alpha))
    size = camera.size * camera.size
    begins = np.flatnonzero(np.diff(pixel.astype(np.int32), prepend=-1))
    fade = np.log1p(-alpha.astype(np.float64))
    passed = np.cumsum(fade) - fade
    lengths = np.diff(begins, append=len(pixel))
    before = np.exp(passed - np.repeat(passed[begins], lengths)).astype(np.float32)
    share = alpha * before
    through = np.ones(size, np.float32)
    rgb = np.zeros((size, 3), np.float32)
    if len(pixel):
        touched = pixel[begins]
        through[touched] = np.exp(np.add.reduceat(fade, begins))
        rgb[touched] = np.add.reduceat(share[:, None] * flat.colour[owner], begins, axis=0)
    rgb += through[:, None] * background
    return Rendering(rgb, through, flat, (pixel, owner, dx, dy, alpha, before, share, begins, lengths), background)


def backward(gaussians: Gaussians, camera: Camera, drawn: Rendering, slope: Array) -> Gaussians:
    """Return the loss gradient with respect to the Gaussians, given the one for the pixels, `slope` (pixels, 3)."""
    flat = drawn._flat  # noqa: SLF001 - same module
    pixel, owner, dx, dy, alpha, before, share, begins, lengths = drawn._pairs  # noqa: SLF001
    count = len(flat.opacity)

    def gather(values: Array) -> Array:
        return np.bincount(owner, values, count).astype(np.float32)

    here = slope[pixel]
    pull = np.einsum("ij,ij->i", here, flat.colour[owner])
    d_colour = np.stack([gather(share * here[:, channel]) for channel in range(3)], 1)
    # Light from behind a pair: the rest of its pixel's sum, and the background.
    part = (share * pull).astype(np.float64)
    running = np.cumsum(part)
    ends = running[begins + lengths - 1] if len(begins) else running
    rear = drawn.through * np.einsum("ij,ij->i", slope, np.broadcast_to(drawn._background, slope.shape))  # noqa: SLF001
    behind = np.repeat(ends, lengths) - running + rear[pixel]
    d_alpha = np.where(alpha < _DENSE, before * pull - behind / (1 - alpha), 0).astype(np.float32)
    d_log = d_alpha * alpha  # alpha = opacity * exp(-q / 2)
    d_logits = gather(d_log) * (1 - flat.opacity)
    d_q = np.float32(-0.5) * d_log
    by_x, by_y = d_q * dx, d_q * dy
    first = np.stack([gather(by_x), gather(by_y)], 1)
    cross = gather(by_x * dy)
    second = np.stack([gather(by_x * dx), cross, cross, gather(by_y * dy)], 1).reshape(-1, 2, 2)
    d_centre = -2 * np.einsum("nij,nj->ni", flat.conic, first)
    d_cov = -flat.conic @ second @ flat.conic
    return _unproject(gaussians, camera, flat, d_centre, d_cov, d_colour, d_logits)


def _project(gaussians: Gaussians, camera: Camera) -> tuple[_Flat, Array]:
    local = (gaussians.means - camera.position) @ camera.rotation.T
    x, y, z = local[:, 0], local[:, 1], np.maximum(local[:, 2], np.float32(0.05))
    focal, zero = np.float32(camera.focal), np.zeros_like(x)
    bend = np.stack([focal / z, zero, -focal * x / z**2, zero, focal / z, -focal * y / z**2], 1).reshape(-1, 2, 3)
    jacobian = bend @ camera.rotation
    turn = rotations(gaussians.quats)
    shape = turn * np.exp(gaussians.log_scales)[:, None, :]
    spread = jacobian @ shape
    cov = spread @ spread.transpose(0, 2, 1)
    a, b, c = cov[:, 0, 0] + _BLUR, cov[:, 0, 1], cov[:, 1, 1] + _BLUR
    conic = (np.stack([c, -b, -b, a], 1) / (a * c - b * b)[:, None]).reshape(-1, 2, 2)
    middle = (a + c) / 2
    widest = middle + np.sqrt(np.maximum((a - c) ** 2 / 4 + b * b, 0))
    opacity = 1 / (1 + np.exp(-gaussians.logits))
    # The footprint ends where it is too faint to draw.
    reach = np.sqrt(widest * 2 * np.log(np.maximum(opacity / np.float32(_FAINT), 1)))
    reach[local[:, 2] < _NEAR] = 0
    centre = np.stack([focal * x / z, focal * y / z], 1) + np.float32(camera.size / 2)
    colour = np.float32(0.5) + SH0 * gaussians.dc
    return _Flat(local, turn, shape, jacobian, conic, centre, opacity, colour), reach


def _pairs(flat: _Flat, reach: Array, size: int) -> tuple[NDArray[Any], ...]:
    """Return pixel, Gaussian, x offset, y offset and weight for every pixel in each footprint's box."""
    found: list[tuple[NDArray[Any], ...]] = []
    box = np.searchsorted(_REACHES, np.minimum(reach, _REACHES[-1]))
    corner = np.floor(flat.centre).astype(np.int32)
    for index, half in enumerate(_REACHES):
        mine = np.flatnonzero((box == index) & (reach > 0))
        if not len(mine):
            continue
        at = np.arange(-half, half + 1, dtype=np.int32)
        columns, rows = corner[mine, 0, None] + at, corner[mine, 1, None] + at
        dx = columns + np.float32(0.5) - flat.centre[mine, 0, None]
        dy = rows + np.float32(0.5) - flat.centre[mine, 1, None]
        k = flat.conic[mine]
        q = (k[:, 0, 0, None] * dx * dx)[:, None, :] + (k[:, 1, 1, None] * dy * dy)[:, :, None]
        q += (2 * k[:, 0, 1, None] * dy)[:, :, None] * dx[:, None, :]
        limit = 2 * np.log(np.maximum(flat.opacity[mine] / np.float32(_FAINT), 1))
        inside = ((columns >= 0) & (columns < size))[:, None, :] & ((rows >= 0) & (rows < size))[:, :, None]
        who, row, column = np.nonzero(inside & (q < limit[:, None, None]))
        pixel = (rows[who, row] * size + columns[who, column]).astype(np.uint16)
        found.append((pixel, mine[who], dx[who, column], dy[who, row], np.exp(-q[who, row, column] / 2)))
    if not found:
        empty = np.empty(0, np.float32)
        return np.empty(0, np.uint16), np.empty(0, np.int64), empty, empty, empty
    return tuple(np.concatenate(items) for items in zip(*found, strict=True))


def _unproject(
    gaussians: Gaussians, camera: Camera, flat: _Flat, d_centre: Array, d_cov: Array, d_colour: Array, d_logits: Array
) -> Gaussians:
    cov = flat.shape @ flat.shape.transpose(0, 2, 1)
    d_jacobian = 2 * d_cov @ flat.jacobian @ cov
    d_bend = d_jacobian @ camera.rotation.T
    x, y, z = flat.local[:, 0], flat.local[:, 1], np.maximum(flat.local[:, 2], np.float32(0.05))
    focal, square = np.float32(camera.focal), z * z
    d_x = d_centre[:, 0] * focal / z - d_bend[:, 0, 2] * focal / square
    d_y = d_centre[:, 1] * focal / z - d_bend[:, 1, 2] * focal / square
    d_z = -(d_centre[:, 0] * x + d_centre[:, 1] * y + d_bend[:, 0, 0] + d_bend[:, 1, 1]) * focal / square
    d_z += 2 * focal * (d_bend[:, 0, 2] * x + d_bend[:, 1, 2] * y) / (square * z)
    d_means = np.stack([d_x, d_y, d_z], 1) @ camera.rotation
    d_shape = 2 * flat.jacobian.transpose(0, 2, 1) @ d_cov @ flat.jacobian @ flat.shape
    d_log_scales = np.einsum("nij,nij->nj", d_shape, flat.shape)  # shape = turn * exp(log_scales)
    d_turn = d_shape * np.exp(gaussians.log_scales)[:, None, :]
    return Gaussians(d_means, d_log_scales, _quat_slope(gaussians.quats, d_turn), d_logits, d_colour * SH0)


def _quat_slope(quats: Array, d: Array) -> Array:
    """Return the gradient with respect to quaternions, given the one for their rotation matrices."""
    length = np.linalg.norm(quats, axis=1, keepdims=True)
    unit = quats / length
    w, x, y, z = unit.T
    d_w = x * (d[:, 2, 1] - d[:, 1, 2]) + y * (d[:, 0, 2] - d[:, 2, 0]) + z * (d[:, 1, 0] - d[:, 0, 1])
    d_x = y * (d[:, 0, 1] + d[:, 1, 0]) + z * (d[:, 0, 2] + d[:, 2, 0]) + w * (d[:, 2, 1] - d[:, 1, 2])
    d_x -= 2 * x * (d[:, 1, 1] + d[:, 2, 2])
    d_y = x * (d[:, 0, 1] + d[:, 1, 0]) + z * (d[:, 1, 2] + d[:, 2, 1]) + w * (d[:, 0, 2] - d[:, 2, 0])
    d_y -= 2 * y * (d[:, 0, 0] + d[:, 2, 2])
    d_z = x * (d[:, 0, 2] + d[:, 2, 0]) + y * (d[:, 1, 2] + d[:, 2, 1]) + w * (d[:, 1, 0] - d[:, 0, 1])
    d_z -= 2 * z * (d[:, 0, 0] + d[:, 1, 1])
    slope = 2 * np.stack([d_w, d_x, d_y, d_z], 1)
    along = np.einsum("ij,ij->i", slope, unit)[:, None] * unit
    result: Array = (slope - along) / length
    return result
