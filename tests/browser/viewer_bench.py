"""A page with the viewers and files of every kind, served over HTTP, for the tests and the screenshots."""

from __future__ import annotations

import json
import math
import threading
import urllib.parse
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import viewer_files as make

if TYPE_CHECKING:
    from playwright.sync_api import Page

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "cyberun_widget" / "static"

HOSTILE = "window.top.hacked = true; window.hacked = true;"
HOSTILE_SVG = f"""<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120" onload="{HOSTILE}">
<script>{HOSTILE}</script>
<rect width="200" height="120" fill="#7a5cff"/><circle cx="100" cy="60" r="40" fill="#ffd166"/>
<foreignObject width="9" height="9"><img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="{HOSTILE}"/>
</foreignObject>
</svg>""".encode()
HOSTILE_HTML = f"<!doctype html><script>{HOSTILE}</script><img src=x onerror='{HOSTILE}'><h1>Hello</h1>\n".encode()
HOSTILE_NAME = '<img src=x onerror="window.hacked=true">\u202egnp.exe<script>window.hacked=true</script>.png'

LOG = "\n".join(
    [
        "\x1b[32m[14:30:05]\x1b[0m loading checkpoint sd_xl_base_1.0.safetensors",
        *(f"[14:30:{6 + i // 4:02d}] step {i + 1:2d}/40  loss {0.9 / (i + 3):.5f}  lr 1.0e-04" for i in range(40)),
        "[14:30:17] warning: " + "the tile cache was smaller than asked for, so tiles were computed again; " * 4,
        "[14:30:18] done: 40 steps in 12.1 s",
    ]
).encode()  # fmt: skip

METRICS = {
    "psnr": 31.42,
    "ssim": 0.947,
    "lpips": None,
    "converged": True,
    "scene": {"name": "garden", "views": 48, "bounds": [[-1.2, -0.4, -1.1], [1.3, 0.9, 1.2]]},
    "stages": [{"name": "Download", "seconds": 8.1}, {"name": "Train", "seconds": 380.4}],
    "losses": [round(1 / (i + 1), 5) for i in range(2500)],
}


@dataclass(frozen=True)
class File:
    """A file of the page: its entry in the widget's `artifacts`, and its bytes."""

    key: str
    kind: str
    mime: str
    data: bytes
    name: str = ""
    poster: bytes | None = None
    more: dict[str, Any] = field(default_factory=dict)
    preview: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        entry = {
            "key": self.key,
            "name": self.name or self.key,
            "kind": self.kind,
            "mime": self.mime,
            "size": len(self.data),
        }
        rest = {
            "group": "Save Image · 9",
            "state": "ready",
            "error": None,
            "width": None,
            "height": None,
            "duration": None,
        }
        poster = {"poster": self.poster is not None, "poster_mime": "image/jpeg" if self.poster else "", "path": None}
        return {**entry, **rest, **poster, **self.more}


def csv(rows: int = 900) -> bytes:
    lines = ["step,loss,psnr,note"]
    lines += [
        f'{i * 50},{0.9 / (i + 3):.6f},{18 + 14 * i / rows:.2f},"{"kept, best" if i % 7 == 0 else ""}"'
        for i in range(rows)
    ]
    return "\r\n".join(lines).encode()


def training(rows: int = 400) -> bytes:
    """A trainer's log: similar losses, a much smaller rate, occasional validation, and a step that diverged."""
    lines = ["epoch\tstep\ttrain_loss\tval_loss\tlearning_rate\tflat\ttokens"]
    for i in range(rows):
        loss = "nan" if i == 120 else "inf" if i == 121 else f"{2.5 / (1 + i / 25) + 0.05 * math.sin(i):.5f}"
        checked = f"{2.6 / (1 + i / 27):.5f}" if i % 20 == 0 else ""
        lines.append(f"{i // 100}\t{i * 10}\t{loss}\t{checked}\t{1e-4 * math.cos(i / 300):.3e}\t0.5\t{i * 4096}")
    return "\n".join(lines).encode()


def archive() -> tuple[bytes, dict[str, Any]]:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for i in range(24):
            bundle.writestr(f"garden/images/frame_{i:05d}.png", b"x" * (900 + 37 * i))
        bundle.writestr("garden/transforms.json", b"{}" * 4000)
    with zipfile.ZipFile(out) as bundle:
        entries = [{"name": info.filename, "size": info.file_size} for info in bundle.infolist()]
    return out.getvalue(), {"entries": entries}


def files(folder: Path) -> list[File]:
    """One file of each kind, and dangerous ones. `folder`: for temporary files."""

    def poster(phase: float, height: int = 160) -> bytes:
        return make.encoded(make.picture(160, phase=phase).crop((0, 0, 160, height)), "JPEG")

    size = {"width": 768, "height": 768}
    zipped, listing = archive()
    rows = [[i, round(0.1 * i, 2), f"view {i}"] for i in range(60)]
    table = {
        "columns": ["index", "weight", "label"],
        "dtypes": ["int64", "float32", "string"],
        "rows": rows,
        "total_rows": 48_000,
        "note": "",
    }
    return [
        File("before.png", "image", "image/png", make.encoded(make.picture(768)), poster=poster(0), more=size),
        File("after.png", "image", "image/png", make.encoded(make.picture(768, phase=2)), poster=poster(2), more=size),
        File("alpha.png", "image", "image/png", make.encoded(make.picture(320, phase=3, alpha=True))),
        File("deep.png", "image", "image/png", make.deep_picture()),
        File("moving.gif", "image", "image/gif", make.animation("GIF"), poster=poster(0)),
        File("moving.webp", "image", "image/webp", make.animation("WEBP")),
        File("hostile.svg", "image", "image/svg+xml", HOSTILE_SVG),
        File("hostile-name", "image", "image/png", make.encoded(make.picture(64)), name=HOSTILE_NAME),
        File("broken.png", "image", "image/png", make.encoded(make.picture(64))[:400]),
        File("turntable.webm", "video", "video/webm", make.video(folder), "", poster(2, 120), more={"duration": 4.0}),
        File("voice.wav", "audio", "audio/wav", make.sound(), more={"duration": 3.0}),
        File("scene.glb", "model", "model/gltf-binary", make.glb()),
        File("ring.obj", "model", "model/obj", make.obj()),
        File("mesh.ply", "model", "model/ply", make.ply_mesh()),
        File("points.ply", "model", "model/ply", make.ply_points()),
        File("garden.ply", "model", "model/ply", make.splat_ply(), poster=poster(4)),
        File("garden.splat", "model", "application/octet-stream", make.splat()),
        File("garden.spz", "model", "application/octet-stream", make.spz()),
        File("draco.glb", "model", "model/gltf-binary", make.draco_glb()),
        File("outside.gltf", "model", "model/gltf+json", outside()),
        File("doubling.glb", "model", "model/gltf-binary", make.doubling_glb()),
        File("endless.glb", "model", "model/gltf-binary", make.endless_glb()),
        File("vast.glb", "model", "model/gltf-binary", make.vast_glb()),
        File("splinters.obj", "model", "model/obj", make.splinters_obj()),
        File("boasting.ply", "model", "model/ply", make.boasting_ply()),
        File("broken.glb", "model", "model/gltf-binary", make.glb()[:900]),
        File("metrics.json", "json", "application/json", json.dumps(METRICS).encode()),
        File("losses.csv", "table", "text/csv", csv()),
        File("training.tsv", "table", "text/tab-separated-values", training()),
        File("matrix.csv", "table", "text/csv", b"\n".join(b"%d,%d,%d" % (i, i * i, 9 - i) for i in range(1, 40))),
        File("people.csv", "table", "text/csv", b"name,city,age\nAnn,Bonn,4\nBob,Rome,7\n"),
        File("weights.parquet", "table", "application/vnd.apache.parquet", b"PAR1" * 9, preview=table),
        File("run.log", "text", "text/plain", LOG),
        File("hostile.html", "text", "text/html", HOSTILE_HTML),
        File("garden.zip", "file", "application/zip", zipped, preview=listing),
        File("model.ckpt", "file", "application/octet-stream", b"\0" * 2048, more={"path": "/home/me/model.ckpt"}),
    ]  # fmt: skip


def outside() -> bytes:
    """A glTF file that refers to another file on the network."""
    document = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0] * 3, "max": [1] * 3},
        ],
        "bufferViews": [{"buffer": 0, "byteLength": 36}],
        "buffers": [{"byteLength": 36, "uri": "/stolen.bin"}],
    }  # fmt: skip
    return json.dumps(document).encode()


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


class Bench:
    """The page's server. `requests`: the requested paths."""

    def __init__(self, folder: Path) -> None:
        self.files = {file.key: file for file in files(folder)}
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    @cached_property
    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bench = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                bench.requests.append(self.path)
                found = bench.answer(urllib.parse.unquote(self.path.partition("?")[0]))
                self.send_response(404 if found is None else 200)
                mime, body = found or ("text/plain", b"")
                self.send_header("Content-Type", mime)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Write no log."""

        return Handler

    def answer(self, path: str) -> tuple[str, bytes] | None:
        pages = {
            "/": ("text/html", (HERE / "viewers.html").read_bytes),
            "/artifacts": ("application/json", lambda: as_json([file.to_json() for file in self.files.values()])),
            "/viewers.js": ("text/javascript", (STATIC / "viewers.js").read_bytes),
            "/three.js": ("text/javascript", (STATIC / "three.js").read_bytes),
        }
        for key, file in self.files.items():
            pages[f"/files/{key}"] = ("application/octet-stream", lambda file=file: file.data)
            pages[f"/posters/{key}"] = ("image/jpeg", lambda file=file: file.poster or b"")
            pages[f"/previews/{key}"] = ("application/json", lambda file=file: as_json(file.preview))
        mime, body = pages.get(path, (None, bytes))
        return (mime, body()) if mime else None

    def __enter__(self) -> Bench:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def visit(self, page: Page, *, dark: bool = False) -> None:
        """Open the page and wait until the viewers are loaded."""
        page.goto(self.url)
        page.wait_for_selector("body[data-ready]")
        if dark:
            page.evaluate("document.body.classList.add('dark')")
