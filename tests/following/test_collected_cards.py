"""The garbage collector may close a card at any moment, in any thread."""

from __future__ import annotations

import threading

from cyberun_widget import TaskWidget
from cyberun_widget.following import task_watch
from tests.servers.faulty import KEY, OTHER_TASK, TASK, FaultyServer


def test_collecting_a_card_while_another_watch_starts_causes_no_deadlock(monkeypatch, tmp_path):
    with FaultyServer() as server:
        first = TaskWidget(TASK, api_key=KEY, base_url=server.base_url, download_dir=tmp_path)
        real, made = task_watch.Follower, []

        def collected(*args, **kwargs):
            first.close()
            return real(*args, **kwargs)

        monkeypatch.setattr(task_watch, "Follower", collected)

        def begin() -> None:
            made.append(TaskWidget(OTHER_TASK, api_key=KEY, base_url=server.base_url, download_dir=tmp_path))

        thread = threading.Thread(target=begin, daemon=True)
        thread.start()
        thread.join(10)
        assert made, "the new card hangs"
        made[0].close()
