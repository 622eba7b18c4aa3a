"""Downloads over real HTTP, from a store that breaks connections, lies, refuses, and lets links expire."""

from __future__ import annotations

import asyncio
import errno
import gzip
import hashlib
import io
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from cyberun_widget.api.pool import close_pool
from cyberun_widget.api.settings import Settings
from cyberun_widget.api.transport import Http
from cyberun_widget.downloads import quota as _allowance
from cyberun_widget.downloads.cache import cache_folder, clear_cache
from cyberun_widget.downloads.cache_entry import Slot
from cyberun_widget.downloads.manager import Downloads
from cyberun_widget.errors import CyberunError, NetworkError, NotFoundError
from cyberun_widget.policy import FollowPolicy
from tests.servers.object_store import ObjectStore
from tests.waiting import until

KEY = "sk-test-0123456789abcdef"
QUICK = FollowPolicy(download_tries=4, backoff_initial=0.005, backoff_max=0.02)
ONCE = replace(QUICK, download_tries=1)


@pytest.fixture
def store():
    running = ObjectStore()
    yield running
    running.close()


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def png(width=64, height=48):
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, "PNG")
    return out.getvalue()


class Case:
    """One task's downloads, driven from a synchronous test."""

    def __init__(self, store, folder, paths, *, mode="all", task="task-1", sizes=None, policy=QUICK):
        self.store, self.folder, self.paths = store, folder, list(paths)
        self.mode, self.task, self.sizes, self.policy = mode, task, sizes or {}, policy
        self.refreshed, self.snapshots, self.refresh_error = 0, [], None
        self.on_refresh = lambda: None
        self.enough, self.on_enough = 1, lambda: None

    def result(self):
        return {
            "download_urls": {
                f"9.images.{index}": {"url": self.store.url(path), "size": self.sizes.get(path)}
                for index, path in enumerate(self.paths)
            }
        }

    async def refresh(self):
        self.refreshed += 1
        await asyncio.sleep(0.05)
        if self.refresh_error:
            raise self.refresh_error
        self.on_refresh()
        return self.result()

    def changed(self, items):
        self.snapshots.append((time.monotonic(), items))
        if items and items[0].received >= self.enough:
            self.on_enough()

    def downloads(self):
        http = Http(Settings.resolve(KEY, "http://127.0.0.1:9/api/v1", environ={}))
        return Downloads(
            self.task,
            http,
            refresh=self.refresh,
            folder=self.folder,
            mode=self.mode,
            on_change=self.changed,
            policy=self.policy,
        )

    def run(self, *, then=(), result=None):
        async def main():
            downloads = self.downloads()
            try:
                artifacts = await downloads.run(result or self.result())
                for key in then:
                    artifacts = [await downloads.fetch(key)]
                return artifacts
            finally:
                await downloads.close()
                await close_pool()

        return asyncio.run(main())


def everything_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_files_arrive_complete_and_no_partial_file_is_left(store, tmp_path):
    store.put("out/a.png", png())
    store.put("out/b.bin", noise(3_000_000))
    artifacts = Case(store, tmp_path / "new" / "folder", ["out/a.png", "out/b.bin"]).run()
    assert [item.state for item in artifacts] == ["ready", "ready"]
    assert artifacts[1].bytes() == noise(3_000_000)
    assert (artifacts[0].kind, artifacts[0].mime, artifacts[0].width, artifacts[0].height) == (
        "image",
        "image/png",
        64,
        48,
    )
    assert artifacts[0].poster
    assert artifacts[0].poster_mime == "image/webp"
    assert [name for name in everything_in(tmp_path) if name.endswith((".part", ".lock", ".new"))] == []


def test_a_broken_download_resumes_where_it_broke(store, tmp_path):
    data = noise(4_000_000)
    blob = store.put("a.bin", data, cut=[1_500_000, 1_000_000])
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data
    asked = store.asked("a.bin")
    assert [request.status for request in asked] == [200, 206, 206]
    assert asked[1].headers["range"] == "bytes=1500000-"
    assert asked[1].headers["if-range"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert sum(request.sent for request in asked) == len(data)
    assert not blob.cut


@pytest.mark.parametrize("piece", [77_777, 1_000_003])
def test_a_large_file_is_identical_for_any_chunk_size(store, tmp_path, piece):
    data = noise(12_000_000)
    store.put("a.bin", data, piece=piece, cut=[5_000_001, 6_999_998])
    store.put("b.bin", data, piece=piece)
    first, second = Case(store, tmp_path, ["a.bin", "b.bin"]).run()
    assert first.bytes() == second.bytes() == data
    assert [request.status for request in store.asked("a.bin")] == [200, 206, 206]


def test_a_download_resumes_after_its_process_was_killed(store, tmp_path):
    data = noise(6_000_000)
    blob = store.put("a.bin", data, piece=100_000, pause=0.02)
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from cyberun_widget.downloads.manager import Downloads\n"
        "from cyberun_widget.api.transport import Http\n"
        "from cyberun_widget.api.settings import Settings\n"
        "async def refresh(): return {}\n"
        "http = Http(Settings.resolve('sk-test-0123456789', 'http://127.0.0.1:9/api/v1', environ={}))\n"
        "d = Downloads('task-1', http, refresh=refresh, folder=Path(sys.argv[2]), mode='all', on_change=id)\n"
        "asyncio.run(d.run({'download_urls': {'9.images.0': sys.argv[1]}}))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, store.url("a.bin"), str(tmp_path)])
    until(lambda: any(path.stat().st_size >= 2_000_000 for path in tmp_path.glob("*.part")), state=child.poll)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = next(tmp_path.glob("*.part")).stat().st_size
    assert kept < len(data)
    blob.pause = 0.0
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data
    assert [request.headers.get("range") for request in store.asked("a.bin")] == [None, f"bytes={kept}-"]


def test_a_process_killed_before_the_renaming_needs_no_request(store, tmp_path):
    data = noise(100_000)
    store.put("a.bin", data)
    Case(store, tmp_path, ["a.bin"]).run()
    record_path = next((tmp_path / ".cyberun").glob("*.json"))
    record = json.loads(record_path.read_text())
    (tmp_path / "a.bin").rename(tmp_path / f"a.bin.{record_path.stem}.part")
    record_path.write_text(json.dumps({**record, "complete": False, "name": "", "placed": None}))
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data
    assert len(store.asked("a.bin")) == 1


def test_many_expired_links_cost_one_refresh(store, tmp_path):
    paths = [f"{index}.bin" for index in range(12)]
    for path in paths:
        store.put(path, noise(10_000))
    case = Case(store, tmp_path, paths)
    stale = case.result()
    store.token = "second"
    artifacts = case.run(result=stale)
    assert {item.state for item in artifacts} == {"ready"}
    assert case.refreshed == 1


def test_a_link_that_expires_in_the_middle_is_refreshed_and_the_file_resumed(store, tmp_path):
    data = noise(2_000_000)
    store.put("a.bin", data, cut=[700_000], statuses=[])
    case = Case(store, tmp_path, ["a.bin"])
    first = case.result()
    blob = store.blobs["/a.bin"]

    def expire():
        while blob.cut:
            time.sleep(0.005)
        store.token = "second"

    thread = threading.Thread(target=expire)
    thread.start()
    (item,) = case.run(result=first)
    thread.join()
    assert item.bytes() == data
    assert case.refreshed <= 1
    assert sum(request.sent for request in store.asked("a.bin")) == len(data)


def test_a_link_that_stays_refused_is_reported(store, tmp_path):
    store.put("a.bin", b"x", statuses=[403] * 20)
    case = Case(store, tmp_path, ["a.bin"])
    (item,) = case.run()
    assert item.state == "failed"
    assert "403" in item.error
    assert case.refreshed == 1
    assert len(store.asked("a.bin")) == 2


def test_an_unreachable_service_is_reported_when_the_link_has_expired(store, tmp_path):
    store.put("a.bin", b"x", statuses=[403] * 20)
    case = Case(store, tmp_path, ["a.bin"])
    case.refresh_error = NetworkError("core.example refuses the connection.")
    (item,) = case.run()
    assert item.state == "failed"
    assert "expired" in item.error
    assert "X-Amz" not in item.error


def test_a_truncated_file_is_reported_and_can_be_fetched_again(store, tmp_path):
    data = noise(500_000)
    blob = store.put("a.bin", data, length=800_000, ranges=False)
    case = Case(store, tmp_path, ["a.bin"])
    (item,) = case.run()
    assert item.state == "failed"
    assert "500 kB of 800 kB" in item.error
    assert len(store.asked("a.bin")) == 4
    blob.length = None
    (item,) = case.run(then=["9.images.0"])
    assert item.state == "ready"
    assert item.bytes() == data


def test_a_file_with_another_size_than_announced_is_reported(store, tmp_path):
    store.put("a.bin", noise(5_000))
    (item,) = Case(store, tmp_path, ["a.bin"], sizes={"a.bin": 9_000}).run()
    assert item.state == "ready"
    assert "9,000" in item.error
    assert "5,000" in item.error


def test_a_part_that_is_too_long_is_started_over(store, tmp_path):
    data = noise(400_000)
    store.put("a.bin", data, cut=[200_000])
    Case(store, tmp_path, ["a.bin"], policy=ONCE).run()
    (part,) = tmp_path.glob("*.part")
    part.write_bytes(noise(500_000, seed=7))
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data
    assert [request.status for request in store.asked("a.bin")] == [200, 416, 200]


def test_a_part_with_a_wrong_offset_is_not_appended(store, tmp_path):
    data = noise(400_000)
    blob = store.put("a.bin", data, cut=[200_000], wrong_offset=1_000)
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data
    assert [request.status for request in store.asked("a.bin")] == [200, 206, 200]
    assert not blob.cut


def test_a_part_that_starts_earlier_is_written_from_there(store, tmp_path):
    data = noise(400_000)
    store.put("a.bin", data, cut=[200_000], wrong_offset=-1_000)
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data


def test_a_store_without_ranges_starts_over_and_completes(store, tmp_path):
    data = noise(900_000)
    store.put("a.bin", data, cut=[300_000, 600_000], ranges=False)
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data
    assert [request.status for request in store.asked("a.bin")] == [200, 200, 200]


def test_a_file_that_changed_in_between_is_fetched_completely(store, tmp_path):
    old, new = noise(900_000), noise(900_000, seed=2)
    blob = store.put("a.bin", old, cut=[300_000])
    Case(store, tmp_path, ["a.bin"], policy=ONCE).run()
    blob.data = new
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == new
    assert store.asked("a.bin")[1].status == 200


def test_without_an_etag_a_file_is_resumed_by_its_length(store, tmp_path):
    data = noise(900_000)
    store.put("a.bin", data, cut=[300_000], etag=None)
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data
    assert [request.status for request in store.asked("a.bin")] == [200, 206]
    assert "if-range" not in store.asked("a.bin")[1].headers


def test_a_chunked_file_without_length_arrives_and_a_broken_one_starts_over(store, tmp_path):
    data = noise(700_000)
    store.put("a.bin", data, sized=False, cut=[300_000])
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == data
    assert "range" not in store.asked("a.bin")[1].headers


def test_a_gzipped_answer_is_unpacked(store, tmp_path):
    text = json.dumps({"psnr": [31.5] * 5_000}).encode()
    store.put("metrics.json", text, gzipped=True, mime="application/json", cut=[60])
    (item,) = Case(store, tmp_path, ["metrics.json"]).run()
    assert item.bytes() == text
    assert item.kind == "json"
    assert "identity" in store.asked("metrics.json")[0].headers["accept-encoding"]


def test_a_gzip_file_stays_compressed(store, tmp_path):
    packed = gzip.compress(noise(10_000))
    store.put("a.gz", packed, mime="application/gzip")
    (item,) = Case(store, tmp_path, ["a.gz"]).run()
    assert item.bytes() == packed


def test_a_redirect_to_another_host_is_followed_without_the_key(store, tmp_path):
    other = ObjectStore("127.0.0.2")
    other.put("real.png", png())
    store.put("a.png", b"", redirect=other.url("real.png"))
    (item,) = Case(store, tmp_path, ["a.png"]).run()
    other.close()
    assert item.kind == "image"
    requests = [*store.requests, *other.requests]
    assert len(requests) == 2
    for request in requests:
        assert "authorization" not in request.headers
        assert KEY not in str(request.headers)


def test_a_busy_store_is_retried_and_a_missing_file_is_not(store, tmp_path):
    store.put("a.bin", b"hello", statuses=[503, 429])
    artifacts = Case(store, tmp_path, ["a.bin", "gone.bin"]).run()
    assert [item.state for item in artifacts] == ["ready", "failed"]
    assert "404" in artifacts[1].error
    assert "7 days" in artifacts[1].error
    assert len(store.asked("gone.bin")) == 1


def test_a_store_that_is_down_is_reported(tmp_path):
    gone = ObjectStore()
    gone.close()
    case = Case(gone, tmp_path, ["a.bin"])
    (item,) = case.run()
    assert item.state == "failed"
    assert "The object store refused the connection" in item.error


def test_content_that_does_not_match_the_name_is_reported(store, tmp_path):
    store.put("a.png", b"<!doctype html><script>alert(1)</script>", mime="image/png")
    store.put("b", b"plain words here\n", mime="image/png")
    first, second = Case(store, tmp_path, ["a.png", "b"]).run()
    assert (first.state, first.kind, first.mime) == ("ready", "text", "text/plain")
    assert "Named .png" in first.error
    assert (second.kind, second.path.suffix) == ("text", ".txt")
    assert "image/png" in second.error


def test_a_name_without_suffix_gets_the_one_of_its_content(store, tmp_path):
    store.put("outputs/0190", png())
    (item,) = Case(store, tmp_path, ["outputs/0190"]).run()
    assert item.name == item.path.name == "9.images.0.png"


def test_a_file_name_from_the_store_is_sanitised(store, tmp_path):
    store.put("outputs/0190", png(), disposition='attachment; filename="../../../evil.png"')
    (item,) = Case(store, tmp_path, ["outputs/0190"]).run()
    assert item.path == tmp_path / "evil.png"
    assert item.name == "evil.png"
    assert [name for name in everything_in(tmp_path) if not name.startswith(".cyberun/")] == ["evil.png"]


def test_four_files_at_a_time(store, tmp_path):
    gate = threading.Event()
    paths = [f"{index}.bin" for index in range(9)]
    for path in paths:
        store.put(path, noise(20_000), gate=gate)
    threading.Timer(0.5, gate.set).start()
    artifacts = Case(store, tmp_path, paths).run()
    assert {item.state for item in artifacts} == {"ready"}
    assert store.most_at_once == 4


def test_progress_is_published_at_most_ten_times_a_second_and_at_the_end(store, tmp_path):
    store.put("a.bin", noise(3_000_000), piece=30_000, pause=0.005)
    store.put("b.bin", noise(3_000_000), piece=30_000, pause=0.005)
    case = Case(store, tmp_path, ["a.bin", "b.bin"])
    final = case.run()
    moments = [moment for moment, _ in case.snapshots]
    span = moments[-1] - moments[0]
    assert 3 <= len(moments) <= span * 10 + 4
    assert case.snapshots[-1][1] == final
    seen = [items[0].received for _, items in case.snapshots if items[0].state == "downloading"]
    assert seen == sorted(seen)
    assert len(set(seen)) > 1


def test_a_second_run_needs_no_request(store, tmp_path):
    store.put("a.png", png())
    Case(store, tmp_path, ["a.png"]).run()
    before = len(store.requests)
    case = Case(store, tmp_path, ["a.png"], mode="none")
    (item,) = case.run()
    assert item.state == "ready"
    assert item.poster
    assert (len(store.requests), case.refreshed) == (before, 0)


def test_a_file_that_was_changed_is_fetched_again_and_the_changed_one_kept(store, tmp_path):
    store.put("a.txt", b"the original words\n")
    Case(store, tmp_path, ["a.txt"]).run()
    (tmp_path / "a.txt").write_bytes(b"edited by hand")
    (item,) = Case(store, tmp_path, ["a.txt"]).run()
    assert item.bytes() == b"the original words\n"
    assert (tmp_path / "a.txt").read_bytes() == b"edited by hand"
    assert item.path.name == "a-2.txt"


def test_a_users_own_file_of_that_name_is_not_touched(store, tmp_path):
    (tmp_path / "A.PNG").write_bytes(b"mine")
    store.put("a.png", png())
    (item,) = Case(store, tmp_path, ["a.png"]).run()
    assert (tmp_path / "A.PNG").read_bytes() == b"mine"
    assert item.path.name == "a-2.png"


def test_two_tasks_share_a_folder_without_mixing(store, tmp_path):
    store.put("one/a.bin", noise(50_000, 1))
    store.put("two/a.bin", noise(50_000, 2))
    (first,) = Case(store, tmp_path, ["one/a.bin"], task="task-1").run()
    (second,) = Case(store, tmp_path, ["two/a.bin"], task="task-2").run()
    assert first.bytes() == noise(50_000, 1)
    assert second.bytes() == noise(50_000, 2)
    (again,) = Case(store, tmp_path, ["one/a.bin"], task="task-1").run()
    assert again.bytes() == noise(50_000, 1)


def test_two_widgets_on_one_task_fetch_it_once_and_both_have_it(store, tmp_path):
    data = noise(1_500_000)
    store.put("a.bin", data, piece=50_000, pause=0.01)
    cases = [Case(store, tmp_path, ["a.bin"]) for _ in range(2)]
    ends = {}
    threads = [threading.Thread(target=lambda n=n, c=c: ends.update({n: c.run()})) for n, c in enumerate(cases)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ends[number][0].bytes() == data for number in (0, 1)] == [True, True]
    assert len(store.asked("a.bin")) == 1


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(_allowance, "EACH", 3_000_000)
    monkeypatch.setattr(_allowance, "TASK", 7_000_000)


@pytest.mark.usefixtures("small_limits")
def test_auto_offers_what_is_too_large_and_counts_the_sum(store, tmp_path):
    for name, size in (("a", 4_000_000), ("b", 2_900_000), ("c", 2_900_000), ("d", 2_000_000), ("e", 1_000_000)):
        store.put(f"{name}.bin", noise(size))
    artifacts = Case(store, tmp_path, [f"{name}.bin" for name in "abcde"], mode="auto").run(then=())
    states = {item.name: item.state for item in artifacts}
    assert states["a.bin"] == "offered"
    ready = sum(item.size for item in artifacts if item.state == "ready")
    assert 5_000_000 < ready <= 7_000_000
    assert {states[name] for name in ("b.bin", "c.bin", "d.bin", "e.bin")} == {"ready", "offered"}
    assert artifacts["a.bin"].size == 4_000_000


@pytest.mark.usefixtures("small_limits")
def test_auto_sends_no_request_if_the_result_contains_the_size(store, tmp_path):
    store.put("a.bin", noise(4_000_000))
    (item,) = Case(store, tmp_path, ["a.bin"], mode="auto", sizes={"a.bin": 4_000_000}).run()
    assert item.state == "offered"
    assert store.requests == []


@pytest.mark.usefixtures("small_limits")
def test_a_file_of_unknown_size_is_stopped_at_the_limit_and_can_be_fetched(store, tmp_path):
    data = noise(20_000_000)
    store.put("a.bin", data, sized=False)
    case = Case(store, tmp_path, ["a.bin"], mode="auto")
    (item,) = case.run()
    assert item.state == "offered"
    assert store.asked("a.bin")[0].sent < len(data)
    (item,) = case.run(then=["9.images.0"])
    assert item.bytes() == data


def test_none_fetches_nothing_until_requested(store, tmp_path):
    store.put("a.bin", b"hello there")
    case = Case(store, tmp_path, ["a.bin"], mode="none")
    (item,) = case.run()
    assert item.state == "offered"
    assert store.requests == []
    with pytest.raises(CyberunError, match=r"task\.fetch\('9\.images\.0'\)"):
        item.bytes()
    with pytest.raises(CyberunError, match='download="all"'):
        item.save(tmp_path)
    (item,) = case.run(then=["9.images.0"])
    assert item.bytes() == b"hello there"


def test_fetching_an_unknown_file_raises_an_error(store, tmp_path):
    with pytest.raises(NotFoundError, match="nothing"):
        Case(store, tmp_path, []).run(then=["nothing"])


def test_an_unwritable_folder_fails_with_a_message(store, tmp_path):
    store.put("a.bin", b"hello")
    (tmp_path / "file").write_text("in the way")
    (item,) = Case(store, tmp_path / "file", ["a.bin"]).run()
    assert item.state == "failed"
    assert "download_dir" in item.error


def test_a_full_disk_fails_one_file_with_a_message_and_the_others_continue(store, tmp_path, monkeypatch):
    store.put("a.bin", noise(50_000))
    store.put("b.bin", noise(60_000))
    case = Case(store, tmp_path, ["a.bin", "b.bin"])
    real = os.open

    def full_for_a(path, *args, **kwargs):
        full = str(path).endswith(".part") and Path(path).name.startswith("a.bin")
        return real("/dev/full", os.O_WRONLY) if full else real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", full_for_a)
    monkeypatch.setattr(os, "ftruncate", lambda *_: None)
    first, second = case.run()
    assert first.state == "failed"
    assert "No space left" in first.error
    assert second.bytes() == noise(60_000)


def test_symbolic_links_planted_in_the_folder_are_not_followed(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("untouched")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.bin").symlink_to(outside / "precious")
    store.put("a.bin", noise(50_000))
    case = Case(store, folder, ["a.bin"])
    (item,) = case.run()
    assert item.bytes() == noise(50_000)
    assert (outside / "precious").read_text() == "untouched"
    part = folder / f"b.bin.{'0' * 12}.part"
    part.symlink_to(outside / "precious")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".cyberun").symlink_to(outside)
    (item,) = Case(store, tmp_path / "other", ["a.bin"]).run()
    assert item.state == "failed"
    assert sorted(path.name for path in outside.iterdir()) == ["precious"]


def test_a_signature_is_never_shown(store, tmp_path, caplog):
    caplog.set_level("DEBUG")
    store.token = "s3cr3tsignature"
    store.put("a.png", png(), cut=[100])
    artifacts = Case(store, tmp_path, ["a.png", "gone.png"]).run()
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    shown = [repr(artifacts), str(artifacts[1]), caplog.text, str(artifacts.to_json()), str(pickle.dumps(artifacts))]
    assert not [text for text in shown if "s3cr3tsignature" in text]
    assert b"s3cr3tsignature" not in files


def test_clearing_the_cache_deletes_only_downloaded_files(store, tmp_path):
    store.put("a.png", png())
    store.put("b.bin", noise(400_000), cut=[200_000] * 9, ranges=False)
    Case(store, tmp_path / "task-1", ["a.png", "b.bin"]).run()
    (tmp_path / "task-1" / "notes.txt").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.png").write_bytes(b"mine")
    freed = clear_cache(tmp_path)
    assert freed == len(png()) + 200_000
    assert everything_in(tmp_path) == ["elsewhere/a.png", "task-1/notes.txt"]


def test_a_cancelled_download_keeps_its_part_and_releases_the_lock(store, tmp_path):
    data = noise(3_000_000)
    blob = store.put("a.bin", data, piece=50_000, pause=0.02)
    case = Case(store, tmp_path, ["a.bin"])

    async def main():
        enough = asyncio.Event()
        case.enough, case.on_enough = 1_000_000, enough.set
        downloads = case.downloads()
        task = asyncio.create_task(downloads.run(case.result()))
        await enough.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await close_pool()

    asyncio.run(main())
    blob.pause = 0.0
    (item,) = case.run()
    assert item.bytes() == data
    assert store.asked("a.bin")[1].status == 206


def test_the_posters_of_many_pictures_stay_small_together(store, tmp_path):
    for index in range(24):
        out = io.BytesIO()
        Image.effect_noise((256, 256), 90).save(out, "PNG")
        store.put(f"{index}.png", out.getvalue())
    artifacts = Case(store, tmp_path, [f"{index}.png" for index in range(24)]).run()
    sizes = [len(item.poster) for item in artifacts]
    assert all(0 < size <= 40_000 for size in sizes)
    assert sum(sizes) <= 600_000


def test_nodes_get_their_names_when_the_workflow_is_known(store, tmp_path):
    store.put("a.bin", b"hello")
    case = Case(store, tmp_path, ["a.bin"])

    async def main():
        downloads = case.downloads()
        await downloads.run(case.result())
        downloads.entitle({"9": "Save Image"})
        await close_pool()
        return downloads.artifacts[0].group

    assert asyncio.run(main()) == "Save Image · 9"


def test_a_still_from_the_page_becomes_the_poster_of_a_model(store, tmp_path):
    store.put("a.glb", b"glTF\x02\x00\x00\x00" + bytes(12))
    store.put("b.png", png())
    case = Case(store, tmp_path, ["a.glb", "b.png"])

    async def main():
        downloads = case.downloads()
        before = (await downloads.run(case.result()))[1].poster
        for key in ("9.images.0", "9.images.1", "unknown"):
            await downloads.set_poster(key, png(900, 300))
        await downloads.set_poster("9.images.0", b"<svg onload=alert(1)>")
        await close_pool()
        return downloads.artifacts, before

    artifacts, before = asyncio.run(main())
    assert Image.open(io.BytesIO(artifacts[0].poster)).size == (512, 171)
    assert artifacts[1].poster == before


def test_a_gigabyte_takes_little_memory():
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.bench.download", "--size", "1000000000", "--only", "ours"]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, timeout=240)
    assert json.loads(done.stdout)["extra"] < 64 * 1024 * 1024


def test_files_are_fetched_on_another_loop_after_the_first_one_has_ended(store, tmp_path):
    names = [f"{number}.png" for number in range(8)]
    for name in names:
        store.put(name, png())
    case = Case(store, tmp_path, names, mode="none")
    downloads = case.downloads()

    async def look():
        await downloads.run(case.result())

    async def fetch(keys):
        try:
            return await asyncio.gather(*map(downloads.fetch, keys))
        finally:
            await close_pool()

    asyncio.run(look())
    keys = downloads.artifacts.keys()
    assert {item.state for item in asyncio.run(fetch(keys[:4]))} == {"ready"}
    assert {item.state for item in asyncio.run(fetch(keys[4:]))} == {"ready"}


def test_a_stall_is_detected_within_seconds_and_the_other_files_go_first(store, tmp_path):
    never = threading.Event()
    for name in "abcd":
        store.put(f"{name}.bin", noise(50_000), gate=never)
    store.put("e.bin", noise(50_000))
    policy = replace(QUICK, download_idle_timeout=0.3, download_tries=2)
    case = Case(store, tmp_path, [f"{name}.bin" for name in "abcde"], policy=policy)
    begun = time.monotonic()
    artifacts = case.run()
    never.set()
    assert time.monotonic() - begun < 5
    assert [item.state for item in artifacts] == ["failed"] * 4 + ["ready"]
    assert "stopped responding" in artifacts[0].error
    early = next(items for _, items in case.snapshots if items and items[4].state == "ready")
    assert not [item for item in early[:4] if item.state == "failed"]
    assert any("Retrying (2 of 2)" in (items[0].error or "") for _, items in case.snapshots)


def test_a_file_that_is_always_cut_off_fails_after_a_few_tries(store, tmp_path):
    data = noise(1_000_000)
    store.put("a.bin", data, cut=[40_000] * 30)
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.state == "failed"
    assert "of 1 MB; try again to resume" in item.error
    assert len(store.asked("a.bin")) == QUICK.download_tries


def test_a_slow_file_fails_at_its_timeout(store, tmp_path):
    store.put("a.bin", noise(100_000), piece=1_000, pause=0.05)
    begun = time.monotonic()
    (item,) = Case(store, tmp_path, ["a.bin"], policy=replace(QUICK, download_timeout=0.5)).run()
    assert time.monotonic() - begun < 3
    assert item.state == "failed"
    assert "0.5 s" in item.error


def forge(folder, *, task, key, **facts):
    """Write a record as another user could in a shared folder. Return its path."""
    slot = Slot(folder, task, key, "")
    (folder / ".cyberun").mkdir(exist_ok=True)
    path = folder / ".cyberun" / f"{slot.id}.json"
    path.write_text(json.dumps({"task_id": task, "key": key, "complete": True, **facts}))
    return path


def test_a_forged_record_deletes_no_file(store, tmp_path):
    (tmp_path / "thesis.txt").write_bytes(b"five years of work")
    forge(tmp_path, task="task-1", key="9.images.0", name="thesis.txt", placed=18, size=18)
    store.put("a.bin", noise(18))
    case = Case(store, tmp_path, ["a.bin"])

    async def fetch_again():
        downloads = case.downloads()
        await downloads.run(case.result())
        downloads._set("9.images.0", error="Fetch it again.")
        item = await downloads.fetch("9.images.0")
        await close_pool()
        return item

    assert asyncio.run(fetch_again()).bytes() == noise(18)
    assert (tmp_path / "thesis.txt").read_bytes() == b"five years of work"
    forge(tmp_path, task="task-1", key="9.images.0", name="thesis.txt", placed=18, size=18, seal="0" * 64)
    assert clear_cache(tmp_path) == 0
    assert (tmp_path / "thesis.txt").read_bytes() == b"five years of work"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have names on POSIX only")
@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_a_record_does_not_block(store, tmp_path):
    path = forge(tmp_path, task="task-1", key="9.images.0")
    path.unlink()
    os.mkfifo(path)
    store.put("a.bin", b"hello")
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == b"hello"
    os.mkfifo(tmp_path / ".cyberun" / f"{'0' * 12}.json")
    assert clear_cache(tmp_path) == 5


def test_a_file_linked_in_place_of_a_part_is_not_written_to(store, tmp_path):
    (tmp_path / "precious").write_text("untouched")
    part = Slot(tmp_path, "task-1", "9.images.0", "a.bin").part
    os.link(tmp_path / "precious", part)
    store.put("a.bin", noise(50_000))
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == noise(50_000)
    assert (tmp_path / "precious").read_text() == "untouched"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_the_cache_is_private_and_a_chosen_folder_keeps_its_permissions(store, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache" / "cyberun-widget").mkdir(parents=True, mode=0o755)
    before = os.umask(0o022)
    try:
        store.put("a.bin", noise(5_000))
        store.put("b.bin", noise(5_000), cut=[2_000] * 9, ranges=False)
        Case(store, cache_folder("task-1"), ["a.bin", "b.bin"]).run()
        Case(store, tmp_path / "chosen", ["a.bin"]).run()
    finally:
        os.umask(before)
    cache = tmp_path / "cache" / "cyberun-widget"
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (cache, *cache.rglob("*"))}
    assert modes == {(True, 0o700), (False, 0o600)}
    assert (tmp_path / "chosen" / "a.bin").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.name == "nt", reason="flock is of POSIX")
def test_a_file_system_without_locks_still_gets_its_files(store, tmp_path, monkeypatch):
    def unsupported(*_args):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unsupported)
    store.put("a.bin", noise(50_000))
    (item,) = Case(store, tmp_path, ["a.bin"]).run()
    assert item.bytes() == noise(50_000)
    assert not list(tmp_path.glob("*.part"))
