"""The ledger in a real file: two processes, crashes, file permissions."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from cyberun_widget import ConfigurationError, CyberunError
from cyberun_widget.group.ledger.owner import Owner
from cyberun_widget.group.ledger.store import LEASE, Ledger

POINTS = [(f"k{index}", "{}") for index in range(20)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sweeps" / "ledger.sqlite3"


def opened(path, **more):
    ledger = Ledger(path, **more)
    sweep = ledger.open("sweep", pinned="w@1", drawn={}, title="w").id
    ledger.plan(sweep, POINTS)
    return ledger, sweep


def states(ledger, sweep):
    return {key: entry.state for key, entry in ledger.entries(sweep).items()}


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_the_ledger_is_readable_by_its_user_only(path):
    ledger, _ = opened(path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for file in (path, *path.parent.glob("ledger.sqlite3-*"), *(path.parent / "owners").iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    assert ledger.owner.is_current


def test_a_sweep_is_found_again_with_its_version_and_its_draws(path):
    first, _ = opened(path)
    found = first.open("other", pinned="w@1", drawn={"seed": 5}, title="w")
    assert not found.resumed
    again = Ledger(path).open("other", pinned="w@2", drawn={"seed": 6, "noise_seed": 7}, title="w")
    assert (again.id, again.pinned, again.drawn) == (found.id, "w@1", {"seed": 5, "noise_seed": 7})
    fresh = Ledger(path).open("other", pinned="w@2", drawn={"seed": 6}, title="w", fresh=True)
    assert (fresh.id != found.id, fresh.pinned, fresh.drawn) == (True, "w@2", {"seed": 6})
    assert Ledger(path).open("other", pinned="", drawn={}, title="w").id == fresh.id


def test_a_point_is_claimed_by_one_process_only(path):
    ledgers = [opened(path)[0] for _ in range(4)]
    sweep = ledgers[0].open("sweep", pinned="", drawn={}, title="").id
    won = {index: [] for index in range(4)}

    def work(index):
        for key, _ in POINTS:
            if ledgers[index].claim(sweep, key):
                won[index].append(key)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for keys in won.values() for key in keys) == sorted(key for key, _ in POINTS)


def test_the_steps_of_a_point_are_recorded(path):
    ledger, sweep = opened(path)
    assert ledger.claim(sweep, "k0")
    assert not ledger.claim(sweep, "k0")
    ledger.sending(sweep, "k0")
    assert ledger.entries(sweep)["k0"].sent_at is not None
    ledger.submitted(sweep, "k0", "task-0")
    entry = Ledger(path).entries(sweep)["k0"]
    assert (entry.state, entry.task_id, entry.attempt) == ("submitted", "task-0", 1)


def test_a_retry_is_claimed_once_however_often_it_is_requested(path):
    ledger, sweep = opened(path)
    ledger.claim(sweep, "k0")
    ledger.submitted(sweep, "k0", "task-0")
    other = Ledger(path)
    assert [ledger.retry(sweep, "k0", 1), other.retry(sweep, "k0", 1), ledger.retry(sweep, "k0", 1)].count(True) == 1
    entry = ledger.entries(sweep)["k0"]
    assert (entry.state, entry.attempt, entry.task_id, entry.former) == ("planned", 2, None, ("task-0",))
    assert ledger.strangers(["task-0", "task-x"]) == {"task-x"}


def test_an_unknown_point_is_settled_by_attaching_or_by_sending_again(path):
    ledger, sweep = opened(path)
    for key in ("k0", "k1", "k2"):
        ledger.claim(sweep, key)
        ledger.sending(sweep, key)
        ledger.doubt(sweep, key, "504 after https://x/?X-Amz-Signature=abcdef")
    assert "abcdef" not in ledger.entries(sweep)["k0"].error
    assert not ledger.claim(sweep, "k0")
    assert ledger.attach(sweep, "k0", "task-0")
    assert not ledger.attach(sweep, "k1", "task-0")  # a task belongs to one point
    assert not ledger.attach(sweep, "k0", "task-9")
    assert ledger.send_again(sweep, "k1")
    assert not ledger.send_again(sweep, "k1")
    assert states(ledger, sweep) | {"k0": "submitted", "k1": "planned", "k2": "unknown"} == states(ledger, sweep)


def test_a_late_answer_still_settles_an_unknown_point(path):
    ledger, sweep = opened(path)
    ledger.claim(sweep, "k0")
    ledger.sending(sweep, "k0")
    ledger.doubt(sweep, "k0", "slow")
    ledger.submitted(sweep, "k0", "task-0")
    assert ledger.entries(sweep)["k0"].task_id == "task-0"


CRASH = """
import os, signal, sys
from pathlib import Path
from cyberun_widget.group.ledger.store import Ledger
ledger = Ledger(Path(sys.argv[1]))
sweep = ledger.open("sweep", pinned="", drawn={}, title="").id
for key in ("k0", "k1", "k2"):
    ledger.claim(sweep, key)
ledger.sending(sweep, "k0")
ledger.sending(sweep, "k1")
ledger.submitted(sweep, "k1", "task-1")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_points_that_a_killed_process_was_sending_are_unknown_and_its_claims_are_released(path):
    ledger, sweep = opened(path)
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False, timeout=60)
    assert states(ledger, sweep) | {"k0": "sending", "k1": "submitted", "k2": "claimed"} == states(ledger, sweep)
    ledger.recover(sweep)
    assert states(ledger, sweep) | {"k0": "unknown", "k1": "submitted", "k2": "planned"} == states(ledger, sweep)
    assert not ledger.claim(sweep, "k0")


def test_a_living_process_keeps_its_claims_until_its_lease_is_over(path):
    first, sweep = opened(path)
    first.claim(sweep, "k0")
    first.sending(sweep, "k0")
    first.claim(sweep, "k1")
    Ledger(path).recover(sweep)
    assert states(first, sweep)["k0"] == "sending"
    later = Ledger(path, now=lambda: first._now() + LEASE + 1)
    later.recover(sweep)
    assert states(first, sweep) | {"k0": "unknown", "k1": "planned"} == states(first, sweep)
    with pytest.raises(CyberunError, match="taken over this point"):
        first.sending(sweep, "k1")  # its claim was lost: nothing is sent


def test_an_owner_that_closes_is_gone_at_once(path):
    first, sweep = opened(path)
    first.claim(sweep, "k0")
    first.close()
    second = Ledger(path)
    second.recover(sweep)
    assert states(second, sweep)["k0"] == "planned"


def test_dead_owners_are_detected(tmp_path):
    one, two = Owner(tmp_path), Owner(tmp_path)
    assert not one.is_dead(two.name)
    assert not one.is_dead(one.name)
    two.close()
    assert one.is_dead(two.name)
    assert one.is_dead("never-was")


def test_another_processs_writes_are_visible(path):
    first, sweep = opened(path)
    second = Ledger(path)
    before = second.changed()
    assert second.changed() == before
    first.claim(sweep, "k0")
    assert second.changed() != before


def test_a_ledger_that_cannot_be_used_says_that_nothing_was_submitted(path, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="nothing was submitted"):
        Ledger(tmp_path / "file" / "ledger.sqlite3")
    opened(path)[0].close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ConfigurationError, match="newer cyberun-widget"):
        Ledger(path)
