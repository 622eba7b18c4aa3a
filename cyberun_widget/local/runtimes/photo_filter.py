"""`photo-filter`: filters an uploaded picture with Pillow, node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageFont, ImageOps

from cyberun_widget.local.runtimes.context import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberun_widget.local.runtimes.context import Context

_LOAD, _FILTER, _TINT, _GRAIN, _CAPTION, _SAVE = "1", "2", "3", "4", "5", "9"
_SIDE_MAX: Final = 1024  # pixels
_PIXELS_MAX: Final = 50_000_000  # maximum size of the uploaded picture
_NOISE: Final = 18.0  # standard deviation of the grain, on a scale of 0 to 255
_FORMATS: Final = ("PNG", "JPEG", "WEBP")

_FILTERS: Final[dict[str, Callable[[Image.Image], Image.Image]]] = {
    "edges": lambda image: ImageOps.invert(image.filter(ImageFilter.FIND_EDGES)),
    "emboss": lambda image: image.filter(ImageFilter.EMBOSS),
    "blur": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "sharpen": lambda image: image.filter(ImageFilter.UnsharpMask(2, 180, 2)),
    "posterise": lambda image: ImageOps.posterize(image, 3),
}


def run(context: Context) -> dict[str, Any]:
    """Filter the picture. Raises RuntimeFailure if the file isn't a picture."""
    values = context.parameters
    context.progress(0.0, node=_LOAD)
    image = original = _load(context)
    passes = int(values["passes"])
    for step in range(passes):
        context.progress(0.1 + 0.6 * step / passes, node=_FILTER, step=step, total=passes)
        image = _FILTERS[values["filter"]](image)
    image = Image.blend(original, image, float(values["strength"]))
    context.progress(0.7, node=_TINT)
    image = ImageChops.multiply(image, Image.new("RGB", image.size, ImageColor.getrgb(values["tint"])))
    if values["grain"]:
        context.progress(0.8, node=_GRAIN)
        image = _grained(image, int(values["seed"]))
    if values["caption"]:
        context.progress(0.85, node=_CAPTION)
        image = _captioned(image, values["caption"])
    context.progress(0.9, node=_SAVE)
    image.save(context.output(f"{_SAVE}.images.0", "filtered.png", "image/png", _SAVE), "PNG")
    context.progress(1.0, node=_SAVE, step=1, total=1)
    grey = np.asarray(image.convert("L"), np.float32) / 255
    return {
        "width": image.width,
        "height": image.height,
        "brightness": round(float(grey.mean()), 4),
        "contrast": round(float(grey.std()), 4),
    }


def _load(context: Context) -> Image.Image:
    name = str(context.parameters["image"]).rsplit("/", 1)[-1]
    try:
        with Image.open(context.files["image"], formats=_FORMATS) as file:
            if file.width * file.height > _PIXELS_MAX:
                raise RuntimeFailure(f"LoadImage: {name} has {file.width} x {file.height} pixels, which is too many.")
            image = ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise RuntimeFailure(f"LoadImage: {name} can't be read as a PNG, JPEG or WebP picture.\n\n{exc}") from None
    image.thumbnail((_SIDE_MAX, _SIDE_MAX))
    return image


def _grained(image: Image.Image, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, _NOISE, (image.height, image.width, 1))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def _captioned(image: Image.Image, text: str) -> Image.Image:
    size = max(14, image.width // 24)
    canvas = Image.new("RGB", (image.width, image.height + 2 * size), "white")
    canvas.paste(image)
    where = (image.width / 2, image.height + size)
    ImageDraw.Draw(canvas).text(where, text, "black", ImageFont.load_default(size), anchor="mm")
    return canvas
