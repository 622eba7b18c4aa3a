"""A file's type is determined from its content."""

from __future__ import annotations

import gzip
import io
import json
import math
import struct
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cyberun_widget.content.kinds import guess
from cyberun_widget.content.sniff import HEAD, sniff


def picture(form, mode="RGB"):
    out = io.BytesIO()
    Image.new(mode, (8, 8)).save(out, form)
    return out.getvalue()


def array_file():
    out = io.BytesIO()
    np.save(out, np.zeros((3, 2)))
    return out.getvalue()


def arrays_file():
    out = io.BytesIO()
    np.savez(out, first=np.zeros(3))
    return out.getvalue()


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.txt", "hello")
    return out.getvalue()


def splat_records(count=100):
    record = struct.Struct("<6f4B4B")
    return b"".join(
        record.pack(math.sin(i), math.cos(i), i / 10, 0.01, 0.02, 0.03, 255, 128, i % 256, 200, 255, 128, 128, 128)
        for i in range(count)
    )


PLY = "ply\nformat {}\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n{}end_header\n"
GAUSSIAN = "".join(f"property float {name}\n" for name in ("f_dc_0", "opacity", "scale_0", "rot_0"))
GLB = b"glTF" + struct.pack("<II", 2, 20) + struct.pack("<I4s", 0, b"JSON")
GLTF = json.dumps({"asset": {"version": "2.0"}, "scenes": [{"nodes": []}], "meshes": []}).encode()
OBJ = b"# a cube\nmtllib a.mtl\no cube\nv 0 0 0\nv 1 0 0\nv 1.5e-3 1 0\nvn 0 0 1\nf 1//1 2//1 3//1\n"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 24
TABLE = {
    "png": (picture("PNG"), "image", "image/png"),
    "jpeg": (picture("JPEG"), "image", "image/jpeg"),
    "gif": (picture("GIF"), "image", "image/gif"),
    "webp": (picture("WEBP"), "image", "image/webp"),
    "bmp": (picture("BMP"), "image", "image/bmp"),
    "tiff": (picture("TIFF"), "image", "image/tiff"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image", "image/svg+xml"),
    "svg after a prolog": (
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<!DOCTYPE svg PUBLIC 'a' 'b'>\n<svg:svg>",
        "image",
        "image/svg+xml",
    ),
    "html": (b"<!doctype html><script>alert(1)</script>", "text", "text/plain"),
    "html with an svg inside": (b"<html><svg onload=alert(1)></svg></html>", "text", "text/plain"),
    "xhtml": (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "text", "text/plain"),
    "mp4": (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00", "video", "video/mp4"),
    "mov": (b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00", "video", "video/quicktime"),
    "m4a": (b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00", "audio", "audio/mp4"),
    "avif": (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00", "image", "image/avif"),
    "webm": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video", "video/webm"),
    "mkv": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video", "video/x-matroska"),
    "ogg": (b"OggS\x00\x02" + b"\x00" * 22 + b"\x01vorbis", "audio", "audio/ogg"),
    "wav": (WAV, "audio", "audio/wav"),
    "mp3 with tags": (b"ID3\x04\x00\x00\x00", "audio", "audio/mpeg"),
    "mp3": (b"\xff\xfb\x90\x64\x00\x0f\xf0\x00", "audio", "audio/mpeg"),
    "flac": (b"fLaC\x00\x00\x00\x22", "audio", "audio/flac"),
    "glb": (GLB, "model", "model/gltf-binary"),
    "gltf": (GLTF, "model", "model/gltf+json"),
    "obj": (OBJ, "model", "model/obj"),
    "ply mesh": (PLY.format("ascii 1.0", "").encode(), "model", "model/ply"),
    "ply with windows lines": (PLY.format("ascii 1.0", "").replace("\n", "\r\n").encode(), "model", "model/ply"),
    "ply splat": (PLY.format("binary_little_endian 1.0", GAUSSIAN).encode(), "model", "model/x-gaussian-splat-ply"),
    "splat": (splat_records(), "model", "model/x-gaussian-splat"),
    "spz": (gzip.compress(b"NGSP" + b"\x02\x00\x00\x00" + b"\x00" * 64), "model", "model/x-spz"),
    "gzip": (gzip.compress(b"hello"), "file", "application/gzip"),
    "zip": (archive(), "file", "application/zip"),
    "npz": (arrays_file(), "table", "application/x-npz"),
    "npy": (array_file(), "table", "application/x-npy"),
    "parquet": (b"PAR1" + b"\x15\x04" * 20 + b"PAR1", "table", "application/vnd.apache.parquet"),
    "json": (b'\xef\xbb\xbf {"psnr": [1, 2.5, null]}', "json", "application/json"),
    "json list": (b"[]", "json", "application/json"),
    "json in utf-16": ('{"é": 1}'.encode("utf-16"), "json", "application/json"),
    "broken json": (b'{"psnr": 1,,}', "text", "text/plain"),
    "a number": (b"42", "text", "text/plain"),
    "csv": (b"step,loss\n1,0.5\n2,0.25\n", "table", "text/csv"),
    "tsv": (b"step\tloss\n1\t0.5\n2\t0.25\n", "table", "text/tab-separated-values"),
    "prose with commas": (
        b"Well, it is what it is, they say.\nAnd so, one goes on, as ever.\nUntil, of course, it ends, all at once.\n",
        "text",
        "text/plain",
    ),
    "log": (b"\x1b[32mstep 1\x1b[0m\nstep 2\n", "text", "text/plain"),
    "latin-1": ("Größe: 5 µm\n".encode("latin-1"), "text", "text/plain"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "file", "application/pdf"),
    "anything": (bytes(range(256)) * 3, "file", "application/octet-stream"),
    "nothing": (b"", "file", "application/x-empty"),
}


@pytest.mark.parametrize(("data", "kind", "mime"), TABLE.values(), ids=TABLE)
def test_the_content_determines_the_kind_under_any_name(data, kind, mime):
    for name in ("", "whatever.xyz", "lies.mp4", "lies.png", "lies.json"):
        found = sniff(data[:HEAD], size=len(data), name=name)
        assert (found.kind, found.mime) == (kind, mime)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.png", b"<!doctype html>", "Named .png, but contains text"),
        ("a.mp4", b'{"error": "no"}', "Named .mp4, but contains JSON"),
        ("a.glb", archive(), "something else"),
        ("a.json", b'{"cut": ', "can't be read"),
        ("a.png", b"", "empty"),
        ("a.png", picture("JPEG"), None),
        ("a.txt", picture("PNG"), None),
        ("a.unknown", picture("PNG"), None),
    ],
)
def test_a_name_that_does_not_match_the_content_is_noted(name, data, words):
    note = sniff(data, size=len(data), name=name).note
    assert (words is None) == (note is None)
    assert words is None or words in note


def test_the_head_of_a_large_json_is_json():
    data = json.dumps({"list": [{"name": "x" * 50, "value": n} for n in range(5_000)]}).encode()
    assert sniff(data[:HEAD], size=len(data)).kind == "json"
    assert sniff(data[:HEAD].replace(b":", b";", 1), size=len(data)).kind == "text"


def test_the_head_of_a_large_text_may_end_within_a_character():
    data = ("é" * HEAD).encode()
    assert sniff(data[: HEAD - 1], size=len(data)).kind == "text"


def test_one_line_named_csv_is_a_table():
    assert sniff(b"a,b\n", size=4, name="x.csv").kind == "table"
    assert sniff(b"a,b\n", size=4, name="x").kind == "text"


def test_floats_that_are_not_splats_are_not_mistaken_for_splats():
    data = np.random.default_rng(1).normal(size=(100, 8)).astype("<f4").tobytes()
    assert sniff(data, size=len(data)).kind == "file"


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_have_a_kind(data):
    found = sniff(data, size=len(data), name="a.png")
    assert found.kind in ("image", "video", "audio", "model", "json", "table", "text", "file")


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_never_given_a_type_that_runs(text):
    data = text.encode("utf-8", "replace")
    found = sniff(data, size=len(data))
    assert found.mime not in ("text/html", "application/xhtml+xml", "text/xml", "application/xml")


@pytest.mark.parametrize(
    ("name", "mime", "promise"),
    [
        ("a.PNG", "", ("image", "image/png")),
        ("a", "image/webp; q=1", ("image", "image/webp")),
        ("a", "video/x-unheard-of", ("video", "application/octet-stream")),
        ("a.ply", "application/octet-stream", ("model", "model/ply")),
        ("a.html", "text/html", ("text", "text/plain")),
        ("a", "text/html", ("file", "application/octet-stream")),
    ],
)
def test_a_name_suggests_a_kind_before_the_file_is_downloaded(name, mime, promise):
    assert guess(name, mime) == promise


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24 10:00:00,123 INFO start\n2026-11-24 10:00:01,456 INFO step\n2026-11-24 10:00:02,789 INFO end\n",
        "[10:00:00] loss, 0.5\n[10:00:01] loss, 0.25\n[10:00:02] loss, 0.125\n",
        "step\tloss\n1\t0.5\n2\t0.25\n3\t0.125\n",
    ],
)
def test_a_log_is_text_whatever_its_lines_contain(text):
    assert sniff(text.encode(), size=len(text), name="train.log").kind == "text"


def test_lines_with_times_are_not_a_table_with_the_first_line_as_header():
    data = b"2026-11-24 10:00:00,123 INFO a\n2026-11-24 10:00:01,456 INFO b\n2026-11-24 10:00:02,789 INFO c\n"
    assert sniff(data, size=len(data), name="output").kind == "text"


def test_rows_of_numbers_without_a_head_are_a_table():
    data = b"1,2.5\n-3,4e-2\n5,nan\n"
    assert sniff(data, size=len(data), name="output").mime == "text/csv"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["<!---->", "<?x?>", "<!doctype svg [>", '"asset": {', "[", "1,", "\ufeff ", "v 1 2\n"]
)
def test_text_designed_to_slow_the_reader_is_recognised_at_once(piece):
    data = (piece * 30_000).encode()[:HEAD]
    begun = time.process_time()
    sniff(data, size=len(data))
    sniff(data, size=10 * len(data))
    assert time.process_time() - begun < 1
