"""`flaky`: fails on request, for trying out sweeps and retries."""

from __future__ import annotations

from typing import Final

from cyberun_widget.local.catalogue.parameters import Parameter
from cyberun_widget.local.catalogue.workflow import Workflow, node

FLAKY: Final = Workflow(
    slug="flaky",
    version=1,
    name="Flaky (fails on purpose)",
    description=(
        "Draws a small tile and scores it, unless its point is one of those that shall fail. Made for trying out what "
        "happens then; it is not ComfyUI."
    ),
    tool_type="comfyui",
    runtime="flaky",
    parameters=(
        Parameter(
            "point",
            "number",
            "Point",
            "Which point this is; give each run of a sweep another one.",
            0,
            min=0,
            max=1_000_000,
            whole=True,
            node_id="1",
            target="point",
        ),
        Parameter(
            "fail_at",
            "string",
            "Fail at",
            "The points that fail, separated by commas, such as 3,7; * for every point, empty for none.",
            "",
            node_id="2",
            target="fail_at",
        ),
        Parameter(
            "how",
            "select",
            "How it fails",
            "error: with a message. crash: the worker process ends in the middle.",
            "error",
            options=("error", "crash"),
            node_id="2",
            target="how",
        ),
        Parameter(
            "heals",
            "boolean",
            "Heals",
            "Whether a point fails only the first time it is run with these parameters.",
            False,
            node_id="2",
            target="heals",
        ),
        Parameter(
            "seconds",
            "number",
            "Seconds",
            "How long to take, in seconds.",
            0.2,
            min=0,
            max=600,
            node_id="2",
            target="seconds",
        ),
        Parameter(
            "seed",
            "number",
            "Seed",
            "Seed of the tile's pattern.",
            1,
            min=0,
            max=2**31 - 1,
            whole=True,
            node_id="1",
            target="seed",
        ),
    ),
    graph={
        "1": node("DrawTile", "Draw tile", point=0, seed=1),
        "2": node("MayFail", "May fail", image=["1", 0], fail_at="", how="error", heals=False, seconds=0.2),
        "4": node("SaveImage", "Save Image", images=["2", 0], filename_prefix="tile"),
    },
)
