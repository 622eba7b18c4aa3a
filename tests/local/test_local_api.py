"""The local server implements the API page, line by line, over real HTTP."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
import uuid

import httpx
import pytest

from cyberun_widget.local import LocalServer
from tests.local.calls import Api
from tests.waiting import until

PARAMETERS = {
    "fast": {"kinds": "txt,png", "seconds": 0},
    "slow": {"kinds": "txt", "seconds": 60},
}


@pytest.fixture(scope="module")
def server():
    with LocalServer.start(speed=20, heartbeat=0.3, slots=2) as running:
        yield running


@pytest.fixture
def api(server):
    with Api(server) as client:
        yield client


# --- who gets in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("integration key", 200, ""),
        ("integration key, foreign team", 200, ""),
        ("device key", 200, ""),
        ("user token with its team", 200, ""),
        ("user token without team", 400, "X-Team-ID"),
        ("user token with another team", 403, "team"),
        ("agent key", 403, "agent key"),
        ("wrong key", 401, "not known"),
        ("forged user token", 401, "not known"),
        ("no key", 401, "No key"),
        ("basic auth", 401, "No key"),
    ],
)
def test_each_kind_of_token_is_answered_as_the_api_says(server, name, status, words):
    known = server.credentials
    other = str(uuid.uuid4())
    headers = {
        "integration key": {"Authorization": f"Bearer {known.integration_key}"},
        "integration key, foreign team": {"Authorization": f"Bearer {known.integration_key}", "X-Team-ID": other},
        "device key": {"Authorization": f"bearer {known.device_key}"},
        "user token with its team": {"Authorization": f"Bearer {known.user_token}", "X-Team-ID": known.team_id},
        "user token without team": {"Authorization": f"Bearer {known.user_token}"},
        "user token with another team": {"Authorization": f"Bearer {known.user_token}", "X-Team-ID": other},
        "agent key": {"Authorization": "Bearer ak-123456"},
        "wrong key": {"Authorization": "Bearer sk-wrong"},
        "forged user token": {"Authorization": f"Bearer {known.user_token[:-4]}AAAA", "X-Team-ID": known.team_id},
        "no key": {},
        "basic auth": {"Authorization": "Basic c2stMTIz"},
    }[name]
    answer = httpx.get(f"{server.base_url}/r/tasks", headers=headers)
    assert answer.status_code == status
    if words:
        assert words in answer.json()["message"]


def test_the_key_is_neither_in_the_repr_nor_in_the_command_line(server):
    assert server.api_key not in repr(server)
    assert server.api_key not in repr(server.credentials)
    assert server.api_key not in " ".join(server.process.args)


# --- workflows -----------------------------------------------------------------------------------------------------


def test_workflows_are_listed_in_pages(api):
    whole = api.get("/r/workflows").json()
    assert {"gray-scott", "tiny-splat", "echo-files"} <= {item["workflow_slug"] for item in whole["workflow_list"]}
    second = api.get("/r/workflows", params={"current_page": 2, "per_page": 1}).json()
    assert second["page_meta"] == {"current_page": 2, "per_page": 1, "total_count": len(whole["workflow_list"])}
    assert second["workflow_list"] == whole["workflow_list"][1:2]


@pytest.mark.parametrize("query", [{"per_page": 101}, {"per_page": 0}, {"current_page": 0}, {"current_page": "x"}])
def test_a_page_out_of_bounds_is_refused(api, query):
    assert api.get("/r/tasks", params=query).status_code == 422


def test_a_workflow_is_found_by_id_by_slug_and_by_pinned_version(api):
    newest = api.get("/r/workflows/slug/gray-scott").json()
    assert newest["version"] == 2
    assert api.get(f"/r/workflows/{newest['id']}").json() == newest
    assert api.get("/r/workflows/slug/gray-scott@2").json() == newest
    first = api.get("/r/workflows/slug/gray-scott@1").json()
    assert first["version"] == 1
    assert "batch" not in [item["key"] for item in first["parameters"]]
    for missing in ("slug/gray-scott@3", "slug/nothing", str(uuid.uuid4())):
        assert api.get(f"/r/workflows/{missing}").status_code == 404


def test_workflows_say_what_they_are_and_name_their_nodes(api):
    comfy, nerf = (api.get(f"/r/workflows/slug/{slug}").json() for slug in ("gray-scott", "tiny-splat"))
    assert comfy["tool_type"] == "comfyui"
    assert "not ComfyUI" in comfy["description"]
    assert comfy["workflow_json"]["9"]["class_type"] == "SaveImage"
    assert comfy["workflow_json"]["9"]["_meta"]["title"] == "Save Image"
    assert nerf["tool_type"] == "nerfstudio"
    assert "not Nerfstudio" in nerf["description"]
    assert nerf["workflow_json"] is None
    by_key = {item["key"]: item for item in comfy["parameters"] + nerf["parameters"]}
    assert by_key["steps"] | {"node_id": "5", "field": "steps", "min": 10} == by_key["steps"]
    assert by_key["iterations"]["target_path"] == "train.max_num_iterations"
    assert "ember" in by_key["colormap"]["options"]
    assert uuid.UUID(comfy["id"]).version == 7


# --- running -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"steps": 1}, "steps: 1 is below the minimum 10"),
        ({"steps": 1e9}, "above the maximum"),
        ({"steps": 20.5}, "whole number"),
        ({"steps": "20"}, "steps: must be a number"),
        ({"steps": True}, "steps: must be a number"),
        ({"video": 1}, "video: must be true or false"),
        ({"colormap": "mud"}, "colormap: must be one of reef"),
        ({"stepz": 20}, "stepz: unknown parameter"),
        ([1], "must be an object"),
    ],
)
def test_invalid_parameters_are_reported_one_by_one(api, parameters, words):
    answer = api.post("/r/workflows/slug/gray-scott/run", json={"parameters": parameters})
    assert answer.status_code == 422
    assert words in answer.json()["message"]


def test_all_problems_are_reported_at_once(api):
    answer = api.post("/r/workflows/slug/gray-scott/run", json={"parameters": {"steps": 1, "size": "x"}}).json()
    assert [item["key"] for item in answer["details"]] == ["steps", "size"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused_as_json(api, body):
    answer = api.post("/r/workflows/slug/gray-scott/run", content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["message"]


def test_a_workflow_runs_by_id_as_well(api):
    number = api.get("/r/workflows/slug/echo-files").json()["id"]
    body = {"parameters": PARAMETERS["fast"], "dispatch_target": "agent", "target_pool": "team", "tool_type": "comfyui"}
    answer = api.post(f"/r/workflows/{number}/run", json=body)
    assert answer.status_code == 202
    assert api.wait(answer.json()["task_id"])["workflow_id"] == number


def test_a_task_passes_through_its_states_and_its_stream_closes_with_the_verdict(api):
    # It can't start before the stream is open: other tasks occupy both agents until then.
    others = [api.run(**PARAMETERS["slow"]) for _ in range(2)]
    for other in others:
        api.wait(other, "running")
    task_id = api.run(**{**PARAMETERS["fast"], "seconds": 0.5})
    assert uuid.UUID(task_id).version == 7
    events = []
    for item in api.each_event(task_id):
        while others:
            api.cancel(others.pop())
        if item[0]:
            events.append(item)
    assert events[0][0] == "status", events
    order = ["pending", "provisioning", "queued", "running"]
    seen = [data["status"] for name, data in events if name == "status"]
    assert seen == sorted(set(seen), key=order.index)
    assert seen[-1] == "running"
    progress = [data for name, data in events if name == "progress"]
    assert len(progress) >= 3
    assert [item["progress"] for item in progress] == sorted(item["progress"] for item in progress)
    assert {item["current_node"] for item in progress} == {"2", "4"}
    assert all(item["task_id"] == task_id and item["timestamp"].endswith("Z") for item in progress)
    name, verdict = events[-1]
    assert name == "completed", events
    assert verdict["status"] == "completed"
    assert set(verdict["output"]["outputs"]) == {"4.files.0", "4.images.0"}


def test_a_task_tells_its_facts(api):
    task = api.wait(api.run(**PARAMETERS["fast"]))
    assert task["gpu_type"] == "CPU (local)"
    assert task["agent_labels"] == ["local", "cpu"]
    assert task["tool_type"] == "comfyui"
    assert task["retry_count"] == 0
    times = [dt.datetime.fromisoformat(task[key]) for key in ("created_at", "started_at", "completed_at")]
    assert times == sorted(times)


def test_the_stream_of_an_ended_task_is_its_verdict(api):
    task_id = api.run(**PARAMETERS["fast"])
    api.wait(task_id)
    assert [name for name, _ in api.events(task_id)] == ["completed"]


def test_a_quiet_stream_carries_comments(api):
    task_id = api.run("big-splat")
    api.wait(task_id, "waiting")
    comments = 0
    with api.stream("GET", f"/r/tasks/{task_id}/events") as stream:
        for line in stream.iter_lines():
            comments += line.startswith(":")
            if comments == 2:
                break
    api.cancel(task_id)


def test_a_task_that_needs_labels_waits_until_it_is_cancelled(api):
    task_id = api.run("big-splat")
    task = api.wait(task_id, "waiting")
    assert task["required_labels"] == ["gpu", "vram-24gb"]
    assert task["gpu_type"] is None
    api.cancel(task_id)
    assert api.wait(task_id, "cancelled")["task_error"] is None


def test_an_agent_with_the_labels_takes_the_task():
    with LocalServer.start(speed=20, labels=("gpu", "vram-24gb")) as server:
        api = Api(server)
        task_id = api.run("big-splat", photos=3, resolution=24)
        assert api.wait(task_id, "failed")["agent_labels"] == ["local", "cpu", "gpu", "vram-24gb"]


def test_tasks_are_listed_newest_first_with_a_filter(api):
    made = [api.run(**PARAMETERS["fast"]) for _ in range(3)]
    for task_id in made:
        api.wait(task_id)
    page = api.get("/r/tasks", params={"status": "completed", "per_page": 2}).json()
    assert [item["id"] for item in page["task_list"]] == made[:0:-1]
    assert page["page_meta"]["total_count"] >= 3
    assert api.get("/r/tasks", params={"status": "provisioning"}).json()["task_list"] == []


def test_a_missing_task_is_not_found(api):
    missing = f"/r/tasks/{uuid.uuid4()}"
    answers = [
        api.get(missing),
        api.get(f"{missing}/events"),
        api.get(f"{missing}/result"),
        api.post(f"{missing}/cancel"),
    ]
    assert [item.status_code for item in answers] == [404] * 4
    assert all("no task" in item.json()["message"] for item in answers)
    assert api.get("/r/nowhere").json()["message"]
    assert api.delete("/r/tasks").status_code == 405


# --- cancelling ----------------------------------------------------------------------------------------------------


def test_cancel_stops_the_work_at_once_and_may_be_repeated(api):
    task_id = api.run(**PARAMETERS["slow"])
    api.wait(task_id, "running")
    begun = time.monotonic()
    for _ in range(2):
        api.cancel(task_id)
    assert api.wait(task_id, "cancelled")["task_status"] == "cancelled"
    assert time.monotonic() - begun < 2
    result = api.result(task_id)
    assert result["task_status"] == "cancelled"
    assert result["task_output"] is None
    assert result["task_error"] is None
    assert [name for name, _ in api.events(task_id)] == ["cancelled"]


def test_cancelling_an_ended_task_changes_nothing(api):
    task_id = api.run(**PARAMETERS["fast"])
    before = api.wait(task_id)
    api.cancel(task_id)
    assert api.get(f"/r/tasks/{task_id}").json() == before


def test_a_running_task_has_no_result_yet(api):
    task_id = api.run(**PARAMETERS["slow"])
    assert api.get(f"/r/tasks/{task_id}/result").status_code == 409
    api.cancel(task_id)


def test_a_task_that_is_cancelled_as_it_ends_has_one_verdict(api):
    """Cancels tasks at every moment around their end: the stream and the task must agree."""

    async def race() -> list[tuple[str, str]]:
        headers = {"Authorization": api.headers["authorization"]}
        async with httpx.AsyncClient(base_url=api.base_url, headers=headers, timeout=30) as client:

            async def one(pause: float) -> tuple[str, str]:
                body = {"parameters": {"kinds": "txt", "seconds": 0}}
                answer = await client.post("/r/workflows/slug/echo-files/run", json=body)
                address = f"/r/tasks/{answer.json()['task_id']}"
                async with client.stream("GET", f"{address}/events") as stream:
                    seen = ""
                    async for line in stream.aiter_lines():
                        if line.startswith("event: "):
                            seen = line.removeprefix("event: ")
                        if seen == "progress":
                            await asyncio.sleep(pause)
                            await client.post(f"{address}/cancel")
                return seen, (await client.get(address)).json()["task_status"]

            return await asyncio.gather(*(one(pause / 1000) for pause in range(40)))

    verdicts = asyncio.run(race())
    assert all(seen == kept for seen, kept in verdicts), verdicts
    assert {kept for _, kept in verdicts} <= {"completed", "cancelled"}


# --- the object store ----------------------------------------------------------------------------------------------


def links_to_a_picture(api):
    task_id = api.run(**PARAMETERS["fast"])
    api.wait(task_id)
    return lambda: api.result(task_id)["download_urls"]["4.images.0"]


@pytest.fixture
def link(api):
    return links_to_a_picture(api)


def test_a_result_links_to_a_second_origin(api, server, link):
    url = httpx.URL(link())
    assert str(url).startswith(server.object_url + "/")
    assert url.port != httpx.URL(server.base_url).port
    assert url.params["X-Amz-Expires"] == "3600"
    assert len(url.params["X-Amz-Signature"]) == 64


def test_a_file_is_served_whole_in_part_and_as_headers_only(link):
    url = link()
    whole = httpx.get(url)
    assert whole.status_code == 200
    assert whole.content.startswith(b"\x89PNG")
    etag, size = whole.headers["etag"], len(whole.content)
    part = httpx.get(url, headers={"Range": "bytes=10-19", "If-Range": etag})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{size}"
    rest = httpx.get(url, headers={"Range": f"bytes={size - 5}-"})
    assert rest.content == whole.content[-5:]
    changed = httpx.get(url, headers={"Range": "bytes=10-19", "If-Range": '"another"'})
    assert (changed.status_code, len(changed.content)) == (200, size)
    assert httpx.get(url, headers={"Range": f"bytes={size}-"}).status_code == 416
    head = httpx.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304


def test_a_bearer_header_is_refused_beside_the_signature(link, server):
    answer = httpx.get(link(), headers={"Authorization": f"Bearer {server.api_key}"})
    assert answer.status_code == 403
    assert "Only one auth mechanism" in answer.text


def test_a_changed_link_is_refused(link):
    url = httpx.URL(link())
    later = url.copy_merge_params({"X-Amz-Expires": "9999"})
    other = url.copy_with(raw_path=url.raw_path.replace(b"echo.png", b"echo.txt"))
    bare = url.copy_with(query=None)
    assert [httpx.get(item).status_code for item in (later, other, bare)] == [403] * 3


def test_an_expired_link_is_refused_and_the_result_mints_another():
    with LocalServer.start(speed=20, url_lifetime=2) as server, Api(server) as api:
        link = links_to_a_picture(api)
        url = link()
        assert httpx.get(url).status_code == 200
        old = until(lambda: answer if (answer := httpx.get(url)).status_code != 200 else None)
        assert old.status_code == 403
        assert "expired" in old.text
        assert httpx.get(link()).status_code == 200


def upload_to(api, content=b"some bytes", name="in put.bin"):
    body = {"file_name": name, "file_size": len(content), "content_type": "application/octet-stream"}
    answer = api.post("/r/files/presign", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_uploaded_file_is_taken_once_and_reaches_the_task(api):
    target = upload_to(api)
    assert target["upload_headers"] == {"Content-Length": "10", "If-None-Match": "*"}
    put = httpx.put(target["upload_url"], content=b"some bytes", headers=target["upload_headers"])
    assert put.status_code == 200
    again = httpx.put(target["upload_url"], content=b"some bytes", headers=target["upload_headers"])
    assert again.status_code == 412
    task_id = api.run(file=target["file_key"], kinds="", seconds=0)
    api.wait(task_id)
    urls = api.result(task_id)["download_urls"]
    assert list(urls) == ["1.files.0"]
    assert httpx.get(urls["1.files.0"]).content == b"some bytes"


def test_an_upload_needs_every_header_and_no_key(api, server):
    target = upload_to(api)
    url, headers = target["upload_url"], target["upload_headers"]
    without = httpx.put(url, content=b"some bytes", headers={"Content-Length": "10"})
    longer = httpx.put(url, content=b"more than some bytes", headers=headers | {"Content-Length": "20"})
    keyed = httpx.put(url, content=b"some bytes", headers=headers | {"Authorization": f"Bearer {server.api_key}"})
    assert [item.status_code for item in (without, longer, keyed)] == [403] * 3
    assert httpx.put(url, content=b"some bytes", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"file_name": "a", "file_size": -1}, 422),
        ({"file_name": "a", "file_size": "3"}, 422),
        ({"file_name": "a", "file_size": 501 * 1024 * 1024}, 413),
    ],
)
def test_an_unfit_upload_is_refused_beforehand(api, body, status):
    assert api.post("/r/files/presign", json=body).status_code == status


def test_a_file_key_that_nobody_uploaded_is_refused(api):
    answer = api.post("/r/workflows/slug/echo-files/run", json={"parameters": {"file": "inputs/none/x"}})
    assert answer.status_code == 422
    assert "file: must be the file_key" in answer.json()["message"]
