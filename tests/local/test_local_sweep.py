"""What sweeps and forms need from the local server: many small runs, scalars, deliberate failures, pages, uploads."""

from __future__ import annotations

import io
import itertools
import time

import httpx
import pytest
from PIL import Image

from cyberun_widget.local import LocalServer
from tests.local.calls import Api
from tests.waiting import until


@pytest.fixture(scope="module")
def server():
    with LocalServer.start() as running:  # at its normal speed: measures what users get
        yield running


@pytest.fixture
def api(server):
    with Api(server) as client:
        yield client


def ended(api: Api, made: list[str], seconds: float) -> dict[str, dict]:
    """Return the tasks by id, once all have ended: read as a group does, by pages of the list."""

    def all_ended() -> dict[str, dict] | None:
        tasks = {task["id"]: task for task in pages(api)}
        mine = {task_id: tasks[task_id] for task_id in made}
        return mine if all(task["completed_at"] for task in mine.values()) else None

    return until(all_ended, seconds, pause=0.2)


def pages(api: Api, size: int = 100, **query: str) -> list[dict]:
    """Return all tasks, page by page."""
    found: list[dict] = []
    for number in itertools.count(1):
        page = api.get("/r/tasks", params={"current_page": number, "per_page": size, **query}).json()
        found += page["task_list"]
        if len(found) >= page["page_meta"]["total_count"]:
            return found
    raise AssertionError


def test_a_grid_of_small_patterns_ends_in_a_minute_with_scalars_for_each_point(api):
    grid = list(
        itertools.product((0.026, 0.034, 0.042, 0.05, 0.058, 0.066), (0.055, 0.057, 0.059, 0.061, 0.063, 0.065))
    )
    begun = time.monotonic()
    made = [
        api.run("gray-scott", feed=feed, kill=kill, size=96, steps=2000, video=False, seed=3) for feed, kill in grid
    ]
    tasks = ended(api, made, 60)
    assert time.monotonic() - begun < 60
    assert len({task["agent_id"] for task in tasks.values()}) >= 2, "agents side by side"
    done = [task_id for task_id in made if tasks[task_id]["task_status"] == "completed"]
    assert len(done) >= 30
    outputs = [api.result(task_id)["task_output"] for task_id in done]
    assert all(0 < item["coverage"] <= 1 and item["structure_scale"] and item["mean"] for item in outputs)
    assert len({item["coverage"] for item in outputs}) > 20
    for task_id in set(made) - set(done):
        assert "died out" in tasks[task_id]["task_error"]


def test_chosen_points_fail_and_heal_when_they_are_run_again(api):
    def sweep() -> list[str]:
        return [api.run("flaky", point=point, fail_at="1,4", heals=True, seconds=0) for point in range(6)]

    first = sweep()
    tasks = ended(api, first, 30)
    assert [tasks[item]["task_status"] for item in first] == [
        "completed", "failed", "completed", "completed", "failed", "completed",
    ]  # fmt: skip
    assert "point 1 fails" in tasks[first[1]]["task_error"]
    assert api.result(first[4])["task_output"] is None
    again = sweep()
    assert {task["task_status"] for task in ended(api, again, 30).values()} == {"completed"}


def test_a_point_may_crash_its_worker_and_the_others_go_on(api):
    made = [api.run("flaky", point=point, fail_at="1", how="crash", seconds=0) for point in range(3)]
    tasks = ended(api, made, 30)
    assert [tasks[item]["task_status"] for item in made] == ["completed", "failed", "completed"]
    assert "worker process ended with exit code 70" in tasks[made[1]]["task_error"]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_pages_hold_each_task_once_and_the_filter_counts(api, size):
    whole = pages(api, size)
    assert len({task["id"] for task in whole}) == len(whole)
    failed = pages(api, size, status="failed")
    assert [task["id"] for task in failed] == [task["id"] for task in whole if task["task_status"] == "failed"]


def test_an_uploaded_picture_is_filtered(api):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (10, 120, 200)).save(buffer, "PNG")
    key = api.upload(buffer.getvalue(), "my photo.png")
    task_id = api.run("photo-filter", image=key, filter="posterise", tint="#ff8800", caption="hello", seed=4)
    api.wait(task_id)
    result = api.result(task_id)
    assert result["task_output"]["width"] == 64
    made = Image.open(io.BytesIO(httpx.get(result["download_urls"]["9.images.0"]).content))
    assert (made.format, made.width) == ("PNG", 64)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "image: required, but not given"),
        ({"image": "inputs/none/x.png"}, "image: must be the file_key"),
        ({"seed": 1.5}, "seed: must be a whole number"),
        ({"seed": -1}, "seed: -1 is below the minimum 0"),
        ({"tint": "red"}, "tint: must be a colour such as"),
        ({"strength": 1.01}, "strength: 1.01 is above the maximum 1"),
        ({"filter": "swirl"}, "filter: must be one of edges"),
        ({"caption": 3}, "caption: must be a text"),
    ],
)
def test_each_parameter_type_is_validated_with_a_message(api, parameters, words):
    answer = api.post("/r/workflows/slug/photo-filter/run", json={"parameters": parameters})
    assert answer.status_code == 422
    assert words in answer.json()["message"]
