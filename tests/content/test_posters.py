"""Posters and properties of pictures, videos and audio: real files, real decoders."""

from __future__ import annotations

import io
import struct
import subprocess
import time
import warnings
import wave
import zlib

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image, ImageStat

from cyberun_widget.content.inspect import inspect, still

LIMIT = 40_000


def look(path, limit=LIMIT, mime=""):
    return inspect(path, path.name, mime, limit)


def opened(found):
    return Image.open(io.BytesIO(found.poster))


def noise(width, height, bands=3):
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, bands), dtype=np.uint8))


def test_a_large_picture_becomes_a_small_poster(tmp_path):
    noise(2000, 1000).save(tmp_path / "a.png")
    found = look(tmp_path / "a.png")
    assert (found.width, found.height, found.poster_mime) == (2000, 1000, "image/webp")
    assert len(found.poster) <= LIMIT
    image = opened(found)
    assert max(image.size) <= 512
    assert image.size[0] == image.size[1] * 2


def test_a_rotated_photo_is_shown_upright(tmp_path):
    image = Image.new("RGB", (300, 100), "blue")
    image.paste("red", (0, 0, 30, 100))  # the left edge; turned by orientation 6 it is the top
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    found = look(tmp_path / "a.jpg")
    assert (found.width, found.height) == (100, 300)
    poster = opened(found)
    assert poster.size == (100, 300)
    top, bottom = poster.getpixel((50, 5)), poster.getpixel((50, 290))
    assert top[0] > 200 > top[2]
    assert bottom[2] > 200 > bottom[0]


def test_sixteen_bits_keep_their_brightness(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 256, dtype=np.uint16), (64, 1))
    Image.fromarray(ramp).save(tmp_path / "a.png")
    poster = opened(look(tmp_path / "a.png")).convert("L")
    assert [abs(poster.getpixel((x, 32)) - x) < 12 for x in (5, 128, 250)] == [True] * 3


def test_floats_are_spread_over_the_range(tmp_path):
    Image.fromarray(np.tile(np.linspace(-2, 2, 256, dtype=np.float32), (64, 1))).save(tmp_path / "a.tiff")
    poster = opened(look(tmp_path / "a.tiff")).convert("L")
    assert poster.getpixel((5, 32)) < 20
    assert poster.getpixel((250, 32)) > 235


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_kept(tmp_path, mode):
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    image.paste((0, 128, 0, 255), (50, 0, 100, 100))
    if mode == "P":
        image.quantize(8).save(tmp_path / "a.png")
    else:
        image.convert(mode).save(tmp_path / "a.png")
    poster = opened(look(tmp_path / "a.png")).convert("RGBA")
    assert poster.getpixel((10, 50))[3] < 30
    assert poster.getpixel((90, 50))[3] > 225


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "I;16"])
def test_every_mode_has_a_poster(tmp_path, mode):
    name = "a.jpg" if mode in ("CMYK", "YCbCr") else "a.png"
    Image.new("L", (40, 30), 200).convert(mode).save(tmp_path / name)
    found = look(tmp_path / name)
    assert found.note is None
    assert opened(found).size == (40, 30)


@pytest.mark.parametrize("form", ["gif", "webp"])
def test_an_animation_is_shown_by_its_first_frame(tmp_path, form):
    frames = [Image.new("RGB", (60, 40), color) for color in ("red", "lime", "blue")]
    path = tmp_path / f"a.{form}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=200)
    found = look(path)
    red, green, blue = opened(found).convert("RGB").getpixel((30, 20))
    assert red > 200
    assert green < 60
    assert blue < 60


def png_of(width, height):
    """Return a tiny PNG that claims to be huge."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_a_picture_of_50000_by_50000_is_refused_with_a_message(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_of(50_000, 50_000))
    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = look(tmp_path / "bomb.png")
    assert time.monotonic() - started < 1
    assert (found.kind, found.width, found.height, found.poster) == ("image", 50_000, 50_000, None)
    assert "too large to preview" in found.note


@pytest.mark.parametrize("form", ["png", "jpg", "gif", "webp", "tiff", "bmp"])
def test_a_truncated_picture_is_reported_as_damaged(tmp_path, form):
    path = tmp_path / f"a.{form}"
    noise(200, 200).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = look(path)
    assert found.note
    assert found.kind in ("image", "file")


def test_a_poster_stays_within_what_is_left(tmp_path):
    noise(800, 800).save(tmp_path / "a.png")
    assert len(look(tmp_path / "a.png", limit=5_000).poster) <= 5_000
    assert look(tmp_path / "a.png", limit=0).poster is None
    assert look(tmp_path / "a.png", limit=0).width == 800


def test_an_svg_has_no_poster_and_is_not_opened(tmp_path):
    (tmp_path / "a.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg'><image href='http://127.0.0.1:9/x'/></svg>"
    )
    found = look(tmp_path / "a.svg")
    assert (found.kind, found.mime, found.poster, found.note) == ("image", "image/svg+xml", None, None)


def test_a_still_from_the_page_is_re_encoded():
    out = io.BytesIO()
    Image.new("RGBA", (1024, 768), (0, 90, 200, 128)).save(out, "WEBP")
    made = still(out.getvalue(), LIMIT)
    assert made.mime == "image/webp"
    assert max(Image.open(io.BytesIO(made.data)).size) <= 512
    assert still(b"<svg onload=alert(1)>", LIMIT) is None


def film(path, *options):
    source = ["-f", "lavfi", "-i", "testsrc=duration=2:size=320x180:rate=10"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *source, *options, str(path)]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx"), ("-i.mp4", "mpeg4")])
def test_a_video_has_a_size_a_duration_and_a_still(tmp_path, name, codec):
    film(tmp_path / name, "-c:v", codec, "-pix_fmt", "yuv420p")
    found = look(tmp_path / name)
    assert (found.kind, found.width, found.height) == ("video", 320, 180)
    assert found.duration == pytest.approx(2.0, abs=0.15)
    assert opened(found).size == (320, 180)


def test_a_damaged_video_is_still_there(tmp_path):
    film(tmp_path / "a.mp4", "-c:v", "mpeg4")
    path = tmp_path / "a.mp4"
    path.write_bytes(path.read_bytes()[:2000])
    found = look(path)
    assert (found.kind, found.poster) == ("video", None)


def test_an_audio_file_has_a_duration(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(2 * 12_000))
    assert look(tmp_path / "a.wav").duration == pytest.approx(1.5)


def test_a_playlist_named_mp4_reaches_nothing(tmp_path):
    (tmp_path / "a.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/secret\n")
    found = look(tmp_path / "a.mp4")
    assert (found.kind, found.poster) == ("text", None)


def test_the_still_of_a_video_is_not_its_black_beginning(tmp_path):
    black = ["-f", "lavfi", "-i", "color=black:duration=3:size=320x180:rate=10"]
    joined = [
        *black,
        "-filter_complex",
        "[1:v][0:v]concat=n=2:v=1",
        "-c:v",
        "libx264",
        "-g",
        "5",
        "-pix_fmt",
        "yuv420p",
    ]
    film(tmp_path / "a.mp4", *joined)
    found = look(tmp_path / "a.mp4")
    assert found.duration == pytest.approx(5.0, abs=0.15)
    assert ImageStat.Stat(opened(found).convert("L")).stddev[0] > 30


def test_a_video_with_an_overstated_duration_has_a_still(tmp_path):
    film(tmp_path / "a.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    header = data.index(b"mvhd") + 4
    struct.pack_into(">I", data, header + 16, 3_600_000)
    (tmp_path / "a.mp4").write_bytes(data)
    assert opened(look(tmp_path / "a.mp4")).size == (320, 180)


def gif(frames, delay=5):
    """Return a GIF of one-pixel frames, each with a delay in hundredths of a second."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"!\xf9\x04\x00" + struct.pack("<H", delay) + b"\x00\x00" + b"," + struct.pack("<4HB", 0, 0, 1, 1, 0)
    return head + (frame + b"\x02\x02\x4c\x01\x00") * frames + b";"


@pytest.mark.parametrize(("frames", "delay", "seconds"), [(1, 5, None), (40, 5, 2.0), (40, 0, 4.0)])
def test_a_gif_has_a_duration(tmp_path, frames, delay, seconds):
    (tmp_path / "a.gif").write_bytes(gif(frames, delay))
    found = look(tmp_path / "a.gif")
    assert found.duration == seconds
    assert found.poster


def test_a_gif_of_two_million_frames_is_read_quickly_with_a_note(tmp_path):
    (tmp_path / "a.gif").write_bytes(gif(2_000_000))
    begun = time.process_time()
    found = look(tmp_path / "a.gif")
    assert time.process_time() - begun < 2
    assert (found.kind, found.width, found.duration) == ("image", 1, None)
    assert "20,000 frames" in found.note


def test_a_tiff_of_a_hundred_thousand_pages_is_read_quickly(tmp_path):
    fields = [
        (256, 4, 1, 8),
        (257, 4, 1, 8),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (279, 4, 1, 64),
    ]
    size = 2 + 12 * len(fields) + 4
    pages = 100_000
    data = bytearray(b"II*\x00" + struct.pack("<I", 72) + bytes(range(64)))
    for page in range(pages):
        data += struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", *field) for field in fields)
        data += struct.pack("<I", 72 + (page + 1) * size if page + 1 < pages else 0)
    (tmp_path / "a.tiff").write_bytes(data)
    begun = time.process_time()
    found = look(tmp_path / "a.tiff")
    assert time.process_time() - begun < 2
    assert (found.width, found.height) == (8, 8)
    assert found.poster


def test_a_large_picture_in_any_mode_looks_the_same_when_reduced(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 3000), (2200, 1))
    alpha = np.dstack([np.full((2200, 3000, 3), 200, dtype=np.uint8), ramp.astype(np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "rgba.png")
    Image.fromarray((ramp * 257).astype(np.uint16)).save(tmp_path / "wide.png")
    Image.fromarray(ramp.astype(np.float32)).save(tmp_path / "float.tiff")
    for name, band in (("rgba.png", "A"), ("wide.png", "R"), ("float.tiff", "R")):
        poster = opened(look(tmp_path / name))
        values = poster.convert("RGBA").getchannel(band)
        assert poster.size == (512, 375)
        assert [abs(values.getpixel((x, y)) - x / 2) < 12 for x in (8, 250, 500) for y in (3, 200, 370)] == [True] * 9


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="120" height="80.4px"', (120, 80)),
        ("viewBox='0 0 300 150'", (300, 150)),
        ('viewBox="-1,-1,3 4" width="100%" height="100%"', (3, 4)),
        ('stroke-width="3" stroke-height="3"', (None, None)),
        ('width="0" height="10"', (None, None)),
        ('width="9999999" height="1"', (None, None)),
    ],
)
def test_an_svg_has_a_size_for_which_the_page_can_reserve_space(tmp_path, attributes, size):
    text = f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}><rect width="5" height="5"/></svg>'
    (tmp_path / "a.svg").write_text(text)
    found = look(tmp_path / "a.svg")
    assert (found.width, found.height) == size


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_a_compressed_tiff_looks_like_an_uncompressed_one(tmp_path, compression):
    picture = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (96, 1, 3)))
    posters = []
    for name in ("raw", compression):
        picture.save(tmp_path / f"{name}.tiff", compression=name)
        posters.append(np.asarray(opened(look(tmp_path / f"{name}.tiff")).convert("RGB")).astype(int))
    assert posters[0].shape == posters[1].shape
    assert np.abs(posters[0] - posters[1]).max() < 12


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_a_damaged_tiff_is_reported_and_nothing_is_printed(tmp_path, capfd, compression):
    """libtiff writes directly to the process's standard error, which must not be the kernel's."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / "a.tiff"
    Image.fromarray(noise).save(path, compression=compression)
    data = bytearray(path.read_bytes())
    data[40:80] = bytes(value ^ 0x5A for value in data[40:80])
    path.write_bytes(data)
    assert "damaged" in (look(path).note or "")
    assert capfd.readouterr() == ("", "")
