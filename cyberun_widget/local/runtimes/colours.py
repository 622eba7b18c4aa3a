"""Palettes, and relief shading of a field. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PALETTES: Final[dict[str, tuple[str, ...]]] = {
    "reef": ("061826", "0b3a4a", "12717a", "3fb8a3", "f3d9a4", "ff9a6b", "f2545b"),
    "ember": ("0b0613", "2c0b36", "6d1a45", "b93442", "ef6c38", "fbb65c", "fff3c9"),
    "aurora": ("070b1f", "10224f", "1b5a7d", "1fa187", "7ad151", "d9f28b", "fdfde0"),
    "ink": ("f6f1e5", "e9dfc9", "b9b6ad", "6f7f8c", "36506b", "1c2f4c", "0c1626"),
    "orchid": ("120b2b", "31175e", "6a2c91", "b6479b", "ee7aa0", "ffb8b0", "fff0e2"),
}
_LIGHT: Final = np.array([-0.45, -0.55, 0.7], dtype=np.float32) / np.float32(np.sqrt(0.995))


def palette(name: str) -> NDArray[np.float32]:
    """Return 1,024 colours, RGB in [0, 1]."""
    stops = np.array([[int(item[i : i + 2], 16) for i in (0, 2, 4)] for item in _PALETTES[name]]) / 255
    linear = stops**2.2
    places, at = np.linspace(0, 1, len(stops)), np.linspace(0, 1, 1024)
    mixed = np.stack([np.interp(at, places, linear[:, channel]) for channel in range(3)], axis=1)
    return (mixed ** (1 / 2.2)).astype(np.float32)


def shade(field: NDArray[np.float32], hue: NDArray[np.float32], name: str, depth: float) -> NDArray[np.uint8]:
    """Light a relief from the upper left. `field`: heights in [0, 1]; `hue`: positions on the palette, in [0, 1].

    `depth`: the relief's height in pixels.
    """
    colours = palette(name)[np.clip(hue * 1023, 0, 1023).astype(np.int32)]
    dy, dx = np.gradient(field * np.float32(depth))
    norm = 1 / np.sqrt(dx * dx + dy * dy + 1)
    diffuse = np.clip((-dx * _LIGHT[0] - dy * _LIGHT[1] + _LIGHT[2]) * norm, 0, None)
    # Blinn's highlight, viewed from directly above.
    half = _LIGHT + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    gloss = np.clip((-dx * half[0] - dy * half[1] + half[2]) * norm, 0, 1) ** 40
    lit = colours * (0.42 + 0.83 * diffuse[..., None]) + 0.22 * gloss[..., None] * field[..., None]
    result: NDArray[np.uint8] = (np.clip(lit, 0, 1) * 255 + 0.5).astype(np.uint8)
    return result
