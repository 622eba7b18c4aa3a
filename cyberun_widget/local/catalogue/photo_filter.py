"""`photo-filter`: filters an uploaded picture. Has a parameter of every type, for trying out forms."""

from __future__ import annotations

from typing import Final

from cyberun_widget.local.catalogue.parameters import Parameter
from cyberun_widget.local.catalogue.workflow import Workflow, node

FILTERS: Final = ("edges", "emboss", "blur", "sharpen", "posterise")

PHOTO_FILTER: Final = Workflow(
    slug="photo-filter",
    version=1,
    name="Photo filter",
    description=(
        "Filters, tints and captions a picture of yours. It has one parameter of every type. Made in the shape of a "
        "ComfyUI task on this computer's CPU; it is not ComfyUI."
    ),
    tool_type="comfyui",
    runtime="photo_filter",
    parameters=(
        Parameter(
            "image",
            "file",
            "Picture",
            "A PNG, JPEG or WebP file. Sides longer than 1,024 pixels are scaled down.",
            required=True,
            accept="image/png,image/jpeg,image/webp",
            node_id="1",
            target="image",
        ),
        Parameter(
            "filter",
            "select",
            "Filter",
            "What is done to the picture.",
            "edges",
            required=True,
            options=FILTERS,
            node_id="2",
            target="filter",
        ),
        Parameter(
            "strength",
            "number",
            "Strength",
            "How much of the filtered picture is mixed into the original.",
            0.8,
            min=0,
            max=1,
            node_id="2",
            target="strength",
        ),
        Parameter(
            "passes",
            "number",
            "Passes",
            "How often the filter is applied.",
            1,
            min=1,
            max=8,
            whole=True,
            node_id="2",
            target="passes",
        ),
        Parameter(
            "tint",
            "color",
            "Tint",
            "The colour that the picture is tinted with, as #rrggbb; white leaves it as it is.",
            "#ffffff",
            node_id="3",
            target="color",
        ),
        Parameter(
            "grain",
            "boolean",
            "Film grain",
            "Whether to add noise, as on film.",
            False,
            node_id="4",
            target="enabled",
        ),
        Parameter(
            "seed",
            "integer",
            "Seed",
            "Seed of the grain.",
            1,
            min=0,
            max=2**31 - 1,
            node_id="4",
            target="seed",
        ),
        Parameter(
            "caption",
            "string",
            "Caption",
            "A line of text below the picture; empty for none.",
            "",
            node_id="5",
            target="text",
        ),
    ),
    graph={
        "1": node("LoadImage", "Load Image", image=""),
        "2": node("ImageFilter", "Filter", image=["1", 0], filter="edges", strength=0.8, passes=1),
        "3": node("ImageTint", "Tint", image=["2", 0], color="#ffffff"),
        "4": node("FilmGrain", "Film grain", image=["3", 0], enabled=False, seed=1),
        "5": node("ImageCaption", "Caption", image=["4", 0], text=""),
        "9": node("SaveImage", "Save Image", images=["5", 0], filename_prefix="photo-filter"),
    },
)
