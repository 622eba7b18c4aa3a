"""`tiny-splat`: makes a Gaussian splat from photos of a still life, in the five stages of a Nerfstudio task."""

from __future__ import annotations

import csv
import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cyberun_widget.local.runtimes.context import RuntimeFailure
from cyberun_widget.local.runtimes.media import write_mp4, write_png
from cyberun_widget.local.runtimes.splat import camera, models, placing, scene, training
from cyberun_widget.local.runtimes.splat.renderer import Gaussians, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from cyberun_widget.local.runtimes.context import Context
    from cyberun_widget.local.runtimes.splat.scene import Array

_SHARE: Final = {"download": (0.0, 0.18), "process_data": (0.18, 0.22), "train": (0.22, 0.78), "export": (0.78, 0.98),
                 "upload": (0.98, 1.0)}  # fmt: skip
_HELD_OUT: Final = 9  # every ninth photo is held out for testing
_VIDEO: Final = 224  # pixels per side, shown at twice the size
_FPS: Final = 24


@dataclass(slots=True)
class _Run:
    """One running task, one method per stage."""

    context: Context
    seconds: dict[str, float] = field(default_factory=dict)
    losses: list[tuple[int, float]] = field(default_factory=list)

    def number(self, name: str) -> int:
        return int(self.context.parameters[name])

    def tell(self, stage: str, step: int, total: int, message: str) -> None:
        low, high = _SHARE[stage]
        part = step / max(1, total)
        self.context.progress(low + (high - low) * part, stage=stage, step=step, total=total, message=message)

    def download(self) -> list[camera.Photo]:
        """Take the photos."""
        count = self.number("photos")
        photos = []
        for index, view in enumerate(camera.rig(count, self.number("resolution"))):
            self.tell("download", index, count, f"photo {index + 1} of {count}")
            photos.append(camera.take(view, f"photo_{index:03d}.png"))
        return photos

    def process_data(self, photos: list[camera.Photo]) -> list[camera.Photo]:
        """Place the photos. Raises RuntimeFailure if too few can be placed."""
        count = len(photos)
        placement = placing.place(
            photos,
            self.number("seed"),
            lambda i: self.tell("process_data", i, count, f"matching photo {i + 1} of {count}"),
        )
        words = placing.failure(photos, placement)
        if words:
            raise RuntimeFailure(words)
        self.tell("process_data", count, count, f"placed {len(placement.placed)} of {count} photos")
        return [photos[i] for i in placement.placed]

    def train(self, photos: list[camera.Photo]) -> Gaussians:
        """Optimise the Gaussians."""
        total, seed = self.number("iterations"), self.number("seed")
        self.tell("train", 0, total, f"starting {self.number('gaussians')} Gaussians")
        gaussians = training.start(photos, self.number("gaussians"), seed)
        trainer = training.Trainer(gaussians, photos, total, np.random.default_rng(seed))
        for step in range(1, total + 1):
            loss = trainer.step()
            self.losses.append((step, loss))
            self.tell("train", step, total, f"loss {trainer.loss:.4f}")
        return gaussians

    def export(self, gaussians: Gaussians, tested: list[camera.Photo]) -> dict[str, Any]:
        """Write the files, and measure the quality on the held-out photos."""
        frames = self.number("frames")
        steps = frames + 3
        self.tell("export", 0, steps, "splat.ply")
        self._write("splat", "splat.ply", "application/octet-stream", models.splat_ply(gaussians))
        self.tell("export", 1, steps, "scene.glb")
        self._write("mesh", "scene.glb", "model/gltf-binary", models.scene_glb(scene.SHAPES))
        self.tell("export", 2, steps, "comparison.png")
        write_png(self.context.output("comparison", "comparison.png", "image/png"), _comparison(gaussians, tested[0]))
        write_mp4(
            self.context.output("turntable", "turntable.mp4", "video/mp4"), turntable(gaussians, frames), _FPS, scale=2,
            on_frame=lambda i: self.tell("export", i + 3, steps, f"turntable frame {i + 1} of {frames}"),
        )  # fmt: skip
        black = np.zeros(3, np.float32)
        views = {photo.name: round(training.psnr(gaussians, photo, black), 2) for photo in tested}
        return {"psnr": round(sum(views.values()) / len(views), 2), "psnr_per_view": views}

    def upload(self, facts: dict[str, Any]) -> None:
        """Write the metrics, and report a checksum of every file as a message."""
        with self.context.output("loss", "loss.csv", "text/csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["iteration", "loss"])
            writer.writerows((step, f"{loss:.6f}") for step, loss in self.losses)
        self._write("metrics", "metrics.json", "application/json", json.dumps(facts, indent=2).encode())
        files = self.context.outputs
        for index, item in enumerate(files):
            self.tell(
                "upload", index, len(files), f"{item.name} ({hashlib.sha256(item.path.read_bytes()).hexdigest()[:8]})"
            )
        self.tell("upload", len(files), len(files), f"{len(files)} files")

    def _write(self, key: str, name: str, mime: str, data: bytes) -> None:
        self.context.output(key, name, mime).write_bytes(data)


def run(context: Context) -> dict[str, Any]:
    """Run all five stages. Raises RuntimeFailure if the photos don't form a scene."""
    work = _Run(context)
    marks = [time.monotonic()]

    def timed(stage: str) -> None:
        marks.append(time.monotonic())
        work.seconds[stage] = round(marks[-1] - marks[-2], 2)

    photos = work.download()
    timed("download")
    placed = work.process_data(photos)
    timed("process_data")
    tested = placed[_HELD_OUT // 2 :: _HELD_OUT]
    learned = [photo for photo in placed if all(photo is not item for item in tested)]
    gaussians = work.train(learned)
    timed("train")
    quality = work.export(gaussians, tested)
    timed("export")
    facts = {
        "iterations": work.number("iterations"),
        "gaussians": len(gaussians.means),
        "photos": {"taken": len(photos), "placed": len(placed), "trained_on": len(learned), "held_out": len(tested)},
        "loss": {
            "first": round(work.losses[0][1], 5),
            "last": round(float(np.mean([x for _, x in work.losses[-20:]])), 5),
        },
        **quality,
        "seconds": work.seconds,
    }
    work.upload(facts)
    return {"psnr": quality["psnr"], "gaussians": facts["gaussians"], "iterations": facts["iterations"]}


def turntable(gaussians: Gaussians, count: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of one turn around the scene."""
    background = backdrop(_VIDEO)
    for index in range(count):
        turn = index / count
        view = camera.orbit(360 * turn + 30, 25 + 9 * np.sin(2 * np.pi * turn), _VIDEO)
        yield _pixels(render(gaussians, view, background).rgb, _VIDEO)


def backdrop(size: int) -> Array:
    """Return a dark studio wall, lighter behind the scene."""
    at = np.linspace(-1, 1, size, dtype=np.float32)
    glow = np.exp(-(at[None, :] ** 2 + (at[:, None] + 0.1) ** 2) * 1.3)[..., None]
    low, high = np.array([0.055, 0.06, 0.095], np.float32), np.array([0.19, 0.21, 0.31], np.float32)
    return (low + (high - low) * glow).reshape(-1, 3).astype(np.float32)


def _comparison(gaussians: Gaussians, photo: camera.Photo) -> NDArray[np.uint8]:
    """Return a held-out photo, retaken at a higher resolution, beside the Gaussians' view."""
    size, fine = 256, photo.camera.size / 256
    view = camera.Camera(photo.camera.position, photo.camera.rotation, photo.camera.focal / fine, size)
    background = backdrop(size)
    shot = camera.take(view, photo.name)
    left = shot.rgb + (1 - shot.alpha)[:, None] * background
    right = render(gaussians, view, background).rgb
    gap = np.full((size, 6, 3), 255, np.uint8)
    return np.concatenate([_pixels(left, size), gap, _pixels(right, size)], axis=1)


def _pixels(rgb: Array, size: int) -> NDArray[np.uint8]:
    return (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8).reshape(size, size, 3)
