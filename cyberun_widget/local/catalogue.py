"""The workflows that the local server offers, with their parameters and graphs. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cyberun_widget.local._ids import iso, named_uuid
from cyberun_widget.local.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

_SINCE: Final = 1_767_225_600.0  # the workflows' made-up date of creation: 2026-01-01


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow. `runtime`: the module of `runtimes` that does the work; `task_timeout`: seconds."""

    slug: str
    version: int
    name: str
    description: str
    tool_type: str
    runtime: str
    parameters: tuple[Parameter, ...]
    graph: Mapping[str, Any] | None = None
    required_labels: tuple[str, ...] = ()
    task_timeout: int = 900

    @property
    def id(self) -> str:
        """The workflow's id, the same at every start and for every version."""
        return named_uuid("workflow:" + self.slug)

    def summary(self) -> dict[str, Any]:
        """Return what a list shows of it."""
        return {
            "id": self.id,
            "workflow_slug": self.slug,
            "version": self.version,
            "display_name": self.name,
            "description": self.description,
            "tool_type": self.tool_type,
            "required_labels": list(self.required_labels),
            "task_timeout": self.task_timeout,
            "created_at": iso(_SINCE),
        }

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return self.summary() | {
            "parameters": [item.to_json() for item in self.parameters],
            "workflow_json": self.graph,
        }


def _node(class_type: str, title: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title}}


_GRAPH: Final = {
    "3": _node("SeedNoise", "Seed noise", seed=7, size=512),
    "5": _node("GrayScottSimulate", "Simulate", field=["3", 0], steps=6000, feed=0.0545, kill=0.062),
    "7": _node("Colourise", "Colourise", field=["5", 0], colormap="reef"),
    "9": _node("SaveImage", "Save Image", images=["7", 0], filename_prefix="gray-scott"),
    "10": _node("SaveVideo", "Save Video", frames=["7", 1], format="mp4", fps=24),
}

COLORMAPS: Final = ("reef", "ember", "aurora", "ink", "orchid")

_GRAY_SCOTT: Final = Workflow(
    slug="gray-scott",
    version=2,
    name="Gray-Scott reaction-diffusion",
    description=(
        "Grows a pattern of two chemicals that feed on each other, as a picture and a video. Real work on this "
        "computer's CPU in the shape of a ComfyUI task; it is not ComfyUI and uses no GPU."
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
            6000,
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

_TINY_SPLAT: Final = Workflow(
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

_ECHO: Final = Workflow(
    slug="echo-files",
    version=1,
    name="Echo files",
    description=(
        "Writes one small file of each chosen kind, and gives an uploaded file back. Made for trying things out; it is "
        "not ComfyUI."
    ),
    tool_type="comfyui",
    runtime="echo_files",
    parameters=(
        Parameter(
            "kinds",
            "string",
            "Kinds",
            "Which files to make, separated by commas: png gif wav svg html txt log csv tsv json zip npy bin.",
            "png,wav,svg,html,txt,csv,json,zip",
            node_id="2",
            target="kinds",
        ),
        Parameter(
            "text",
            "string",
            "Text",
            "What the text files say.",
            "Hello from the local server.",
            node_id="2",
            target="text",
        ),
        Parameter(
            "file",
            "file",
            "File",
            "An uploaded file, given back as it came.",
            None,
            accept="*/*",
            node_id="1",
            target="file",
        ),
        Parameter(
            "seconds",
            "number",
            "Seconds",
            "How long to take over it, in seconds.",
            0.5,
            min=0,
            max=3600,
            node_id="2",
            target="seconds",
        ),
        Parameter(
            "size",
            "number",
            "Size",
            "Size of the bin file, in bytes.",
            65_536,
            min=0,
            max=2**31,
            whole=True,
            node_id="2",
            target="size",
        ),
    ),
    graph={
        "1": _node("LoadFile", "Load file", file=""),
        "2": _node("MakeFiles", "Make files", source=["1", 0], kinds="png"),
        "4": _node("SaveFiles", "Save files", files=["2", 0]),
    },
)

_BIG_SPLAT: Final = replace(
    _TINY_SPLAT,
    slug="big-splat",
    name="Big Gaussian splat (needs a GPU agent)",
    description=(
        "The tiny splat for an agent with the labels gpu and vram-24gb. The local server has no such agent, so its tasks "
        "wait until they are cancelled (or the server is started with --label gpu --label vram-24gb)."
    ),
    required_labels=("gpu", "vram-24gb"),
)

CATALOGUE: Final = (
    replace(_GRAY_SCOTT, version=1, parameters=tuple(p for p in _GRAY_SCOTT.parameters if p.key != "batch")),
    _GRAY_SCOTT,
    _TINY_SPLAT,
    _ECHO,
    _BIG_SPLAT,
)
"""Every version of every workflow; the last of a slug is the current one."""


def current() -> tuple[Workflow, ...]:
    """Return the newest version of each workflow."""
    return tuple({item.slug: item for item in CATALOGUE}.values())


def by_id(workflow_id: str) -> Workflow | None:
    """Return the newest version of the workflow with this id."""
    return next((item for item in current() if item.id == workflow_id.lower()), None)


def by_slug(text: str) -> Workflow | None:
    """Return the workflow named by `slug`, or by `slug@2` for that very version."""
    slug, pinned, version = text.partition("@")
    if not pinned:
        return next((item for item in current() if item.slug == slug), None)
    return next((item for item in CATALOGUE if item.slug == slug and str(item.version) == version), None)
