"""The real local server is killed in the middle of a task and restarted: the card recovers without help."""

from __future__ import annotations

import socket
import time

from cyberun_widget import Client, FollowPolicy, TaskWidget
from cyberun_widget.local import LocalServer
from tests.waiting import until

AWAY = 10.0  # seconds
KEY = "sk-restart-0123456789abcdef"
POLICY = FollowPolicy(poll_interval=0.2, idle_timeout=5, backoff_initial=0.1, backoff_max=1.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_task_outlives_the_sudden_death_of_its_server(tmp_path):
    place = {"port": free_port(), "object_port": free_port(), "state_dir": tmp_path / "state", "api_key": KEY}
    server = LocalServer.start(**place)
    card = None
    try:
        client = Client(KEY, base_url=server.base_url)
        task_id = client.submit("gray-scott", steps=4000, size=256, seed=7)
        card = TaskWidget(task_id, client, policy=POLICY, download_dir=tmp_path / "files")
        seen: list[str] = []
        problems: list[dict] = []
        card.observe(lambda change: seen.append(change["new"]), "connection")
        card.observe(lambda change: problems.append(change["new"]["problem"]), "_facts")
        until(lambda: card.status == "running" and card.progress > 0.05, 60)
        server.kill()

        until(lambda: card.connection == "reconnecting", 10)
        before = card.progress
        time.sleep(AWAY)
        assert (card.status, card.connection, card.progress) == ("running", "reconnecting", before)
        assert "refused the connection" in problems[-1]["text"]
        assert problems[-1]["retrying"] is True

        server = LocalServer.start(**place)
        result = card.wait(120)
        assert (result.status, card.connection, card.progress) == ("completed", "closed", 1.0)
        assert result.artifacts
        assert all(item.state == "ready" and item.path.stat().st_size == item.size for item in result.artifacts)
        assert result.artifacts.images[0].image().size[0] > 0
        assert "error" not in seen
    finally:
        if card is not None:
            card.close()
        server.stop()
