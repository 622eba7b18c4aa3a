"""A kernel that is killed in the middle of a sweep, and runs its cell again: every point is submitted exactly once.

What settles a point that the kill left behind:
- nothing was noted, or only that it was claimed: it never went out, and is sent without asking;
- its task was noted: it is attached to;
- the request was noted, its answer wasn't: the one task with just its parameters is attached to without asking. Where
  tasks don't tell their parameters, or none is there, a person decides, by a click. Nothing on this side of the network
  can prove that a request isn't on its way still, so it is never sent again unasked. Such is one point a kill at most.
"""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from cyberun_widget import Client
from cyberun_widget.local import LocalServer
from tests.servers.sweep_kernel import start
from tests.servers.sweeps import KEY, SweepServer
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS = 24

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")


def kill_somewhere(
    dice: random.Random, sent: Callable[[], int], environment: dict[str, str], *arguments: Any, **fixed: Any
) -> None:
    process, pipe = start(environment, *arguments, **fixed)
    assert pipe.recv() == "begun"  # points are going out
    some = dice.randrange(POINTS)
    until(lambda: sent() >= some, pause=0.001)
    time.sleep(dice.uniform(0.0, 0.02))  # anywhere within a request
    process.kill()
    process.join()


def submitted(server: SweepServer) -> Callable[[], int]:
    return lambda: len(server.posts)


def run(environment: dict[str, str], *arguments: Any, **fixed: Any) -> tuple[list[str], int]:
    process, pipe = start(environment, *arguments, **fixed)
    assert pipe.recv() == "begun"
    assert pipe.poll(120)
    statuses, by_hand = pipe.recv()
    process.join()
    return statuses, by_hand


def folders(tmp_path, seed):
    return {"XDG_STATE_HOME": str(tmp_path / f"state-{seed}"), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_killed_at_twenty_random_moments_and_run_again_each_point_is_submitted_once(tmp_path):
    sweep = ("wave", {"x": range(POINTS)})
    for seed in range(20):
        with SweepServer(tells_parameters=True, seconds=0.02) as server:
            account = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": KEY, **folders(tmp_path, seed)}
            kill_somewhere(random.Random(seed), submitted(server), account, *sweep, start="all", in_flight=POINTS)
            statuses, settled = run(account, *sweep, start="all", in_flight=POINTS)
            assert statuses == ["completed"] * POINTS
            assert (len(server.posts), set(server.taken().values())) == (POINTS, {1}), seed
            assert settled <= 1, seed


def test_killed_where_tasks_tell_no_parameters_the_one_point_in_doubt_is_settled_by_a_person(tmp_path):
    sweep = ("wave", {"x": range(POINTS)})
    for seed in range(4):
        with SweepServer(seconds=0.02) as server:
            account = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": KEY, **folders(tmp_path, seed)}
            kill_somewhere(random.Random(seed), submitted(server), account, *sweep, start="all", in_flight=POINTS)
            statuses, settled = run(account, *sweep, start="all", in_flight=POINTS)
            assert statuses == ["completed"] * POINTS
            assert (len(server.posts), set(server.taken().values()), settled <= 1) == (POINTS, {1}, True), seed


def test_a_sweep_on_the_local_server_survives_a_kill(tmp_path):
    with LocalServer.start(state_dir=tmp_path / "server", speed=50, slots=8) as server:
        account = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": server.api_key, **folders(tmp_path, 0)}
        client = Client(server.api_key, base_url=server.base_url)
        texts = [f"point {number}" for number in range(POINTS)]
        sweep = ("echo-files", {"text": texts})
        fixed = {"kinds": "json", "seconds": 0.05, "start": "all", "in_flight": POINTS}
        kill_somewhere(random.Random(7), lambda: len(client.tasks(limit=200)), account, *sweep, **fixed)
        statuses, _ = run(account, *sweep, **fixed)
        assert statuses == ["completed"] * POINTS
        tasks = client.tasks(limit=200)
        assert sorted(task.raw["parameters"]["text"] for task in tasks) == sorted(texts)
