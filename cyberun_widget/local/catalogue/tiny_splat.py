"""`tiny-splat`: Gaussians from photos of a still life; `big-splat`: the same, for an agent that doesn't exist."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cyberun_widget.local.catalogue.parameters import Parameter
from cyberun_widget.local.catalogue.workflow import Workflow

TINY_SPLAT: Final = Workflow(
    slug="tiny-splat",
    version=1,
    name="Tiny Gaussian splat",
    description=(
        "Takes photos of a procedural still life, optimises 3D Gaussians against them and exports a splat, a mesh, a "
        "turntable video and metrics. Real work on this computer's CPU in the stages of a Nerfstudio task; it is not "
        "Nerfstudio and uses no GPU."
    ),
    tool_type="nerfstudio",
    runtime="tiny_splat",
    parameters=(
        Parameter(
            "iterations",
            "number",
            "Iterations",
            "Steps of training; the default takes about ten seconds.",
            500,
            min=5,
            max=20_000,
            whole=True,
            target="train.max_num_iterations",
        ),
        Parameter(
            "photos",
            "number",
            "Photos",
            "Photos to take around the scene. With too few of them neighbours no longer overlap, the cameras cannot "
            "be placed, and the task fails in process_data; photos=3 shows how that looks.",
            36,
            min=2,
            max=120,
            whole=True,
            target="data.num_images",
        ),
        Parameter(
            "gaussians",
            "number",
            "Gaussians",
            "How many Gaussians stand for the scene.",
            1600,
            min=50,
            max=8000,
            whole=True,
            target="train.num_gaussians",
        ),
        Parameter(
            "resolution",
            "number",
            "Resolution",
            "Width and height of a photo, in pixels.",
            80,
            min=24,
            max=200,
            whole=True,
            target="data.resolution",
        ),
        Parameter(
            "frames",
            "number",
            "Turntable frames",
            "Frames of the turntable video, at 24 a second.",
            48,
            min=2,
            max=240,
            whole=True,
            target="export.num_frames",
        ),
        Parameter(
            "seed",
            "number",
            "Seed",
            "Seed of the start values and the order of the photos.",
            1,
            min=0,
            max=2**31 - 1,
            whole=True,
            target="machine.seed",
        ),
    ),
)

BIG_SPLAT: Final = replace(
    TINY_SPLAT,
    slug="big-splat",
    name="Big Gaussian splat (needs a GPU agent)",
    description=(
        "The tiny splat, for an agent with the labels gpu and vram-24gb. The local server has none, so its tasks "
        "wait until they are cancelled (or the server runs with --label gpu --label vram-24gb)."
    ),
    required_labels=("gpu", "vram-24gb"),
)
