"""The local server as a process: its tasks survive a crash, and it leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import psutil
import pytest

from cyberun_widget.local import LocalServer, connect_text, ensure
from cyberun_widget.local.process.command import main
from tests.local.calls import Api
from tests.waiting import until

SLOW = {"kinds": "txt", "seconds": 1.5}


def workers(pid):
    return [item for item in psutil.Process(pid).children(recursive=True) if "worker" in " ".join(item.cmdline())]


def listening(port, handler):
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        return None


def gone(process):
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two calls
        return True


def test_a_killed_server_leaves_no_worker_and_its_tasks_run_again(tmp_path):
    first = LocalServer.start(state_dir=tmp_path, speed=20)
    with Api(first) as api:
        done = api.run(kinds="txt", seconds=0)
        api.wait(done)
        link = api.result(done)["download_urls"]["4.files.0"]
        interrupted = api.run(**SLOW)
        api.wait(interrupted, "running")
        busy = until(lambda: workers(first.process.pid))
    first.kill()
    until(lambda: all(gone(item) for item in busy), 5)
    ports = [int(url.split(":")[2].split("/")[0]) for url in (first.base_url, first.object_url)]
    with LocalServer.start(ports[0], tmp_path, first.api_key, ports[1], speed=20) as second, Api(second) as api:
        assert second.base_url == first.base_url
        assert api.status(done) == "completed"
        assert httpx.get(link).status_code == 200, "links outlive a restart"
        assert api.wait(interrupted)["retry_count"] == 1
        assert list(api.result(interrupted)["download_urls"]) == ["4.files.0"]


def test_a_stopped_server_ends_its_streams_and_its_workers():
    server = LocalServer.start(speed=20)
    with Api(server) as api:
        task_id = api.run(kinds="txt", seconds=60)
        api.wait(task_id, "running")
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
    with LocalServer.start(speed=20, slots=2) as server, Api(server) as api:
        made = [api.run("gray-scott", steps=20_000, size=512, video=False) for _ in range(3)]
        until(lambda: [api.status(item) for item in made].count("running") == 2)
        api.wait(made[2], "queued")
        waits = []
        for _ in range(30):
            begun = time.monotonic()
            api.get("/r/tasks")
            waits.append(time.monotonic() - begun)
        assert sorted(waits)[15] < 0.1


def test_a_crashed_worker_fails_its_task_with_a_message():
    with LocalServer.start(speed=20) as server, Api(server) as api:
        task_id = api.run(kinds="txt", seconds=60)
        for item in until(lambda: api.status(task_id) == "running" and workers(server.process.pid)):
            item.kill()
        assert "worker process was killed by signal 9" in api.wait(task_id, "failed")["task_error"]
        assert api.wait(api.run(kinds="txt", seconds=0)), "the agent goes on with another worker"


def test_a_worker_runs_tasks_one_after_another_and_a_cancel_affects_only_its_own():
    with LocalServer.start(speed=20, slots=1) as server, Api(server) as api:
        agents = {api.wait(api.run(kinds="txt", seconds=0))["agent_id"] for _ in range(3)}
        (kept,) = workers(server.process.pid)
        cancelled = api.run(kinds="txt", seconds=60)
        api.wait(cancelled, "running")
        api.cancel(cancelled)
        until(lambda: gone(kept))
        agents.add(api.wait(api.run(kinds="txt", seconds=0))["agent_id"])
        assert len(agents) == 1
        (other,) = workers(server.process.pid)
        assert other.pid != kept.pid


def test_agents_work_side_by_side():
    with LocalServer.start(speed=20, slots=3) as server, Api(server) as api:
        made = [api.run(kinds="txt", seconds=60) for _ in range(4)]
        until(lambda: sorted(map(api.status, made)) == ["queued", "running", "running", "running"])
        assert len({task["agent_id"] for task in map(api.task, made) if task["started_at"]}) == 3
        assert len(workers(server.process.pid)) == 3


def test_a_port_that_someone_else_took_is_not_believed(tmp_path):
    """The server is killed; a stranger listens where it did, and answers everything with 200."""
    heard = []

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(self.path + str(self.headers))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"proof": "00", "workflow_list": []}')

        def log_message(self, *_):
            pass

    first = ensure(tmp_path, 60)
    facts = json.loads((tmp_path / "server.json").read_text())
    psutil.Process(facts["pid"]).kill()
    port = int(first.base_url.split(":")[2].split("/")[0])
    stranger = until(lambda: listening(port, Stranger))
    with stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        second = ensure(tmp_path, 1.0)
        stranger.shutdown()
    assert second.base_url != first.base_url
    assert heard
    for request in heard:
        assert "/proof" in request
        assert not any(secret in request for secret in (first.api_key, first.proof_secret, second.api_key))


def test_ensure_starts_one_server_for_all_and_it_goes_when_idle(tmp_path):
    async def both():
        return await asyncio.gather(*(asyncio.to_thread(ensure, tmp_path, 1.5) for _ in range(2)))

    first, second = asyncio.run(both())
    assert first == second
    headers = {"Authorization": f"Bearer {first.api_key}"}
    assert httpx.get(f"{first.base_url}/r/tasks", headers=headers).status_code == 200
    assert first.api_key not in repr(first)
    runtime = tmp_path / "server.json"
    if os.name == "posix":
        modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in tmp_path.rglob("*")}
        assert modes <= {(True, 0o700), (False, 0o600)}
    until(lambda: not runtime.exists(), 15)
    again = ensure(tmp_path, 1.5)
    assert again.api_key != first.api_key, "a new start has a new key"
    until(lambda: not runtime.exists(), 15)


def test_a_custom_key_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("CYBERUN_LOCAL_KEY", "sk-my-own-key")
    with LocalServer.start() as server, Api(server) as api:
        assert server.api_key == "sk-my-own-key"
        assert api.get("/r/tasks").status_code == 200


def test_an_unfit_key_is_refused(monkeypatch, capsys):
    with pytest.raises(ValueError, match="must start with sk-"):
        LocalServer.start(api_key="ak-agent")
    monkeypatch.setenv("CYBERUN_LOCAL_KEY", "short")
    assert main([]) == 1
    assert "must start with sk-" in capsys.readouterr().err


def test_a_taken_port_is_reported():
    with LocalServer.start() as server, pytest.raises(OSError, match="didn't start"):
        LocalServer.start(port=int(server.base_url.split(":")[2].split("/")[0]))


def test_the_printed_instructions_are_enough_to_connect():
    words = connect_text("http://127.0.0.1:1/api/v1", "sk-x")
    assert "export CYBERUN_BASE_URL=http://127.0.0.1:1/api/v1" in words
    assert "export CYBERUN_API_KEY=sk-x" in words


def test_a_missing_extra_is_reported_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(
        "cyberun_widget.local.process.extra.find_spec", lambda name: None if name == "uvicorn" else object()
    )
    with pytest.raises(ImportError, match=r'uvicorn.*pip install "cyberun-widget\[local\]"'):
        LocalServer.start()
