"""The local server as a process: it survives its own death, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import httpx
import psutil
import pytest

from cyberun_widget.local import LocalServer, connect_text, ensure
from cyberun_widget.local.process.command import main

SLOW = {"kinds": "txt", "seconds": 1.5}


def client(server):
    return httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {server.api_key}"}, timeout=30)


def run(api, **parameters):
    return api.post("/r/workflows/slug/echo-files/run", json={"parameters": parameters}).json()["task_id"]


def until(check, limit=20.0):
    end = time.monotonic() + limit
    while not (found := check()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)
    return found


def status(api, task_id):
    return api.get(f"/r/tasks/{task_id}").json()["task_status"]


def workers(pid):
    return [item for item in psutil.Process(pid).children(recursive=True) if "worker" in " ".join(item.cmdline())]


def gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_killed_server_leaves_no_worker_and_its_tasks_run_again(tmp_path):
    first = LocalServer.start(state_dir=tmp_path, speed=20)
    with client(first) as api:
        done = run(api, kinds="txt", seconds=0)
        until(lambda: status(api, done) == "completed")
        link = api.get(f"/r/tasks/{done}/result").json()["download_urls"]["4.files.0"]
        interrupted = run(api, **SLOW)
        until(lambda: status(api, interrupted) == "running")
        busy = until(lambda: workers(first.process.pid))
    first.kill()
    until(lambda: all(gone(item) for item in busy), 5)
    ports = [int(url.split(":")[2].split("/")[0]) for url in (first.base_url, first.object_url)]
    with LocalServer.start(ports[0], tmp_path, first.api_key, ports[1], speed=20) as second, client(second) as api:
        assert second.base_url == first.base_url
        assert status(api, done) == "completed"
        assert httpx.get(link).status_code == 200, "links outlive a restart"
        until(lambda: status(api, interrupted) == "completed")
        task = api.get(f"/r/tasks/{interrupted}").json()
        assert task["retry_count"] == 1
        assert list(api.get(f"/r/tasks/{interrupted}/result").json()["download_urls"]) == ["4.files.0"]


def test_a_stopped_server_ends_its_streams_and_its_workers():
    server = LocalServer.start(speed=20)
    with client(server) as api:
        task_id = run(api, kinds="txt", seconds=60)
        until(lambda: status(api, task_id) == "running")
        busy = workers(server.process.pid)
        with api.stream("GET", f"/r/tasks/{task_id}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            begun = time.monotonic()
            server.stop()
            assert all("completed" not in line for line in lines), "a stop is not a verdict"
        assert time.monotonic() - begun < 5
    assert busy
    assert all(gone(item) for item in busy)
    assert server.process.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_server_ends_with_the_process_that_started_it():
    code = (
        "import time; from cyberun_widget.local import LocalServer; s = LocalServer.start(); "
        "print(s.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with parent:
        server = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    until(lambda: gone(server), 10)


def test_many_tasks_at_work_do_not_stall_the_answers():
    with LocalServer.start(speed=20, slots=2) as server, client(server) as api:
        body = {"parameters": {"steps": 20_000, "size": 512, "video": False}}
        made = [api.post("/r/workflows/slug/gray-scott/run", json=body).json()["task_id"] for _ in range(3)]
        until(lambda: [status(api, item) for item in made].count("running") == 2)
        until(lambda: status(api, made[2]) == "queued")
        waits = []
        for _ in range(30):
            begun = time.monotonic()
            api.get("/r/tasks")
            waits.append(time.monotonic() - begun)
        assert sorted(waits)[15] < 0.1


def test_a_crashed_worker_fails_its_task_in_words():
    with LocalServer.start(speed=20) as server, client(server) as api:
        task_id = run(api, kinds="txt", seconds=60)
        for item in until(lambda: status(api, task_id) == "running" and workers(server.process.pid)):
            item.kill()
        until(lambda: status(api, task_id) == "failed")
        assert "worker process was killed by signal 9" in api.get(f"/r/tasks/{task_id}").json()["task_error"]


def test_ensure_starts_one_server_for_all_and_it_goes_when_idle(tmp_path):
    async def both():
        return await asyncio.gather(*(asyncio.to_thread(ensure, tmp_path, 1.5) for _ in range(2)))

    first, second = asyncio.run(both())
    assert first == second
    base_url, key = first
    assert httpx.get(f"{base_url}/r/tasks", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    runtime = tmp_path / "server.json"
    if os.name == "posix":
        assert runtime.stat().st_mode & 0o777 == 0o600
    until(lambda: not runtime.exists(), 15)
    again = ensure(tmp_path, 1.5)
    assert again[1] != key, "a new start has a new key"
    until(lambda: not runtime.exists(), 15)


def test_a_key_of_ones_own_is_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("CYBERUN_LOCAL_KEY", "sk-my-own-key")
    with LocalServer.start() as server, client(server) as api:
        assert server.api_key == "sk-my-own-key"
        assert api.get("/r/tasks").status_code == 200


def test_an_unfit_key_is_refused(monkeypatch, capsys):
    with pytest.raises(ValueError, match="must begin with sk-"):
        LocalServer.start(api_key="ak-agent")
    monkeypatch.setenv("CYBERUN_LOCAL_KEY", "short")
    assert main([]) == 1
    assert "must begin with sk-" in capsys.readouterr().err


def test_a_taken_port_is_told():
    with LocalServer.start() as server, pytest.raises(OSError, match="didn't start"):
        LocalServer.start(port=int(server.base_url.split(":")[2].split("/")[0]))


def test_the_words_to_connect_are_all_one_needs():
    words = connect_text("http://127.0.0.1:1/api/v1", "sk-x")
    assert "export CYBERUN_BASE_URL=http://127.0.0.1:1/api/v1" in words
    assert "export CYBERUN_API_KEY=sk-x" in words


def test_a_missing_extra_is_told_with_the_command_that_helps(monkeypatch):
    monkeypatch.setattr(
        "cyberun_widget.local.process.extra.find_spec", lambda name: None if name == "uvicorn" else object()
    )
    with pytest.raises(ImportError, match=r'uvicorn.*pip install "cyberun-widget\[local\]"'):
        LocalServer.start()
