"""`gray-scott`: grows a pattern, and returns a picture and a video."""

from __future__ import annotations

from typing import Final

from cyberun_widget.local.catalogue.parameters import Parameter
from cyberun_widget.local.catalogue.workflow import Workflow, node

_GRAPH: Final = {
    "3": node("SeedNoise", "Seed noise", seed=7, size=512),
    "5": node("GrayScottSimulate", "Simulate", field=["3", 0], steps=9000, feed=0.0545, kill=0.062),
    "7": node("Colourise", "Colourise", field=["5", 0], colormap="reef"),
    "9": node("SaveImage", "Save Image", images=["7", 0], filename_prefix="gray-scott"),
    "10": node("SaveVideo", "Save Video", frames=["7", 1], format="mp4", fps=24),
}

COLORMAPS: Final = ("reef", "ember", "aurora", "ink", "orchid")

GRAY_SCOTT: Final = Workflow(
    slug="gray-scott",
    version=2,
    name="Gray-Scott reaction-diffusion",
    description=(
        "Grows a pattern of two chemicals that feed on each other, as a picture and a video, and measures it: "
        "coverage, mean and structure_scale. Real work on this computer's CPU in the shape of a ComfyUI task; it is "
        "not ComfyUI and uses no GPU."
    ),
    tool_type="comfyui",
    runtime="gray_scott",
    parameters=(
        Parameter(
            "seed",
            "number",
            "Seed",
            "The same seed gives the same picture.",
            7,
            min=0,
            max=2**31 - 1,
            whole=True,
            node_id="3",
            target="seed",
        ),
        Parameter(
            "steps",
            "number",
            "Steps",
            "Steps of the simulation; the default takes some seconds.",
            9000,
            min=10,
            max=200_000,
            whole=True,
            node_id="5",
            target="steps",
        ),
        Parameter(
            "size",
            "number",
            "Size",
            "Width and height of the picture, in pixels; rounded down to a multiple of 8.",
            512,
            min=64,
            max=2048,
            whole=True,
            node_id="3",
            target="size",
        ),
        Parameter(
            "feed",
            "number",
            "Feed rate",
            "How fast the first chemical is added.",
            0.0545,
            min=0.005,
            max=0.12,
            node_id="5",
            target="feed",
        ),
        Parameter(
            "kill",
            "number",
            "Kill rate",
            "How fast the second chemical is taken away.",
            0.062,
            min=0.03,
            max=0.08,
            node_id="5",
            target="kill",
        ),
        Parameter(
            "colormap",
            "select",
            "Colours",
            "The picture's palette.",
            "reef",
            options=COLORMAPS,
            node_id="7",
            target="colormap",
        ),
        Parameter(
            "video",
            "boolean",
            "Video",
            "Whether to make a video of the growth, too.",
            True,
            node_id="10",
            target="enabled",
        ),
        Parameter(
            "format",
            "select",
            "Video format",
            "MP4 (H.264) or an animated GIF.",
            "mp4",
            options=("mp4", "gif"),
            node_id="10",
            target="format",
        ),
        Parameter(
            "batch",
            "number",
            "Pictures",
            "Pictures to save: the last is the final one, those before it show the growth.",
            1,
            min=1,
            max=8,
            whole=True,
            node_id="9",
            target="batch",
        ),
        Parameter(
            "delivery",
            "select",
            "Shape of the result",
            "cloud: every output with a link of its own (download_urls). local: one link to one picture "
            "(download_url with storage_key and image_count), as a task run on one's own agent answers.",
            "cloud",
            options=("cloud", "local"),
            node_id="9",
            target="delivery",
        ),
    ),
    graph=_GRAPH,
)
