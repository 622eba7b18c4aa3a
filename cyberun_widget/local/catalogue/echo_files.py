"""`echo-files`: returns one small file of each kind, and an uploaded file."""

from __future__ import annotations

from typing import Final

from cyberun_widget.local.catalogue.parameters import Parameter
from cyberun_widget.local.catalogue.workflow import Workflow, node

ECHO_FILES: Final = Workflow(
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
        "1": node("LoadFile", "Load file", file=""),
        "2": node("MakeFiles", "Make files", source=["1", 0], kinds="png"),
        "4": node("SaveFiles", "Save files", files=["2", 0]),
    },
)
