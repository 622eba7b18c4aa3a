"""The stop button during a submission: the user is told that the run may have been started."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from cyberun_widget import Client
from tests.servers.faulty import KEY, Answer, FaultyServer, Script


@pytest.mark.parametrize("how", ["submit", "run"])
def test_an_interrupted_submission_says_that_the_run_may_have_started(how):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with FaultyServer(Script(other=[Answer(headers=None, end="hang")])) as server:
            client = Client(KEY, base_url=server.base_url)

            def stop() -> None:
                while not server.counters.requests["other"]:
                    threading.Event().wait(0.01)
                os.kill(os.getpid(), signal.SIGINT)

            threading.Thread(target=stop, daemon=True).start()
            with pytest.raises(KeyboardInterrupt) as caught:
                getattr(client, how)("faulty")
    finally:
        signal.signal(signal.SIGINT, before)
    assert "client.tasks()" in "".join(caught.value.__notes__)
