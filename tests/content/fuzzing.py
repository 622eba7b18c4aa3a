"""Gives damaged files to everything that reads files, and measures: `python -m tests.content.fuzzing GROUP …`.

It runs in a separate process, so that crashes are detected, and prints a report as JSON. The current file stays in the
folder, so that a file that crashes the process can be examined.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import math
import os
import random
import resource
import struct
import subprocess
import sys
import wave
import zipfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from cyberun_widget.content import posters
from cyberun_widget.content.file import File
from cyberun_widget.content.inspect import inspect, still
from cyberun_widget.content.native import table_worker, tiff_worker
from cyberun_widget.content.preview import preview
from cyberun_widget.content.readers import array, image, parsed, text
from cyberun_widget.errors import CyberunError

# --- valid files -----------------------------------------------------------------------------------------------------


def picture(form, mode="RGB", **how):
    ramp = np.linspace(0, 255, 24 * 20 * 3).astype(np.uint8).reshape(20, 24, 3)
    out = io.BytesIO()
    Image.fromarray(ramp).convert(mode).save(out, form, **how)
    return out.getvalue()


def turned_photo():
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture("JPEG", exif=exif, progressive=True)


def frames(form):
    several = [Image.new("P", (12, 9), number) for number in range(4)]
    out = io.BytesIO()
    several[0].save(out, form, save_all=True, append_images=several[1:], duration=80)
    return out.getvalue()


def tiff_pages(**how):
    several = [Image.new("RGB", (12, 9), (number, 0, 0)) for number in range(4)]
    out = io.BytesIO()
    several[0].save(out, "TIFF", save_all=True, append_images=several[1:], **how)
    return out.getvalue()


def npy(value):
    out = io.BytesIO()
    np.save(out, value)
    return out.getvalue()


def npz():
    out = io.BytesIO()
    np.savez_compressed(out, a=np.arange(20.0), b=np.zeros((2, 2), dtype=np.int16))
    return out.getvalue()


def archive(*, wide):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("a.txt", "folder/b.txt"):
            with file.open(name, "w", force_zip64=wide) as entry:
                entry.write(b"some words " * 50)
    data = out.getvalue()
    if not wide:
        return data
    end = data.rindex(b"PK\x05\x06")
    *_, count, size, start, _comment = struct.unpack_from("<4s4H2LH", data, end)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    absent = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return data[:end] + record + locator + absent


def glb():
    scene = json.dumps({"asset": {"version": "2.0"}, "buffers": [{"byteLength": 36}]}).encode()
    scene += b" " * (-len(scene) % 4)
    chunks = struct.pack("<I4s", len(scene), b"JSON") + scene + struct.pack("<I4s", 36, b"BIN\x00") + bytes(36)
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def splat(number=40):
    record = struct.Struct("<6f4B4B")
    places = [(math.sin(i), math.cos(i), i / 10) for i in range(number)]
    return b"".join(record.pack(*place, 0.01, 0.02, 0.03, 255, 128, 9, 200, 255, 128, 128, 128) for place in places)


def ply(names, form="binary_little_endian 1.0"):
    head = "".join(f"property float {name}\n" for name in names.split())
    return f"ply\nformat {form}\nelement vertex 2\n{head}end_header\n".encode() + bytes(8 * len(names.split()))


def table():
    import pandas as pd  # noqa: PLC0415 - large, and the other groups fork often

    return pd.DataFrame(
        {
            "step": range(40),
            "loss": np.linspace(1, 0, 40),
            "name": [f"n{number}" for number in range(40)],
            "kind": pd.Categorical(["a", "b"] * 20),
            "pair": [[1, 2]] * 40,
            "at": pd.date_range("2026-01-01", periods=40, tz="UTC"),
        }
    )


def stored(form, **how):
    import pyarrow.feather  # noqa: PLC0415 - likewise
    import pyarrow.parquet  # noqa: PLC0415

    write = {"parquet": pyarrow.parquet.write_table, "feather": pyarrow.feather.write_feather}[form]
    out = io.BytesIO()
    write(pyarrow.Table.from_pandas(table()), out, **how)
    return out.getvalue()


def film(folder, name, *options):
    source = ["-f", "lavfi", "-i", "testsrc=duration=1:size=96x64:rate=8"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *source, *options, str(folder / name)]
    subprocess.run(command, check=True, timeout=60)
    return (folder / name).read_bytes()


def sound():
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(4_000))
    return out.getvalue()


SVG = (
    b'<?xml version="1.0"?><!-- a --><!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"><g/></svg>'
)
OBJ = b"# a cube\nmtllib a.mtl\no cube\nv 0 0 0\nv 1 0 0\nv 1.5e-3 1 0\nvn 0 0 1\nf 1//1 2//1 3//1\n"
GAUSSIANS = "x y z f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3"
GROUPS = {
    "pictures": lambda _: {
        "a.png": picture("PNG"),
        "b.png": picture("PNG", "P", optimize=True),
        "c.png": npy_picture(),
        "a.jpg": picture("JPEG"),
        "b.jpg": turned_photo(),
        "a.gif": frames("GIF"),
        "a.webp": picture("WEBP"),
        "b.webp": frames("WEBP"),
        "a.bmp": picture("BMP"),
        "a.tiff": tiff_pages(),
        "b.tiff": tiff_pages(compression="tiff_lzw"),
        "c.tiff": tiff_pages(compression="tiff_adobe_deflate"),
    },
    "arrays": lambda _: {
        "a.npy": npy(np.arange(24.0).reshape(2, 3, 4)),
        "b.npy": npy(np.asfortranarray(np.arange(24, dtype=np.int8).reshape(2, 3, 4))),
        "c.npy": npy(np.array([(1, 2.5, "x")], dtype=[("id", "i4"), ("x", "f8"), ("name", "U8")])),
        "a.npz": npz(),
        "a.zip": archive(wide=False),
        "b.zip": archive(wide=True),
    },
    "texts": lambda _: {
        "a.csv": table().to_csv(index=False).encode(),
        "a.tsv": b"a\tb\n1\t2\n3\t4\n",
        "a.json": json.dumps({"psnr": [31.5, None, True], "nested": {"a": ["é"]}}).encode(),
        "b.json": b"[" * 2_000 + b"]" * 2_000,
        "a.svg": SVG,
        "a.html": b"<!doctype html><!-- a --><html><body>words</body></html>",
        "a.log": b"\x1b[32m2026-01-01 10:00:00,123 step 1\x1b[0m\n" * 5,
        "a.gltf": json.dumps({"asset": {"version": "2.0"}, "scenes": [{"nodes": []}]}).encode(),
    },
    "models": lambda _: {
        "a.glb": glb(),
        "a.obj": OBJ,
        "a.ply": ply("x y z nx ny nz"),
        "b.ply": ply(GAUSSIANS),
        "c.ply": ply("x y z", "ascii 1.0"),
        "a.splat": splat(),
        "a.spz": gzip.compress(b"NGSP" + struct.pack("<I", 2) + bytes(64)),
    },
    "tables": lambda _: {
        "a.parquet": stored("parquet"),
        "b.parquet": stored("parquet", compression="zstd", row_group_size=10),
        "a.feather": stored("feather", compression="uncompressed"),
        "b.feather": stored("feather", compression="zstd"),
    },
    "media": lambda folder: {
        "a.mp4": film(folder, "a.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p"),
        "b.mp4": film(folder, "b.mp4", "-c:v", "mpeg4"),
        "a.webm": film(folder, "a.webm", "-c:v", "libvpx", "-deadline", "realtime"),
        "a.avi": film(folder, "a.avi", "-c:v", "mjpeg"),
        "a.wav": sound(),
    },
}


def npy_picture():
    out = io.BytesIO()
    Image.fromarray(np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)).save(out, "PNG")
    return out.getvalue()


# --- damage ----------------------------------------------------------------------------------------------------------

EXTREMES = [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80"]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Return damaged bytes: a byte changed (usually), an extreme number, a part removed or inserted, or cut off."""
    at = dice.randrange(len(data))
    match dice.choices(["byte", "number", "cut", "insert", "lose", "swap"], [10, 4, 2, 2, 1, 1])[0]:
        case "byte":
            return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        case "number":
            return data[:at] + dice.choice(EXTREMES) + data[at + 4 :]
        case "cut":
            return data[:at]
        case "insert":
            return data[:at] + dice.randbytes(dice.choice([1, 4, 64])) + data[at:]
        case "lose":
            return data[:at] + data[at + dice.choice([1, 4, 64]) :]
        case _:
            other = dice.randrange(len(data))
            return data[:at] + data[other : other + 16] + data[at + 16 :]


# --- looking and measuring -------------------------------------------------------------------------------------------


def look(path: Path, name: str) -> None:
    """Run every reader that the kernel uses on a file. Anything but a readable error is a failure."""
    found = inspect(path, name, "", 40_000)
    file = File(path, name, found.kind, found.mime)
    if found.mime not in (table_worker.PARQUET, "application/vnd.apache.arrow.file"):
        json.dumps(preview(file))
        for read in (image, parsed, text, array):
            try:
                read(file)
            except CyberunError:
                continue
        still(path.read_bytes(), 40_000)


def look_as_child(path: Path, name: str) -> None:
    """Run the table worker's code in a fork, which is fast. A crash is acceptable, as in the worker's process."""
    found = inspect(path, name, "", 40_000)
    job = {"path": str(path), "mime": found.mime, "rows": 200, "columns": 50, "memory": 160 << 20, "seconds": 2.0}
    whole = job | {"out": f"{path}.out", "most": 100 << 20}
    if not (child := os.fork()):
        try:
            json.dumps(table_worker.answer(job))
            json.dumps(table_worker.answer(whole))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def first_page_by_fork(path: Path) -> Image.Image:
    """Run the TIFF worker's code in a fork, which is fast. A crash is acceptable, as in the worker's process."""
    out = Path(f"{path}.page")
    out.unlink(missing_ok=True)
    if not (child := os.fork()):
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff's messages
            tiff_worker.decode({"path": str(path), "out": str(out)})
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    try:
        with Image.open(out, formats=["TIFF"]) as page:
            page.load()
            return page
    except (OSError, SyntaxError) as problem:
        raise CyberunError("The image is damaged.") from problem


def spent() -> float:
    return sum(os.times()[:4])


def peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("--cases", type=int, default=100, help="of each file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    wanted = parser.parse_args()
    posters.first_page = first_page_by_fork
    examine = look_as_child if wanted.group == "tables" else look
    report = {"cases": 0, "seconds": 0.0, "slowest": "", "grown": 0, "hungriest": "", "faults": []}
    before = 0
    for name, data in GROUPS[wanted.group](wanted.folder).items():
        dice = random.Random(f"{wanted.seed} {name}")
        path = wanted.folder / f"case-{name}"
        for case in range(wanted.cases + 1):
            path.write_bytes(data if case == 0 else damaged(data, dice))
            begun = spent()
            try:
                examine(path, name)
            except Exception as problem:  # noqa: BLE001 - any exception is a finding
                report["faults"].append(f"{name}, case {case}: {problem!r}")
            seconds = spent() - begun
            if case == 0:
                before = before or peak(resource.RUSAGE_SELF)  # libraries are loaded now
            elif seconds > report["seconds"]:
                report |= {"seconds": seconds, "slowest": f"{name}, case {case}"}
            if case and peak(resource.RUSAGE_SELF) - before > report["grown"]:
                report |= {"grown": peak(resource.RUSAGE_SELF) - before, "hungriest": f"{name}, case {case}"}
            report["cases"] += 1
    report["children"] = peak(resource.RUSAGE_CHILDREN)
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
