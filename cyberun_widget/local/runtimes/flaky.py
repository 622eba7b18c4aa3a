"""`flaky`: draws a tile and scores it, or fails as its parameters request."""

from __future__ import annotations

import colorsys
import os
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cyberun_widget.local.runtimes.context import RuntimeFailure

if TYPE_CHECKING:
    from cyberun_widget.local.runtimes.context import Context

_DRAW, _MAY_FAIL, _SAVE = "1", "2", "4"
_SIDE: Final = 128  # pixels
_EXIT_CODE: Final = 70  # exit code of a simulated crash
_GOLDEN: Final = 0.618034  # gives neighbouring points very different colours


def run(context: Context) -> dict[str, Any]:
    """Draw and score a tile. Raises RuntimeFailure, or ends the process, if the parameters request it."""
    values = context.parameters
    point, seed, seconds = int(values["point"]), int(values["seed"]), float(values["seconds"])
    context.progress(0.0, node=_DRAW)
    tile, score = _tile(point, seed)
    steps = max(1, min(1000, round(seconds * 20)))
    for step in range(steps):
        context.progress(0.1 + 0.8 * step / steps, node=_MAY_FAIL, step=step, total=steps)
        time.sleep(seconds / steps)
        if step == steps // 2 and _fails(context, point):
            if values["how"] == "crash":
                os._exit(_EXIT_CODE)
            raise RuntimeFailure(
                f"MayFail (node {_MAY_FAIL}): point {point} fails, as fail_at={values['fail_at']} says."
            )
    tile.save(context.output(f"{_SAVE}.images.0", f"tile-{point:03d}.png", "image/png", _SAVE), "PNG")
    context.progress(1.0, node=_SAVE, step=steps, total=steps)
    return {"point": point, "seed": seed, "score": score}


def _fails(context: Context, point: int) -> bool:
    if context.parameters["heals"] and context.earlier:
        return False
    asked = {item.strip() for item in str(context.parameters["fail_at"]).split(",")}
    return "*" in asked or str(point) in asked


def _tile(point: int, seed: int) -> tuple[Image.Image, float]:
    """Return a picture that differs for each point, and a score in [0, 1]."""
    rng = np.random.default_rng((point, seed))
    colour = tuple(round(255 * part) for part in colorsys.hsv_to_rgb(point * _GOLDEN % 1, 0.55, 0.75))
    image = Image.new("RGB", (_SIDE, _SIDE), colour)
    draw = ImageDraw.Draw(image, "RGBA")
    for _ in range(14):
        x, y, radius = rng.uniform(0, _SIDE), rng.uniform(0, _SIDE), rng.uniform(4, 26)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), (255, 255, 255, 40))
    font = ImageFont.load_default(_SIDE // 3)
    draw.text((_SIDE / 2, _SIDE / 2), str(point), "white", font, anchor="mm")
    return image, round(float(rng.random()), 4)
