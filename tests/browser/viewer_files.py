"""Small files of every kind that the viewers show, generated from formulas: always the same bytes."""

from __future__ import annotations

import gzip
import io
import json
import struct
import subprocess
import wave
from typing import TYPE_CHECKING

import imageio_ffmpeg
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SH0 = 0.28209479177387814  # the constant term of the spherical harmonics (Kerbl et al. 2023)


def picture(size: int = 256, *, phase: float = 0.0, alpha: bool = False) -> Image.Image:
    y, x = np.mgrid[0:size, 0:size] / size
    waves = [np.sin(6 * x + 3 * y + phase + k) * np.cos(5 * y - 2 * x + k * phase) for k in (0.0, 1.1, 2.3)]
    layers = [(0.5 + 0.5 * wave) * 255 for wave in waves]
    if alpha:
        layers.append(255 * np.clip(3 - 7 * np.hypot(x - 0.5, y - 0.5), 0, 1))
    return Image.fromarray(np.stack(layers, axis=-1).astype(np.uint8), "RGBA" if alpha else "RGB")


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def animation(form: str) -> bytes:
    first, *rest = [picture(96, phase=phase) for phase in np.linspace(0, 2 * np.pi, 8, endpoint=False)]
    return encoded(first, form, save_all=True, append_images=rest, duration=90, loop=0)


def deep_picture(size: int = 64) -> bytes:
    """A PNG with 16 bits per channel."""
    ramp = np.linspace(0, 65535, size * size, dtype=np.uint16).reshape(size, size)
    return encoded(Image.fromarray(ramp))


def video(folder: Path, seconds: int = 4) -> bytes:
    """VP9 in WebM, with an index for seeking."""
    target = folder / "turntable.webm"
    source = f"testsrc2=size=320x240:rate=20:duration={seconds}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*command, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-g", "20", str(target)], check=True)
    return target.read_bytes()


def sound(seconds: float = 3.0, rate: int = 16_000) -> bytes:
    time = np.arange(int(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * 330 * time) * np.abs(np.sin(2 * np.pi * 0.7 * time)) ** 2 * np.exp(-time / 3)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((tone * 28_000).astype("<i2").tobytes())
    return out.getvalue()


def torus(around: int = 64, through: int = 32) -> tuple[Floats, Floats, NDArray[np.uint32]]:
    """Vertices, normals and triangles of a horizontal torus; y is up."""
    u, v = np.meshgrid(
        np.linspace(0, 2 * np.pi, around, False), np.linspace(0, 2 * np.pi, through, False), indexing="ij"
    )
    normals = np.stack([np.cos(v) * np.cos(u), np.sin(v), np.cos(v) * np.sin(u)], axis=-1)
    spine = np.stack([np.cos(u), np.zeros_like(u), np.sin(u)], axis=-1)
    i, j = np.mgrid[0:around, 0:through]
    a, b = i * through + j, (i + 1) % around * through + j
    c, d = (i + 1) % around * through + (j + 1) % through, i * through + (j + 1) % through
    faces = np.stack([np.stack([a, d, c], -1), np.stack([a, c, b], -1)], axis=2).reshape(-1, 3)
    return (spine + 0.38 * normals).reshape(-1, 3), normals.reshape(-1, 3), faces.astype(np.uint32)


def hues(positions: Floats) -> NDArray[np.uint8]:
    angle = np.arctan2(positions[:, 2], positions[:, 0])
    waves = [0.55 + 0.4 * np.cos(angle + shift) for shift in (0.0, 2.1, 4.2)]
    return (np.stack(waves, axis=-1) * 255).astype(np.uint8)


def glb() -> bytes:
    positions, normals, faces = torus()
    parts = [positions.astype("<f4").tobytes(), normals.astype("<f4").tobytes(), faces.astype("<u4").tobytes()]
    views, offset = [], 0
    for part in parts:
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(part)})
        offset += len(part)
    bounds = {"min": positions.min(0).tolist(), "max": positions.max(0).tolist()}
    count = len(positions)
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2, "material": 0}]}],
        "materials": [
            {
                "pbrMetallicRoughness": {
                    "baseColorFactor": [0.9, 0.32, 0.12, 1],
                    "metallicFactor": 0.1,
                    "roughnessFactor": 0.35,
                }
            }
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": count, "type": "VEC3", **bounds},
            {"bufferView": 1, "componentType": 5126, "count": count, "type": "VEC3"},
            {"bufferView": 2, "componentType": 5125, "count": faces.size, "type": "SCALAR"},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": offset}],
    }
    return glb_of(document, b"".join(parts))


def doubling_glb(depth: int = 30) -> bytes:
    """A few hundred bytes that refer to one triangle 2 ** depth times."""
    nodes: list[dict[str, object]] = [{"children": [i + 1, i + 1]} for i in range(depth)] + [{"mesh": 0}]
    document = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": nodes,
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 1]}],
    }  # fmt: skip
    return glb_of(document)


def endless_glb() -> bytes:
    """A scene that contains itself."""
    document = {"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"children": [0]}]}
    return glb_of(document)


def vast_glb() -> bytes:
    """An accessor without data, which stands for 48 GB of zeros."""
    document = {
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"componentType": 5126, "count": 4_000_000_000, "type": "VEC3"}],
    }  # fmt: skip
    return glb_of(document)


def splinters_obj(pieces: int = 120_000) -> bytes:
    """4 MB of objects with one triangle and a separate material each."""
    points = "".join(f"v {i % 200} {i // 200} {i % 7}\n" for i in range(40_000))
    faces = (1 + i % 39_000 for i in range(pieces))
    return (points + "".join(f"o p{i}\nusemtl m{i}\nf {i} {i + 1} {i + 201}\n" for i in faces)).encode()


def boasting_ply() -> bytes:
    """A header that declares more data than the file contains."""
    rows = "property float x\nproperty float y\nproperty float z\n"
    return f"ply\nformat binary_little_endian 1.0\nelement vertex 900000000\n{rows}end_header\n".encode() + b"\0" * 24


def glb_of(document: dict[str, object], binary: bytes = b"") -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def draco_glb() -> bytes:
    return glb_of({"asset": {"version": "2.0"}, "extensionsRequired": ["KHR_draco_mesh_compression"]})


def obj() -> bytes:
    positions, _, faces = torus(32, 16)
    rows = ["# a ring", "mtllib missing.mtl", "o ring"]
    rows += [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in positions]
    rows += [f"f {a} {b} {c}" for a, b, c in faces + 1]
    return "\n".join(rows).encode()


def ply_mesh() -> bytes:
    positions, _, faces = torus()
    head = [
        "ply", "format binary_little_endian 1.0",
        f"element vertex {len(positions)}", *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {name}" for name in ("red", "green", "blue")),
        f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header",
    ]  # fmt: skip
    corners = np.rec.fromarrays([*positions.astype("<f4").T, *hues(positions).T])
    triangles = np.rec.fromarrays([np.full(len(faces), 3, np.uint8), *faces.astype("<i4").T])
    return "\n".join([*head, ""]).encode() + corners.tobytes() + triangles.tobytes()


def ply_points(count: int = 6000) -> bytes:
    positions, _ = ring_cloud(count)
    rows = [
        f"{x:.4f} {y:.4f} {z:.4f} {r} {g} {b}" for (x, y, z), (r, g, b) in zip(positions, hues(positions), strict=True)
    ]
    head = [
        "ply", "format ascii 1.0", f"element vertex {count}", *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {name}" for name in ("red", "green", "blue")), "end_header",
    ]  # fmt: skip
    return "\n".join([*head, *rows, ""]).encode()


def ring_cloud(count: int) -> tuple[Floats, Floats]:
    """Random positions on the torus, and its normals there."""
    rng = np.random.default_rng(7)
    positions, normals, _ = torus(256, 64)
    some = rng.integers(0, len(positions), count)
    return positions[some] + rng.normal(0, 0.012, (count, 3)), normals[some]


def splats(count: int = 6000) -> dict[str, Floats]:
    """A torus of Gaussians on a disc: positions, colours, opacities in (0, 1), scales, rotations (w x y z); y is up."""
    rng = np.random.default_rng(11)
    ring, _ = ring_cloud(count * 2 // 3)
    rest = count - len(ring)
    radius, angle = 1.9 * np.sqrt(rng.random(rest)), 2 * np.pi * rng.random(rest)
    disc = np.stack([radius * np.cos(angle), np.full(rest, -0.42), radius * np.sin(angle)], axis=-1)
    shade = np.repeat(0.42 + 0.1 * np.sin(9 * radius)[:, None], 3, axis=1)
    turns = rng.normal(size=(count, 4))
    return {
        "places": np.concatenate([ring, disc]),
        "colours": np.concatenate([hues(ring) / 255, shade]),
        "opacities": np.full(count, 0.9),
        "sizes": np.concatenate([np.full((len(ring), 3), 0.03), np.tile([0.07, 0.012, 0.07], (rest, 1))]),
        "turns": np.concatenate(
            [
                turns[: len(ring)] / np.linalg.norm(turns[: len(ring)], axis=1, keepdims=True),
                np.tile([1.0, 0, 0, 0], (rest, 1)),
            ]
        ),
    }


def splat_ply() -> bytes:
    """The 3DGS layout as written by Nerfstudio, with a comment that states the up axis."""
    scene = splats()
    names = [
        *"xyz",
        "f_dc_0",
        "f_dc_1",
        "f_dc_2",
        "opacity",
        "scale_0",
        "scale_1",
        "scale_2",
        "rot_0",
        "rot_1",
        "rot_2",
        "rot_3",
    ]
    columns = np.concatenate(
        [
            scene["places"],
            (scene["colours"] - 0.5) / SH0,
            np.log(scene["opacities"] / (1 - scene["opacities"]))[:, None],
            np.log(scene["sizes"]),
            scene["turns"],
        ],
        axis=1,
    )
    head = [
        "ply", "format binary_little_endian 1.0", "comment Vertical Axis: y", f"element vertex {len(columns)}",
        *(f"property float {name}" for name in names), "end_header", "",
    ]  # fmt: skip
    return "\n".join(head).encode() + columns.astype("<f4").tobytes()


def splat() -> bytes:
    """The 32-byte records of antimatter15/splat; y points down."""
    scene = splats()
    down = np.array([1.0, -1.0, -1.0])
    turned = scene["turns"] * np.array([1.0, 1.0, -1.0, -1.0])
    places_sizes = np.concatenate([scene["places"] * down, scene["sizes"]], axis=1).astype("<f4").view(np.uint8)
    colours = np.concatenate([scene["colours"], scene["opacities"][:, None]], axis=1) * 255
    turns = turned * 127.5 + 127.5
    bytes_ = np.concatenate(
        [places_sizes, colours.clip(0, 255).astype(np.uint8), turns.clip(0, 255).astype(np.uint8)], axis=1
    )
    return bytes_.tobytes()


def spz() -> bytes:
    """Niantic's packed format, version 2: 24-bit positions with 12 fractional bits, everything else in bytes."""
    scene = splats()
    count = len(scene["places"])
    fixed = np.round(scene["places"] * 4096).astype("<i4").view(np.uint8).reshape(count, 3, 4)[:, :, :3]
    turns = scene["turns"] * np.where(scene["turns"][:, :1] < 0, -1, 1)
    parts = [
        struct.pack("<IIIBBBB", 0x5053474E, 2, count, 0, 12, 0, 0),
        fixed.tobytes(),
        (scene["opacities"] * 255).astype(np.uint8).tobytes(),
        (((scene["colours"] - 0.5) / SH0 * 0.15 + 0.5) * 255).clip(0, 255).astype(np.uint8).tobytes(),
        ((np.log(scene["sizes"]) + 10) * 16).clip(0, 255).astype(np.uint8).tobytes(),
        (turns[:, 1:] * 127.5 + 127.5).clip(0, 255).astype(np.uint8).tobytes(),
    ]
    return gzip.compress(b"".join(parts), mtime=0)
