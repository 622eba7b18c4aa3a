"""The local server's runtimes produce real results: files that open, meaningful numbers."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from functools import partial
from typing import TYPE_CHECKING

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from cyberun_widget.local import catalogue
from cyberun_widget.local.catalogue import photo_filter
from cyberun_widget.local.runtimes import gray_scott, load
from cyberun_widget.local.runtimes.context import Context, RuntimeFailure
from cyberun_widget.local.runtimes.splat import camera, renderer, training
from cyberun_widget.local.runtimes.splat.scene import SHAPES, distance

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def work(folder: Path, slug: str, **parameters):
    """Run a workflow's runtime here; return the files by key, the progress events and the facts."""
    workflow = catalogue.by_slug(slug)
    values = {item.key: item.default for item in workflow.parameters} | parameters
    events: list[dict] = []
    context = Context(folder, values, events.append)
    facts = load(workflow.runtime)(context)
    return {item.key: item.path.read_bytes() for item in context.outputs}, events, facts


def frames(data: bytes, folder: Path) -> list[np.ndarray]:
    """Decode a video with ffmpeg: proof that one can."""
    path = folder / "video.bin"
    path.write_bytes(data)
    reader = imageio_ffmpeg.read_frames(str(path))
    width, height = next(reader)["size"]
    return [np.frombuffer(item, np.uint8).reshape(height, width, 3) for item in reader]


# --- gray-scott ----------------------------------------------------------------------------------------------------


def test_gray_scott_makes_a_picture_and_a_video_of_a_pattern(tmp_path):
    files, events, facts = work(tmp_path, "gray-scott", steps=1200, size=128)
    assert list(files) == ["9.images.0", "10.videos.0"]
    picture = Image.open(io.BytesIO(files["9.images.0"]))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (128, 128), "RGB")
    assert np.asarray(picture).std() > 20, "a pattern, not a plain colour"
    film = frames(files["10.videos.0"], tmp_path)
    assert len(film) > 60
    assert np.abs(film[-1].astype(int) - film[0]).mean() > 5, "it grows"
    assert list(dict.fromkeys(item["current_node"] for item in events)) == ["3", "5", "7", "9", "10"]
    steps = [item for item in events if item["current_node"] == "5"]
    assert steps[-1]["step_current"] == steps[-1]["step_total"] == 1200
    assert [item["progress"] for item in events] == sorted(item["progress"] for item in events)
    assert events[-1]["progress"] == 1
    assert facts["mean"] > 0.01
    assert 0.1 < facts["coverage"] < 0.9
    assert 5 < facts["structure_scale"] < 64


def test_the_same_seed_gives_the_same_picture_and_another_another(tmp_path):
    made = [
        work(tmp_path, "gray-scott", seed=seed, steps=200, size=96, video=False)[0]["9.images.0"] for seed in (3, 3, 4)
    ]
    assert made[0] == made[1] != made[2]


def test_gray_scott_makes_a_gif_and_a_batch(tmp_path):
    files, _, _ = work(tmp_path, "gray-scott", steps=200, size=64, format="gif", batch=3, colormap="ink")
    assert list(files) == ["9.images.0", "9.images.1", "9.images.2", "10.gifs.0"]
    film = Image.open(io.BytesIO(files["10.gifs.0"]))
    assert film.format == "GIF"
    assert film.n_frames > 20


def test_rates_that_let_nothing_grow_fail_with_the_cause_first(tmp_path):
    with pytest.raises(RuntimeFailure, match="the pattern died out") as failure:
        work(tmp_path, "gray-scott", steps=2000, size=64, feed=0.01, kill=0.08)
    assert "feed=0.01" in str(failure.value).splitlines()[0]


def test_the_structure_scale_is_the_distance_between_ridges():
    across = np.arange(128)
    stripes = np.tile(0.2 + 0.1 * np.sin(2 * np.pi * across / 16), (128, 1)).astype(np.float32)
    assert gray_scott.measures(stripes, 128)["structure_scale"] == pytest.approx(16, rel=0.01)
    assert gray_scott.measures(stripes, 256)["structure_scale"] == pytest.approx(32, rel=0.01)
    plain = gray_scott.measures(np.full((32, 32), 0.3, np.float32), 32)
    assert plain == {"mean": 0.3, "coverage": 1.0, "structure_scale": None}


def test_other_rates_give_another_pattern(tmp_path):
    """Spots and stripes, as on Pearson's map: what a sweep over feed and kill shows."""
    facts = [
        work(tmp_path, "gray-scott", steps=3000, size=96, video=False, feed=feed, kill=kill)[2]
        for feed, kill in ((0.03, 0.063), (0.046, 0.059))
    ]
    spots, stripes = (item["coverage"] for item in facts)
    assert stripes > spots + 0.1


def test_every_palette_shows_the_pattern():
    field = gray_scott.seed_fields(32, 1)[1]
    made = [gray_scott.picture(field, field * 0, 64, name) for name in catalogue.COLORMAPS]
    assert all(item.shape == (64, 64, 3) and item.std() > 5 for item in made)


# --- tiny-splat ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def splat(tmp_path_factory):
    small = {"photos": 24, "iterations": 150, "gaussians": 500, "resolution": 40, "frames": 6}
    folder = tmp_path_factory.mktemp("splat")
    return (folder, *work(folder, "tiny-splat", **small))


def test_tiny_splat_passes_all_stages_with_messages(splat):
    _, _, events, _ = splat
    stages = list(dict.fromkeys(item["stage"] for item in events))
    assert stages == ["download", "process_data", "train", "export", "upload"]
    said = {stage: [item["message"] for item in events if item["stage"] == stage] for stage in stages}
    assert said["download"][0] == "photo 1 of 24"
    assert said["process_data"][-1] == "placed 24 of 24 photos"
    assert said["train"][-1].startswith("loss 0.0")
    assert any(words.startswith("turntable frame") for words in said["export"])
    assert [item["progress"] for item in events] == sorted(item["progress"] for item in events)
    assert events[-1]["progress"] == 1


def test_the_loss_really_falls(splat):
    _, files, _, _ = splat
    head, *rows = files["loss"].decode().split()
    assert head == "iteration,loss"
    losses = [float(row.split(",")[1]) for row in rows]
    assert len(losses) == 150
    assert np.mean(losses[-20:]) < np.mean(losses[:5]) / 2
    metrics = json.loads(files["metrics"])
    assert metrics["psnr"] > 18
    assert metrics["photos"] == {"taken": 24, "placed": 24, "trained_on": 21, "held_out": 3}
    assert len(metrics["psnr_per_view"]) == 3


def test_the_splat_is_a_ply_as_3dgs_writes_it(splat):
    _, files, _, _ = splat
    head, _, body = files["splat"].partition(b"end_header\n")
    lines = head.decode().split("\n")
    assert lines[:4] == [
        "ply",
        "format binary_little_endian 1.0",
        "comment Vertical Axis: y",
        "element vertex 500",
    ]
    names = [line.split()[-1] for line in lines if line.startswith("property float")]
    assert " ".join(names) == (
        "x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3"
    )
    rows = np.frombuffer(body, "<f4").reshape(500, 17)
    assert np.isfinite(rows).all()
    assert np.abs(rows[:, :3]).max() < 2, "in the scene"
    assert np.median(np.abs(distance(rows[:, :3].copy()))) < 0.05, "on its surfaces"
    assert (rows[:, 10:13] < 0).all(), "logarithms of scales"
    assert np.allclose(np.linalg.norm(rows[:, 13:], axis=1), 1, atol=1e-5)


def test_the_mesh_is_sound_gltf(splat):
    _, files, _, _ = splat
    data = files["mesh"]
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    tree = json.loads(data[20 : 20 + length])
    size, kind = struct.unpack_from("<I4s", data, 20 + length)
    assert (kind, size) == (b"BIN\0", tree["buffers"][0]["byteLength"])
    assert [mesh["name"] for mesh in tree["meshes"]] == [shape.name for shape in SHAPES]
    binary = data[28 + length :]
    for mesh in tree["meshes"]:
        part = mesh["primitives"][0]
        indices, points = tree["accessors"][part["indices"]], tree["accessors"][part["attributes"]["POSITION"]]
        view = tree["bufferViews"][indices["bufferView"]]
        values = np.frombuffer(binary, "<u4", indices["count"], view["byteOffset"])
        assert len(values) % 3 == 0
        assert values.max() < points["count"]
        assert points["min"] < points["max"]


def test_the_turntable_is_a_video_of_the_gaussians(splat):
    folder, files, _, _ = splat
    film = frames(files["turntable"], folder)
    assert len(film) == 6
    assert film[0].shape == (448, 448, 3)
    assert film[0][150:350].std() > 25
    assert np.abs(film[3].astype(int) - film[0]).mean() > 3, "it turns"


def test_too_few_photos_fail_with_a_message_and_their_log(tmp_path):
    with pytest.raises(RuntimeFailure) as failure:
        work(tmp_path, "tiny-splat", photos=3, resolution=32)
    cause, _, log = str(failure.value).partition("\n")
    assert cause == "process_data: only 1 of 3 photos could be placed."
    assert "Take more photos" in log
    assert "photo_000.png <-> photo_001.png" in log


def test_the_renderers_gradients_are_those_of_its_pictures(monkeypatch):
    monkeypatch.setattr(renderer, "_FAINT", 1e-7)
    monkeypatch.setattr(renderer, "_DENSE", 0.9999)
    rng = np.random.default_rng(1)
    shapes = {"means": (9, 3), "log_scales": (9, 3), "quats": (9, 4), "logits": (9,), "dc": (9, 3)}
    centre = {"log_scales": -2.0}
    spread = {"means": 0.3, "log_scales": 0.3}
    arrays = {name: rng.normal(centre.get(name, 0), spread.get(name, 1), shape) for name, shape in shapes.items()}
    gaussians, view = renderer.Gaussians(**arrays), camera.orbit(30, 20, 28)
    background, target = np.array([0.1, 0.2, 0.3]), rng.uniform(0, 1, (28 * 28, 3))

    def loss():
        drawn = renderer.render(gaussians, view, background).rgb
        return float(((drawn.astype(np.float64) - target) ** 2).sum())

    drawn = renderer.render(gaussians, view, background)
    slopes = renderer.backward(gaussians, view, drawn, 2 * (drawn.rgb - target))
    for name, values in arrays.items():
        for place in rng.permutation(list(np.ndindex(values.shape)))[:8]:
            at, step = tuple(place), 1e-3
            kept = values[at]
            ends = []
            for side in (kept + step, kept - step):
                values[at] = side
                ends.append(loss())
            values[at] = kept
            measured = (ends[0] - ends[1]) / (2 * step)
            assert getattr(slopes, name)[at] == pytest.approx(measured, rel=0.02, abs=0.02), name


def test_the_start_is_on_the_surfaces_and_in_their_colours():
    photos = [camera.take(view, "x.png", 1) for view in camera.rig(8, 32)]
    gaussians = training.start(photos, 200, 1)
    assert gaussians.means.shape == (200, 3)
    assert np.abs(distance(gaussians.means)).max() < 0.05
    colours = 0.5 + renderer.SH0 * gaussians.dc
    assert colours.min() > -0.01
    assert colours.max() < 1.01


# --- echo-files ----------------------------------------------------------------------------------------------------


def test_echo_files_makes_files_of_every_kind(tmp_path):
    kinds = "png,gif,wav,svg,html,txt,log,csv,tsv,json,zip,npy,bin"
    files, _, _ = work(tmp_path, "echo-files", kinds=kinds, seconds=0, size=1000, text="Grüße <b>")
    made = dict(zip(kinds.split(","), files.values(), strict=True))
    assert Image.open(io.BytesIO(made["png"])).size == (160, 120)
    assert Image.open(io.BytesIO(made["gif"])).n_frames == 6
    assert made["wav"][:4] == b"RIFF"
    assert made["svg"].startswith(b"<svg")
    assert "Grüße &lt;b>" in made["html"].decode()
    assert len(made["csv"].splitlines()) == 21
    assert json.loads(made["json"])["text"] == "Grüße <b>"
    assert zipfile.ZipFile(io.BytesIO(made["zip"])).namelist() == ["hello.txt", "data/table.csv"]
    assert np.load(io.BytesIO(made["npy"])).shape == (4, 6)
    assert len(made["bin"]) == 1000


def test_an_unknown_kind_fails_with_a_message(tmp_path):
    with pytest.raises(RuntimeFailure, match="no kind tarball"):
        work(tmp_path, "echo-files", kinds="tarball")


# --- photo-filter --------------------------------------------------------------------------------------------------


def filtered(folder: Path, content: bytes, **parameters):
    source = folder / "upload"
    source.write_bytes(content)
    values = {item.key: item.default for item in catalogue.by_slug("photo-filter").parameters}
    events: list[dict] = []
    context = Context(
        folder, values | {"image": "inputs/1/photo.png"} | parameters, events.append, files={"image": source}
    )
    facts = load("photo_filter")(context)
    (output,) = context.outputs
    return Image.open(output.path), facts, [item["current_node"] for item in events]


def png(width: int = 60, height: int = 40) -> bytes:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, width // 2 :] = (200, 120, 40)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("name", photo_filter.FILTERS)
def test_each_filter_changes_the_picture(tmp_path, name):
    plain, _, _ = filtered(tmp_path, png(), filter=name, strength=0)
    changed, facts, nodes = filtered(tmp_path, png(), filter=name, strength=1, passes=2)
    assert plain.size == changed.size == (facts["width"], facts["height"]) == (60, 40)
    assert np.array_equal(np.asarray(plain), np.asarray(Image.open(io.BytesIO(png()))))
    assert not np.array_equal(np.asarray(plain), np.asarray(changed))
    assert list(dict.fromkeys(nodes)) == ["1", "2", "3", "9"]


def test_tint_grain_and_caption_do_what_they_say(tmp_path):
    red, _, _ = filtered(tmp_path, png(), strength=0, tint="#ff0000")
    assert np.asarray(red)[..., 1:].max() == 0
    grains = [np.asarray(filtered(tmp_path, png(), strength=0, grain=True, seed=seed)[0]) for seed in (1, 1, 2)]
    assert np.array_equal(grains[0], grains[1])
    assert not np.array_equal(grains[0], grains[2])
    captioned, facts, _ = filtered(tmp_path, png(), strength=0, caption="Grüße")
    assert captioned.height == facts["height"] == 40 + 28
    assert np.asarray(captioned)[40:].min() < 128, "letters"


def test_a_large_picture_is_scaled_down(tmp_path):
    made, _, _ = filtered(tmp_path, png(2048, 512))
    assert made.size == (1024, 256)


@pytest.mark.parametrize("content", [b"", b"not a picture", png()[:60], b"%PDF-1.4", b"GIF89a" + b"\0" * 40])
def test_a_file_that_is_not_a_picture_fails_with_a_message(tmp_path, content):
    with pytest.raises(RuntimeFailure, match=r"photo\.png can't be read"):
        filtered(tmp_path, content)


def test_it_has_a_parameter_of_every_type_and_one_that_is_new(tmp_path):
    parameters = [item.to_json() for item in catalogue.by_slug("photo-filter").parameters]
    assert {item["type"] for item in parameters} == {
        "string", "number", "boolean", "select", "file", "integer", "color",
    }  # fmt: skip
    assert all(item["label"] and item["description"] for item in parameters)
    assert {item["required"] for item in parameters} == {True, False}


# --- flaky ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fail_at", "heals", "earlier", "fails"),
    [
        ("", False, 0, False),
        ("3", False, 0, True),
        ("13, 33", False, 0, False),
        ("1, 3", False, 5, True),
        ("*", False, 0, True),
        ("3", True, 0, True),
        ("3", True, 1, False),
    ],
)
def test_flaky_fails_at_the_chosen_points_only(tmp_path, fail_at, heals, earlier, fails):
    parameters = {"point": 3, "fail_at": fail_at, "heals": heals, "how": "error", "seconds": 0, "seed": 1}
    context = Context(tmp_path, parameters, lambda _: None, earlier=earlier)
    if fails:
        with pytest.raises(RuntimeFailure, match="point 3 fails"):
            load("flaky")(context)
    else:
        assert 0 <= load("flaky")(context)["score"] <= 1
        assert [item.key for item in context.outputs] == ["4.images.0"]


# --- progress ------------------------------------------------------------------------------------------------------


def test_progress_is_thinned_out_but_never_where_something_begins_or_ends(tmp_path):
    now, sent = [0.0], []
    context = Context(tmp_path, {}, sent.append, clock=lambda: now[0])
    for step in range(101):
        now[0] += 0.001
        context.progress(step / 100, node="5", step=step, total=100)
    context.progress(1, node="9")
    assert [item["step_current"] for item in sent] == [0, 60, 100, None]


def test_a_slow_pace_stretches_the_work(tmp_path):
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    context = Context(tmp_path, {}, lambda _: None, pace=0.25, clock=lambda: now[0], sleep=sleep)
    tell = partial(context.progress, node="5")
    tell(0.0)
    now[0] += 1
    tell(0.5)
    assert slept == [3.0]


def test_a_failing_ffmpeg_is_quoted(tmp_path):
    from cyberun_widget.local.runtimes.media import write_mp4  # noqa: PLC0415 - only here

    with pytest.raises(OSError, match="ffmpeg"):
        write_mp4(tmp_path / "no-such-folder" / "x.mp4", [np.zeros((32, 32, 3), np.uint8)] * 3, 24)


def test_no_process_is_left_after_a_video_broke_off(tmp_path):
    from cyberun_widget.local.runtimes import media  # noqa: PLC0415 - only here

    started: list[subprocess.Popen[bytes]] = []
    begin = media._ffmpeg

    def broken():
        yield np.zeros((32, 32, 3), np.uint8)
        raise ValueError("the second frame can't be made")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(media, "_ffmpeg", lambda *args: started.append(begin(*args)) or started[-1])
        with pytest.raises(ValueError, match="second frame"):
            media.write_mp4(tmp_path / "x.mp4", broken(), 24)
    assert started[0].poll() is not None
