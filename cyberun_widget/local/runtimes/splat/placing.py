"""Places the photos: joins those that share enough of the scene into one group. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from cyberun_widget.local.runtimes.splat.camera import project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cyberun_widget.local.runtimes.splat.camera import Photo
    from cyberun_widget.local.runtimes.splat.scene import Array

_FEATURES: Final = 160  # points of a photo that are searched for in the others
_TURN: Final = np.cos(np.radians(32.0))  # largest change of view at which a feature is recognised
_SAME_DEPTH: Final = 0.08  # a larger difference means something occludes the feature
_ENOUGH: Final = 30  # matches needed to join two photos
LEAST: Final = 8  # placed photos needed for a scene
_ADVICE: Final = (
    f"Neighbouring photos must show the same places from views less than {np.degrees(np.arccos(_TURN)):.0f} degrees "
    f"apart, and at least {LEAST} photos must be joined. Take more photos: 24 or more around the scene work well."
)


@dataclass(frozen=True, slots=True)
class Placement:
    """`placed`: the largest group of joined photos, by index; `links`: number of matches of each joined pair."""

    placed: tuple[int, ...]
    links: dict[tuple[int, int], int]
    weak: dict[tuple[int, int], int]


def place(photos: Sequence[Photo], seed: int, on_photo: Callable[[int], None]) -> Placement:
    """Match every pair of photos with similar views, and join those with enough matches into groups."""
    rng = np.random.default_rng(seed)
    links: dict[tuple[int, int], int] = {}
    weak: dict[tuple[int, int], int] = {}
    group = list(range(len(photos)))
    for first, photo in enumerate(photos):
        on_photo(first)
        if not len(photo.points):
            continue
        features = photo.points[rng.integers(len(photo.points), size=_FEATURES)]
        for second in range(first + 1, len(photos)):
            count = _matches(photo, photos[second], features)
            if count < _ENOUGH:
                weak[first, second] = count
                continue
            links[first, second] = count
            old, new = group[second], group[first]
            group = [new if item == old else item for item in group]
    largest = max(set(group), key=group.count)
    return Placement(tuple(i for i, item in enumerate(group) if item == largest), links, weak)


def _matches(first: Photo, second: Photo, features: Array) -> int:
    """Count the features of one photo that the other sees from a similar view."""
    towards = [features - item.camera.position for item in (first, second)]
    cosine = np.einsum("ij,ij->i", *towards) / (np.linalg.norm(towards[0], axis=1) * np.linalg.norm(towards[1], axis=1))
    near = features[cosine > _TURN]
    if not len(near):
        return 0
    at, depth = project(second.camera, near)
    pixel = np.floor(at).astype(np.int32)
    size = second.camera.size
    inside = ((pixel >= 0) & (pixel < size)).all(1)
    seen = second.depth[pixel[inside, 1] * size + pixel[inside, 0]]
    return int((np.abs(seen - depth[inside]) < _SAME_DEPTH).sum())


def failure(photos: Sequence[Photo], placement: Placement) -> str | None:
    """Return why the photos don't form a scene, with the matching log; None if they do."""
    placed, count = len(placement.placed), len(photos)
    if placed >= max(LEAST, round(0.6 * count)):
        return None
    lines = [
        f"process_data: only {placed} of {count} photos could be placed.",
        "",
        _ADVICE,
        "",
        f"[process_data] extracted {_FEATURES} features from each of {count} photos",
    ]
    pairs = sorted(placement.links | placement.weak)[:40]
    for first, second in pairs:
        found = placement.links.get((first, second), placement.weak.get((first, second), 0))
        verdict = "joined" if (first, second) in placement.links else f"not joined (needs {_ENOUGH})"
        lines.append(
            f"[process_data] {photos[first].name} <-> {photos[second].name}: {found} of {_FEATURES} matches, {verdict}"
        )
    lines += [
        f"[process_data] largest joined group: {placed} photos",
        *(f"[process_data] not placed: {photos[i].name}" for i in range(count) if i not in placement.placed),
        "RuntimeError: reconstruction has too few registered images",
    ]
    return "\n".join(lines)
