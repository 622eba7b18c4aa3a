"""Optimises Gaussians against photos: initial values, Adam, and the quality of the result. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cyberun_widget.local.runtimes.splat.camera import project
from cyberun_widget.local.runtimes.splat.renderer import SH0, Gaussians, backward, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyberun_widget.local.runtimes.splat.camera import Photo
    from cyberun_widget.local.runtimes.splat.scene import Array

_RATES: Final = {"means": 0.0016, "log_scales": 0.012, "quats": 0.012, "logits": 0.05, "dc": 0.025}
_FADE: Final = 0.12  # fraction of the learning rates left at the end
_BETA: Final = (0.9, 0.99)
_EPSILON: Final = 1e-12
_SOFT: Final = np.float32(0.02)  # below this the loss is quadratic, above it linear


def start(photos: Sequence[Photo], count: int, seed: int) -> Gaussians:
    """Return Gaussians at evenly spread points visible in the photos, with the photos' colours."""
    rng = np.random.default_rng(seed)
    pool, colours = _points(photos, rng, count * 8)
    chosen = _spread(pool, count, rng)
    points = pool[chosen] + rng.normal(0, 0.006, (len(chosen), 3)).astype(np.float32)
    apart = np.sort(_distances(points), axis=1)[:, 1:4].mean(1)
    quats = rng.normal(size=(len(points), 4)).astype(np.float32)
    return Gaussians(
        means=points.astype(np.float32),
        log_scales=np.repeat(np.log(apart * 0.55)[:, None], 3, axis=1).astype(np.float32),
        quats=quats / np.linalg.norm(quats, axis=1, keepdims=True),
        logits=np.full(len(points), 0.4, np.float32),
        dc=((colours[chosen] - np.float32(0.5)) / SH0).astype(np.float32),
    )


def _points(photos: Sequence[Photo], rng: np.random.Generator, wanted: int) -> tuple[Array, Array]:
    each = max(1, wanted // len(photos))
    points, colours = [], []
    for photo in photos:
        mine = photo.points[rng.integers(len(photo.points), size=each)]
        at, _ = project(photo.camera, mine)
        pixel = np.clip(np.floor(at).astype(np.int32), 0, photo.camera.size - 1)
        flat = pixel[:, 1] * photo.camera.size + pixel[:, 0]
        points.append(mine)
        colours.append(photo.rgb[flat] / np.maximum(photo.alpha[flat], np.float32(0.25))[:, None])
    return np.concatenate(points), np.clip(np.concatenate(colours), 0, 1)


def _spread(points: Array, count: int, rng: np.random.Generator) -> Any:
    """Choose evenly spread points: one from each cell of a grid with about `count` filled cells."""
    if len(points) <= count:
        return np.arange(len(points))
    low, high = 0.005, 0.6
    order = rng.permutation(len(points))
    kept = order[:count]
    for _ in range(14):
        cell = (low + high) / 2
        _, first = np.unique(np.floor(points[order] / cell).astype(np.int32), axis=0, return_index=True)
        if len(first) >= count:
            kept, low = order[first], cell
        else:
            high = cell
    return rng.permutation(kept)[:count]


def _distances(points: Array) -> Array:
    square = (points * points).sum(1)
    result: Array = np.sqrt(np.maximum(square[:, None] + square[None] - 2 * points @ points.T, 0))
    return result


@dataclass(slots=True)
class Trainer:
    """Adam over all five arrays. `total`: iterations over which the learning rates decay."""

    gaussians: Gaussians
    photos: Sequence[Photo]
    total: int
    rng: np.random.Generator
    loss: float = float("nan")  # the mean absolute difference, smoothed
    done: int = 0
    _queue: list[int] = field(default_factory=list)
    _first: dict[str, Array] = field(default_factory=dict)
    _second: dict[str, Array] = field(default_factory=dict)

    def step(self) -> float:
        """Take one step against one photo. Returns its mean absolute difference."""
        if not self._queue:
            self._queue = [int(item) for item in self.rng.permutation(len(self.photos))]
        photo = self.photos[self._queue.pop()]
        # A random background for each step, so that no Gaussian learns to imitate it.
        background = self.rng.uniform(0, 1, 3).astype(np.float32)
        target = photo.rgb + (1 - photo.alpha)[:, None] * background
        drawn = render(self.gaussians, photo.camera, background)
        off = drawn.rgb - target
        slope = off / np.sqrt(off * off + _SOFT * _SOFT) / np.float32(off.size)
        self._move(backward(self.gaussians, photo.camera, drawn, slope))
        loss = float(np.abs(off).mean())
        self.loss = loss if self.done == 1 else self.loss + 0.08 * (loss - self.loss)
        return loss

    def _move(self, slopes: Gaussians) -> None:
        self.done += 1
        fade = _FADE ** (self.done / max(1, self.total))
        lean, even = (1 - beta**self.done for beta in _BETA)
        for name, values in self.gaussians.items().items():
            slope = getattr(slopes, name)
            first = self._first.setdefault(name, np.zeros_like(values))
            second = self._second.setdefault(name, np.zeros_like(values))
            first += np.float32(1 - _BETA[0]) * (slope - first)
            second += np.float32(1 - _BETA[1]) * (slope * slope - second)
            step = (first / np.float32(lean)) / (np.sqrt(second / np.float32(even)) + np.float32(_EPSILON))
            np.subtract(values, np.float32(_RATES[name] * fade) * step, out=values)
        np.clip(self.gaussians.log_scales, -6.0, -1.0, out=self.gaussians.log_scales)


def psnr(gaussians: Gaussians, photo: Photo, background: Array) -> float:
    """Return the peak signal-to-noise ratio of a view against its photo, in dB."""
    drawn = np.clip(render(gaussians, photo.camera, background).rgb, 0, 1)
    target = photo.rgb + (1 - photo.alpha)[:, None] * background
    return float(-10 * np.log10(max(float(np.mean((drawn - target) ** 2)), 1e-10)))
