"""`client.map` and `TaskGroup` over real HTTP, against a scripted server and against the local one."""

from __future__ import annotations

import asyncio

import pytest
from traitlets import TraitError

from cyberun_widget import (
    ConfigurationError,
    CyberunError,
    ParameterError,
    TaskGroup,
    WaitTimeout,
)
from cyberun_widget.card.messages import PROTOCOL
from cyberun_widget.group.running import recovery
from cyberun_widget.local import LocalServer
from tests.servers.sweeps import Lost, Refused, SweepServer
from tests.waiting import until


@pytest.fixture
def server():
    with SweepServer() as running:
        yield running


@pytest.fixture
def client(server):
    return server.client()


def statuses(group):
    return [point.status for point in group.points]


def test_a_sweep_runs_all_its_points_and_gives_them_in_order(server, client):
    group = client.map("wave", grid={"x": range(3), "y": [0, 5]}, in_flight=3)
    points = group.wait(30)
    assert [(point.index, point.parameters["x"], point.parameters["y"]) for point in points] == [
        (0, 0, 0), (1, 0, 5), (2, 1, 0), (3, 1, 5), (4, 2, 0), (5, 2, 5),
    ]  # fmt: skip
    assert {point.status for point in points} == {"completed"}
    assert [point.metrics["score"] for point in points] == [0, 5, 10, 15, 20, 25]
    assert all(point.result.status == "completed" and point.task_id and point.error is None for point in points)
    assert (group.counts, group.progress) == ({"completed": 6}, 1.0)
    assert (len(server.posts), server.most <= 3) == (6, True)


def test_the_same_call_again_attaches_and_submits_nothing(server, client):
    first = client.map("wave", grid={"x": range(4)})
    ids = [point.task_id for point in first.wait(30)]
    again = server.client().map("wave", grid={"x": range(4)})
    assert [point.task_id for point in again.wait(30)] == ids
    assert len(server.posts) == 4
    named = client.map("wave", grid={"x": range(4)}, name="mine")
    assert [point.task_id for point in named.wait(30)] != ids
    fresh = client.map("wave", grid={"x": range(4)}, fresh=True)
    fresh.wait(30)
    assert len(server.posts) == 12


def test_an_open_seed_is_drawn_once_and_kept(server, client):
    seeds = {point.parameters["seed"] for point in client.map("wave", grid={"x": range(3)}).wait(30)}
    again = {point.parameters["seed"] for point in client.map("wave", grid={"x": range(3)}).wait(30)}
    assert len(seeds) == 1
    assert seeds == again == {post["seed"] for post in server.posts}


def test_nothing_is_submitted_if_anything_is_invalid(server, client):
    with pytest.raises(ParameterError, match=r"x must be at least 0, not -1.*no parameter 'z'.*None of the 6"):
        client.map("wave", grid={"x": [-1, 1, 2], "y": [0, 1]}, z=1)
    with pytest.raises(ConfigurationError, match="start"):
        client.map("wave", grid={"x": [1]}, start="later")
    with pytest.raises(ConfigurationError, match="in_flight"):
        client.map("wave", grid={"x": [1]}, in_flight=0)
    assert not server.posts


def test_a_large_sweep_waits_for_confirmation_and_continues_in_steps(server, client):
    group = client.map("wave", grid={"x": range(60)}, in_flight=60)
    with pytest.raises(CyberunError, match="60 points wait for your go-ahead"):
        group.wait(10)
    assert (group.counts, len(server.posts)) == ({"planned": 60}, 0)
    group.start(1)
    group.start(3)
    with pytest.raises(CyberunError, match="56 points wait"):
        group.wait(10)
    assert sorted(post["x"] for post in server.posts) == [0, 1, 2, 3]
    group.start()
    assert {point.status for point in group.wait(60)} == {"completed"}
    assert len(server.posts) == 60


def test_there_is_no_confirmation_after_choosing_all(server, client):
    assert len(client.map("wave", grid={"x": range(51)}, start="all", in_flight=60).wait(60)) == 51


def test_the_first_point_can_be_run_alone_and_the_rest_later(server, client):
    group = client.map("wave", grid={"x": range(3)}, start="first")
    until(lambda: statuses(group)[0] == "completed")
    assert len(server.posts) == 1
    again = server.client().map("wave", grid={"x": range(3)}, start="none")
    assert statuses(again)[1:] == ["planned", "planned"]
    again.start()
    again.wait(30)
    assert len(server.posts) == 3


def test_a_failed_point_does_not_stop_the_others_and_can_be_retried_with_its_seed():
    broken = {"on": True}
    with SweepServer(fails=lambda parameters: broken["on"] and parameters["x"] == 1) as server:
        group = server.client().map("wave", grid={"x": range(3)})
        points = group.wait(30)
        assert [point.status for point in points] == ["completed", "failed", "completed"]
        assert points[1].error == "It broke: x is cursed."
        broken["on"] = False
        assert group.retry_failed() == 1
        points = group.wait(30)
        assert [point.status for point in points] == ["completed"] * 3
        assert len(points[1].former) == 1
        assert server.posts[-1] == server.posts[1]
        assert len(server.posts) == 4
        assert server.client().map("wave", grid={"x": range(3)}).wait(30)[1].task_id == points[1].task_id
        assert len(server.posts) == 4


def test_two_clicks_on_retry_start_one_run():
    with SweepServer(fails=lambda parameters: parameters["x"] == 1) as server:
        group = server.client().map("wave", grid={"x": range(2)})
        group.wait(30)
        group._actions.retry([1])
        group._actions.retry([1])
        group.wait(30)
        assert len(server.posts) == 3


@pytest.mark.parametrize("how", ["reset", "504", "502", "empty"])
def test_a_lost_answer_is_unknown_never_sent_again_and_settled_by_hand(how):
    with SweepServer(submissions={1: Lost(how), 2: Lost(how, taken=False)}) as server:
        group = server.client().map("wave", grid={"x": range(4)})
        points = group.wait(30)
        assert [point.status for point in points] == ["completed", "unknown", "unknown", "completed"]
        assert points[1].error
        again = server.client().map("wave", grid={"x": range(4)})
        again.wait(30)
        assert len(server.posts) == 4
        found = group.candidates(1)
        stray = [task for task in server.tasks.values() if task.parameters["x"] == 1]
        assert [item.task_id for item in found] == [stray[0].id]
        group.attach(1, found[0].task_id)
        with pytest.raises(CyberunError, match="another point's"):
            group.attach(2, found[0].task_id)
        assert not group.candidates(2)
        group.send_again(2)
        assert {point.status for point in group.wait(30)} == {"completed"}
        assert (len(server.posts), set(server.taken().values())) == (5, {1})


def test_a_candidate_with_known_parameters_must_match_the_point():
    with SweepServer(submissions={0: Lost("504"), 1: Lost("504")}, tells_parameters=True) as server:
        group = server.client().map("wave", grid={"x": range(2)})
        group.wait(30)
        for index in range(2):
            (found,) = group.candidates(index)
            assert (found.same, server.tasks[found.task_id].parameters["x"]) == (True, index)


def test_rate_limits_are_obeyed_and_nothing_is_lost(monkeypatch):
    slow = {1: Refused(429, {"Retry-After": "1"}), 2: Refused(503, {"Retry-After": "1"})}
    with SweepServer(submissions=slow) as server:
        group = server.client().map("wave", grid={"x": range(3)})
        until(lambda: "429" in (group._facts.get("problem") or ""))
        assert {point.status for point in group.wait(30)} == {"completed"}
        assert (len(server.posts), set(server.taken().values())) == (5, {1})


def test_two_kernels_on_one_sweep_submit_each_point_once(server, monkeypatch):
    from cyberun_widget.group import opening  # noqa: PLC0415

    monkeypatch.setattr(recovery, "_LOOK", 0.05)
    groups = []
    for _ in range(2):  # a ledger of its own is what a second process has
        monkeypatch.setattr(opening, "_ledgers", {})
        groups.append(server.client().map("wave", grid={"x": range(12)}, in_flight=12))
    ids = [[point.task_id for point in group.wait(30)] for group in groups]
    assert ids[0] == ids[1]
    assert set(server.taken().values()) == {1}
    assert len(server.posts) == 12


def test_stars_and_rejects_are_kept_with_the_sweep_and_come_back_with_it(server, client):
    group = client.map("wave", grid={"x": range(4)})
    group.wait(30)
    group.selected, group.rejected = [3, 1, 3], [0]
    group._channel.take(group, {"type": "mark", "id": "1", "protocol": PROTOCOL, "points": [1], "mark": "none"}, [])
    until(lambda: group.selected == [3])
    with pytest.raises(TraitError, match="the group has 4"):
        group.selected = [4]
    again = server.client().map("wave", grid={"x": range(4)})
    assert (again.selected, again.rejected) == ([3], [0])
    again.extend({"x": [9]})
    again.selected = [4]
    third = server.client().map("wave", grid={"x": range(4)})
    assert third.selected == []
    third.extend({"x": [9]})
    assert third.selected == [4]
    assert (client.map("wave", grid={"x": range(4)}, fresh=True, start="none").selected, len(server.posts)) == ([], 5)


def test_growing_runs_only_what_is_missing(server, client):
    group = client.map("wave", grid={"x": [1, 3]}, y=0)
    group.wait(30)
    assert group.extend({"x": [2, 3], "y": [7]}) == 4
    points = group.wait(30)
    assert sorted((point.parameters["x"], point.parameters["y"]) for point in points) == [
        (1, 0), (1, 7), (2, 0), (2, 7), (3, 0), (3, 7),
    ]  # fmt: skip
    assert [point.parameters["x"] for point in points[:2]] == [1, 3]  # an index stays a point's
    with pytest.raises(ParameterError, match="at least 0"):
        group.extend({"x": [-1]})
    assert len(server.posts) == 6
    assert "group.extend(grid={" in group.to_code()


def test_cancelling_all_ends_what_runs_and_submits_nothing_more():
    with SweepServer(seconds=60) as server:
        group = server.client().map("wave", grid={"x": range(6)}, in_flight=2)
        until(lambda: len(server.posts) == 2)
        group.cancel()
        group.wait(30)
        assert group.counts == {"planned": 4, "cancelled": 2}
        again = server.client().map("wave", grid={"x": range(6)}, start="none")
        with pytest.raises(CyberunError, match="4 points wait for your go-ahead"):
            again.wait(30)
        assert len(server.posts) == 2


def test_points_come_as_they_end_by_for_and_by_async_for(server, client):
    group = client.map("wave", grid={"x": range(5)}, in_flight=5)
    assert sorted(point.index for point in group.as_completed()) == [0, 1, 2, 3, 4]

    async def collect():
        seen = [point.index async for point in group]
        return sorted(seen), await group

    seen, points = asyncio.run(collect())
    assert seen == [0, 1, 2, 3, 4]
    assert len(points) == 5


def test_waiting_times_out_and_the_sweep_continues():
    with SweepServer(seconds=1.0) as server:
        group = server.client().map("wave", grid={"x": range(2)})
        with pytest.raises(WaitTimeout, match="0 of 2 points are done"):
            group.wait(0.1)
        assert {point.status for point in group.wait(30)} == {"completed"}


def test_a_table_the_best_and_a_sheet_come_out(tmp_path):
    with SweepServer(pictures=True, fails=lambda parameters: parameters["x"] == 2) as server:
        group = server.client().map("wave", grid={"x": range(3), "y": [0, 5]})
        group.wait(30)
        frame = group.to_dataframe()
        assert list(frame["score"].dropna()) == [0, 5, 10, 15]
        assert list(frame["status"]) == ["completed"] * 4 + ["failed"] * 2
        assert frame.loc[0, "gpu"] == "RTX 4090"
        assert (group.best("score").index, group.best("score", maximise=False).index) == (3, 0)
        assert group.best(lambda point: -point.metrics["score"]).index == 0
        with pytest.raises(ParameterError, match="There are: score"):
            group.best("psnr")
        wide, tall = group.images(rows="y", columns="x"), group.images(rows="x", columns="y")
        assert wide.width > wide.height
        assert tall.height > tall.width
        with pytest.raises(ParameterError, match="no axis 'z'"):
            group.images(rows="z")
        saved = group.save(tmp_path / "out")
        assert len(saved) == 4
        assert {path.name for path in (tmp_path / "out").iterdir() if path.is_file()} == {
            "points.csv", "sheet.png", "sweep.json",
        }  # fmt: skip
        assert "beef" not in (tmp_path / "out" / "sweep.json").read_text()


def test_tasks_that_were_started_elsewhere_make_a_group(server, client):
    ids = [client.submit("wave", x=index, seed=1) for index in range(3)]
    group = TaskGroup([ids[0], client.run("wave", x=9, seed=1), *ids[1:]], client)
    assert {point.status for point in group.wait(30)} == {"completed"}
    assert group.points[0].task_id == ids[0]
    assert "TaskGroup([" in group.to_code()
    with pytest.raises(ParameterError, match="twice"):
        TaskGroup([ids[0], ids[0]], client)
    with pytest.raises(ParameterError, match="needs task ids"):
        TaskGroup([], client)
    with pytest.raises(CyberunError, match=r"only one from client\.map"):
        group.extend({"x": [1]})


def test_a_missing_task_is_an_error_of_its_point_only(client):
    group = TaskGroup([client.submit("wave", x=1, seed=1), "task-ffff"], client)
    points = group.wait(30)
    assert [point.status for point in points] == ["completed", "error"]
    assert "404" in points[1].error


def test_sixty_four_tasks_on_the_local_server_end_with_the_right_rows(tmp_path):
    with LocalServer.start(state_dir=tmp_path / "server", speed=50, slots=8) as server:
        from cyberun_widget import Client  # noqa: PLC0415

        client = Client(server.api_key, base_url=server.base_url)
        texts = [f"point {number}" for number in range(64)]
        group = client.map("echo-files", grid={"text": texts}, kinds="json", seconds=0.05, in_flight=16, start="all")
        points = group.wait(120)
        assert [point.status for point in points] == ["completed"] * 64
        assert [point.result.output["text"] for point in points] == texts
        assert len({point.task_id for point in points}) == len(client.tasks(limit=200)) == 64


def test_however_many_cells_change_they_are_one_message_and_those_that_do_not_are_in_none(server, client, monkeypatch):
    group = client.map("wave", grid={"x": range(40)}, in_flight=40)
    group.wait(30)
    sent = []
    monkeypatch.setattr(group._channel, "push", lambda kind, fields: sent.append((kind, fields)))
    cells = group._session.cells
    group._publish(group._session, cells)
    assert sent == []
    for cell in cells[10:30]:
        cell.metrics = {"score": -1}
    group._publish(group._session, cells)
    ((kind, fields),) = sent
    assert (kind, [index for index, _ in fields["cells"]]) == ("cells", list(range(10, 30)))
    assert fields["sequence"] == group._facts["sequence"]
