"""An hour of a busy task with a break every five seconds, sped up: ends correctly and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from soak import HOUR, PERIOD


def test_an_hour_of_breaks_ends_correctly_with_constant_memory_and_nothing_left(tmp_path):
    script = Path(__file__).with_name("soak.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    end = json.loads(done.stdout)

    drops = HOUR // PERIOD
    assert (end["status"], end["progress"], end["connection"]) == ("completed", 1.0, "closed")
    assert end["artifacts"] == ["ready"]
    assert end["leaks"] == []
    assert end["most_streams"] == 1
    assert drops <= end["requests"]["events"] <= drops * 1.1
    assert end["requests"]["task"] <= end["requests"]["events"] * 1.1 + 2
    settled = [(held, rss) for second, held, rss in end["memory"] if second >= HOUR // 10]
    held = [item for item, _ in settled]
    assert max(held) - held[0] < 500_000, f"memory grew: {end['memory']}"
    assert settled[-1][1] - settled[0][1] < 16_000_000, f"the process grew: {end['memory']}"
