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
from typing import Any

import pytest

from cyberun_widget import Client
from cyberun_widget.local import LocalServer
from tests.servers.sweep_kernel import start
from tests.servers.sweeps import KEY, SweepServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")


def kill_somewhere(dice: random.Random, environment: dict[str, str], *arguments: Any, **fixed: Any) -> None:
    process, pipe = start(environment, *arguments, **fixed)
    assert pipe.recv() == "begun"  # points are going out
    time.sleep(dice.uniform(0.0, 0.4))
    process.kill()
    process.join()


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
    sweep = ("wave", {"x": range(64)})
    for seed in range(20):
        with SweepServer(tells_parameters=True, seconds=0.02) as server:
            account = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": KEY, **folders(tmp_path, seed)}
            kill_somewhere(random.Random(seed), account, *sweep, start="all", in_flight=64)
            statuses, settled = run(account, *sweep, start="all", in_flight=64)
            assert statuses == ["completed"] * 64
            assert (len(server.posts), set(server.taken().values())) == (64, {1}), seed
            assert settled <= 1, seed


def test_killed_where_tasks_tell_no_parameters_the_one_point_in_doubt_is_settled_by_a_person(tmp_path):
    for seed in range(4):
        with SweepServer(seconds=0.02) as server:
            account = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": KEY, **folders(tmp_path, seed)}
            kill_somewhere(random.Random(seed), account, "wave", {"x": range(64)}, start="all", in_flight=64)
            statuses, settled = run(account, "wave", {"x": range(64)}, start="all", in_flight=64)
            assert statuses == ["completed"] * 64
            assert (len(server.posts), set(server.taken().values()), settled <= 1) == (64, {1}, True), seed


def test_a_sweep_on_the_local_server_survives_a_kill(tmp_path):
    with LocalServer.start(state_dir=tmp_path / "server", speed=50, slots=8) as server:
        account = {"CYBERUN_BASE_URL": server.base_url, "CYBERUN_API_KEY": server.api_key, **folders(tmp_path, 0)}
        texts = [f"point {number}" for number in range(64)]
        fixed = {"kinds": "json", "seconds": 0.05, "start": "all", "in_flight": 64}
        kill_somewhere(random.Random(7), account, "echo-files", {"text": texts}, **fixed)
        statuses, _ = run(account, "echo-files", {"text": texts}, **fixed)
        assert statuses == ["completed"] * 64
        tasks = Client(server.api_key, base_url=server.base_url).tasks(limit=200)
        assert sorted(task.raw["parameters"]["text"] for task in tasks) == sorted(texts)
