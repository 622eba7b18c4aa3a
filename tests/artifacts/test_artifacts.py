"""The artifacts of a result, and what they can do in Python."""

from __future__ import annotations

import datetime as dt
import io
import json
import pickle
import string
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cyberun_widget.artifacts.export import save_all, sha256
from cyberun_widget.artifacts.manifest import sources
from cyberun_widget.artifacts.model import Artifact, Artifacts
from cyberun_widget.artifacts.result import TaskResult
from cyberun_widget.errors import CyberunError, NotFoundError
from cyberun_widget.support.secrets import Secret

URL = "https://store.example/bucket/outputs/t1/{}?X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-Signature=abc123"


def told(artifacts):
    return [(item.key, item.name, item.state) for item in artifacts]


def test_a_task_run_locally_gives_its_one_file():
    result = {
        "download_url": URL.format("ComfyUI_00001_.png"),
        "task_output": {"storage_key": "outputs/t1/ComfyUI_00001_.png", "image_count": 1},
        "expires_at": "2026-01-01T02:00:00Z",
    }
    (item,) = sources("t1", result)
    assert (item.name, item.kind, item.state) == ("ComfyUI_00001_.png", "image", "waiting")
    assert item.url_expires_at == dt.datetime(2026, 1, 1, 1, tzinfo=dt.UTC)


def test_a_task_run_in_the_cloud_gives_its_files_in_natural_order():
    urls = {f"9.images.{number}": URL.format(f"i_{number}.png") for number in (10, 2, 0)}
    urls["12.gifs.0"] = URL.format("clip.mp4")
    artifacts = sources("t1", {"download_urls": urls}, titles={"9": "Save Image"})
    assert [item.key for item in artifacts] == ["9.images.0", "9.images.2", "9.images.10", "12.gifs.0"]
    assert [item.group for item in artifacts] == ["Save Image · 9"] * 3 + ["Node 12"]


@pytest.mark.parametrize(
    "result",
    [
        {"download_urls": {URL.format("a.png"): URL.format("a.png")}},
        {"download_urls": {"0": {"url": URL.format("b"), "name": URL.format("a.png")}}},
        {"task_output": {URL.format("a.png"): {"storage_key": "out/a.png"}}},
    ],
)
def test_a_link_in_place_of_a_name_reveals_no_signature(result):
    (item,) = sources("t1", result)
    assert "abc123" not in repr(item)
    assert "abc123" not in json.dumps(item.to_json())


@pytest.mark.parametrize(
    ("key", "group"),
    [
        ("9.images.0", "Save Image · 9"),
        ("12:3.images.0", "Node 12:3"),
        ("splat", "Export"),
        ("export.splat", "Export"),
        ("camera_paths.0", "Camera paths"),
        ("0", "Output"),
        ("output", "Output"),
        ("_.x", "Output"),
    ],
)
def test_files_are_grouped_by_where_they_come_from(key, group):
    (item,) = sources("t1", {"download_urls": {key: URL.format("a.png")}}, titles={"9": "Save Image"})
    assert item.group == group


METADATA_SHAPES = {
    "flat": {"9.images.0": {"s3_key": "outputs/t1/0.png", "size": 7}},
    "nested": {"9": {"images": [{"s3_key": "outputs/t1/0.png", "size": 7}]}},
    "wrapped": {"outputs": {"9": {"images": [{"s3_key": "outputs/t1/0.png", "file_size": 7}]}}},
    "list": [{"key": "9.images.0", "s3_key": "outputs/t1/0.png", "size_bytes": 7}],
    "list in an object": {
        "files": [{"node_id": "9", "kind": "images", "index": 0, "storage_key": "outputs/t1/0.png", "size": 7}]
    },
    "by place alone": {"images": [{"s3_key": "outputs/t1/0.png", "size": 7}]},
    "by place as key": [{"key": "outputs/t1/0.png", "size": 7}],
}


@pytest.mark.parametrize("output", METADATA_SHAPES.values(), ids=METADATA_SHAPES)
@pytest.mark.parametrize("place", ["task_output", "event"])
def test_metadata_of_any_shape_joins_the_link_it_belongs_to(output, place):
    result = {"download_urls": {"9.images.0": URL.format("0.png")}}
    if place == "task_output":
        result["task_output"] = output
    (item,) = sources("t1", result, output if place == "event" else None)
    assert told([item]) == [("9.images.0", "0.png", "waiting")]
    assert item.size == 7


def test_links_inside_objects_and_lists_are_read():
    result = {
        "download_urls": {
            "9.images": [URL.format("a.png"), {"url": URL.format("b.png"), "filename": "named.png", "size": 5}],
            "export": {"splat": {"signed_url": URL.format("point_cloud.ply")}},
        }
    }
    assert told(sources("t1", result)) == [
        ("9.images.0", "a.png", "waiting"),
        ("9.images.1", "named.png", "waiting"),
        ("export.splat", "point_cloud.ply", "waiting"),
    ]


def test_one_object_linked_twice_is_one_artifact():
    result = {
        "download_url": URL.format("a.png").replace("abc123", "other"),
        "download_urls": {"9.images.0": URL.format("a.png")},
        "task_output": {"9": {"images": [{"s3_key": "outputs/t1/a.png"}]}, "storage_key": "outputs/t1"},
    }
    assert told(sources("t1", result, result["task_output"])) == [("9.images.0", "a.png", "waiting")]


def test_a_file_without_a_link_is_shown_as_failed_with_a_message():
    result = {
        "download_urls": {"9.images.0": URL.format("a.png")},
        "task_output": {"9": {"images": [{"s3_key": "outputs/t1/a.png"}, {"s3_key": "outputs/t1/b.png"}]}},
    }
    _, lost = sources("t1", result)
    assert (lost.key, lost.state) == ("9.images.1", "failed")
    assert "without a link" in lost.error


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "/relative", "http://", "http://[::1"]
)
def test_a_link_that_is_not_a_web_address_is_never_used(url):
    (item,) = sources("t1", {"download_url": url})
    assert item.state == "failed"
    assert item._url is None


def test_previews_and_plain_values_are_not_artifacts():
    output = {"psnr": 31.5, "9": {"images": [{"filename": "p.png", "subfolder": "", "type": "temp"}]}, "name": "run"}
    assert sources("t1", {"task_output": output}) == ()


@pytest.mark.parametrize("result", [None, {}, {"task_output": None, "download_url": None, "download_urls": None}])
def test_a_result_without_files_gives_none(result):
    assert sources("t1", result) == ()


def test_equal_names_are_made_distinct():
    urls = {f"{node}.images.0": URL.format(f"{node}/OUT.png") for node in (3, 4)} | {
        "5.images.0": URL.format("5/out.PNG")
    }
    assert [item.name for item in sources("t1", {"download_urls": urls})] == ["OUT.png", "OUT-2.png", "out-3.PNG"]


def test_the_download_name_in_a_link_is_used():
    url = (
        URL.format("0190-77")
        + "&response-content-disposition=attachment%3B%20filename%2A%3DUTF-8%27%27caf%25C3%25A9.png"
    )
    assert sources("t1", {"download_urls": {"9.images.0": url}})[0].name == "café.png"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["url", "s3_key", "key", "name", "size", "9", "images", "outputs", "filename", "type"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(urls=json_values, single=json_values, output=json_values, event=json_values)
def test_any_result_gives_valid_artifacts(urls, single, output, event):
    result = {"download_urls": urls, "download_url": single, "task_output": output, "expires_at": single}
    artifacts = sources("t1", result, event)
    keys, names = [item.key for item in artifacts], [item.name.casefold() for item in artifacts]
    assert len(set(keys)) == len(keys)
    assert len(set(names)) == len(names)
    for item in artifacts:
        assert (item.state == "failed") == (item._url is None) == (item.error is not None)
        assert not set(item.name) & set("/\\\x00")


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(string.ascii_letters + string.digits + "._", min_size=1, max_size=12), st.just(1), max_size=8
    )
)
def test_every_distinct_link_is_kept(keys):
    urls = {key: URL.format(f"{number}.bin") for number, key in enumerate(keys)}
    assert len(sources("t1", {"download_urls": urls})) == len(urls)


# --- in Python -------------------------------------------------------------------------------------------------------


def ready(path, kind="file", mime="application/octet-stream", **more):
    return Artifact(
        key=f"9.files.{path.name}",
        name=path.name,
        kind=kind,
        mime=mime,
        size=path.stat().st_size,
        state="ready",
        path=path,
        **more,
    )


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)).save(path)
    return ready(path, "image", "image/png", width=64, height=64)


def test_artifacts_are_found_by_place_key_name_and_kind(picture):
    other = Artifact(key="9.json.0", name="m.json", kind="json", state="offered", size=1_234_567)
    artifacts = Artifacts([picture, other])
    assert artifacts[1] is artifacts["9.json.0"] is artifacts["m.json"] is artifacts.first("json")
    assert list(artifacts.images) == [picture]
    assert artifacts[:1] == Artifacts([picture])
    assert artifacts.first("video") is None
    with pytest.raises(NotFoundError, match=r"9\.json\.0"):
        _ = artifacts["nope"]
    text = repr(artifacts)
    assert "1.2 MB" in text
    assert text.count("\n") == 2


def test_a_picture_keeps_its_depth_in_python(picture):
    assert picture.array().dtype == np.uint16 or picture.array().max() > 255
    assert picture.image().size == (64, 64)


def test_a_picture_shows_itself_in_a_cell(picture):
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png"}
    assert "deep.png" in bundle["text/plain"]


def test_markup_never_shows_itself_in_a_cell(tmp_path):
    path = tmp_path / "x.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    assert set(ready(path, "image", "image/svg+xml")._repr_mimebundle_()) == {"text/plain"}


def test_requesting_a_picture_that_does_not_exist_raises_an_error(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"psnr": 31.5}')
    item = ready(path, "json", "application/json")
    assert item.json() == {"psnr": 31.5}
    with pytest.raises(CyberunError, match="not a raster image"):
        item.image()
    with pytest.raises(CyberunError, match="not an array"):
        item.array()


def test_a_damaged_file_raises_a_readable_error(tmp_path):
    for name, mime, method in (
        ("a.png", "image/png", "image"),
        ("a.json", "application/json", "json"),
        ("a.npy", "application/x-npy", "array"),
    ):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\nbroken")
        with pytest.raises(CyberunError, match=name):
            getattr(ready(tmp_path / name, "image" if method == "image" else "json", mime), method)()


def test_a_missing_file_says_how_to_get_it_back(picture):
    picture.path.unlink()
    with pytest.raises(CyberunError, match=r"task\.fetch"):
        picture.bytes()


def test_tables_become_data_frames(tmp_path):
    frame = pd.DataFrame({"step": [1, 2], "loss": [0.5, 0.25]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    for name, mime in (("a.csv", "text/csv"), ("a.parquet", "application/vnd.apache.parquet")):
        pd.testing.assert_frame_equal(ready(tmp_path / name, "table", mime).dataframe(), frame)


def test_arrays_never_load_pickles(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"x": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(CyberunError, match="can't be read"):
        ready(tmp_path / "a.npy", "table", "application/x-npy").array()


@pytest.mark.parametrize(
    ("raw", "words"), [("héllo".encode(), "héllo"), ("héllo".encode("utf-16"), "héllo"), (b"h\xe9llo", "héllo")]
)
def test_text_is_decoded_whatever_its_encoding(tmp_path, raw, words):
    (tmp_path / "a.txt").write_bytes(raw)
    assert ready(tmp_path / "a.txt", "text", "text/plain").text() == words


def test_saving_never_overwrites_another_file(picture, tmp_path):
    target = tmp_path / "out"
    first = picture.save(f"{target}/")
    assert picture.save(target) == first
    first.write_bytes(b"another")
    assert picture.save(target).name == "deep-2.png"
    assert picture.save(target / "deeper" / "mine.png") == target / "deeper" / "mine.png"
    assert first.read_bytes() == b"another"


def test_saving_to_an_unwritable_folder_raises_an_error(picture, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CyberunError, match="another folder"):
        picture.save(tmp_path / "file" / "below")


def test_save_all_records_the_files_provenance(picture, tmp_path):
    lost = Artifact(key="9.images.1", name="b.png", state="failed", error="gone")
    facts = {
        "task_id": "t1",
        "workflow": "gray-scott",
        "parameters": {"seed": 7},
        "gpu_type": "RTX 4090",
        "note": URL.format("a"),
    }
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    paths = save_all([picture, lost], tmp_path / "out", facts, now=now)
    assert [path.name for path in paths] == ["deep.png"]
    text = (tmp_path / "out" / "task.json").read_text()
    document = json.loads(text)
    assert document["parameters"] == {"seed": 7}
    assert document["saved_at"] == "2026-01-01T00:00:00+00:00"
    assert document["files"][0]["sha256"] == sha256(picture.path)
    assert document["missing"] == [{"key": "9.images.1", "name": "b.png", "reason": "gone"}]
    assert "abc123" not in text
    assert save_all([picture], tmp_path / "out", facts, now=now) == paths
    assert save_all([picture], tmp_path / "out", {"task_id": "t2"}, now=now) == paths
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["deep.png", "task-2.json", "task.json"]


def test_an_artifact_named_like_the_sidecar_does_not_clash_with_it(tmp_path):
    (tmp_path / "task.json").write_text("{}")
    (path,) = save_all([ready(tmp_path / "task.json", "json", "application/json")], tmp_path / "out", {"task_id": "t1"})
    assert path.name == "task-2.json"
    assert json.loads((tmp_path / "out" / "task.json").read_text())["files"][0]["file"] == "task-2.json"


def test_values_are_sent_without_their_links(picture):
    item = Artifact(key="k", name="n", _url=Secret(URL.format("x")))
    again = pickle.loads(pickle.dumps(Artifacts([item, picture])))
    assert again[1] == picture
    assert not again[0]._url
    for text in (
        repr(item),
        str(item),
        str(item.to_json()),
        repr(TaskResult("completed", artifacts=Artifacts([item]))),
    ):
        assert "abc123" not in text


def test_the_page_gets_json_types_only(picture):
    for row in Artifacts([picture]).to_json():
        assert json.loads(json.dumps({**row, "poster": None}))["path"] == str(picture.path)
        names = "key name kind mime size group state received error width height duration poster poster_mime path"
        assert sorted(row) == sorted(names.split())


def test_poster_bytes_stay_out_of_reprs():
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "WEBP")
    assert "RIFF" not in repr(Artifact(key="k", name="n", poster=out.getvalue(), poster_mime="image/webp"))


STORED = "https://store.example/b/out/{0}/a.png"
THOUSANDS = {
    "links and metadata that never meet": (2_000, STORED, {"s3_key": "other/{0}/a.png"}),
    "links and metadata that all meet": (2_000, STORED, {"s3_key": "out/{0}/a.png"}),
    "metadata of names alone": (2_000, STORED, {"filename": "f{0}.png"}),
    "more than are listed": (8_000, STORED, {"s3_key": "out/{0}/a.png", "size": 1}),
    "one key for all": (2_000, "https://store.example/b/{0}", {"key": "k", "url": "https://store.example/c/{0}"}),
}


@pytest.mark.parametrize(("number", "url", "entry"), THOUSANDS.values(), ids=THOUSANDS)
def test_a_result_with_thousands_of_files_is_read_quickly(number, url, entry):
    def filled(value, index):
        return value.format(index) if isinstance(value, str) else value

    result = {
        "download_urls": {f"{index}.images.0": url.format(index) for index in range(number)},
        "task_output": [{name: filled(value, index) for name, value in entry.items()} for index in range(number)],
    }
    begun = time.process_time()
    artifacts = sources("t1", result)
    assert time.process_time() - begun < 2
    assert len(artifacts) >= min(number, 2_000)
    assert len({item.key for item in artifacts}) == len({item.name for item in artifacts}) == len(artifacts)


def test_files_beyond_the_limit_are_reported_as_left_out():
    result = {"download_urls": {f"{index}.images.0": URL.format(f"{index}.png") for index in range(2_600)}}
    artifacts = sources("t1", result)
    assert len(artifacts) == 2_001
    assert artifacts[-1].state == "failed"
    assert "600 more files" in artifacts[-1].error


def test_a_result_with_millions_of_values_is_read_partly():
    class Counted(list):
        looked_at = 0

        def __iter__(self):
            for item in super().__iter__():
                Counted.looked_at += 1
                yield item

    numbers = Counted(range(3_000_000))
    sources("t1", {"task_output": {"numbers": numbers, "9": {"images": [{"s3_key": "a.png"}]}}})
    assert 100_000 < Counted.looked_at < 1_000_000
