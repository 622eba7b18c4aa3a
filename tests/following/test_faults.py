"""Each row of the table, on real HTTP, through the real card: the verdict arrives, and nothing nonsensical is shown."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from faults import FAULTS, USUAL, Fault

from cyberun_widget import CyberunError, FollowPolicy, TaskWidget
from tests.servers.faulty import KEY, SIGNATURE, TASK, TERMINAL, FaultyServer

FAST = {
    "poll_interval": 0.05,
    "idle_timeout": 1.0,
    "connect_timeout": 1.0,
    "backoff_initial": 0.01,
    "backoff_max": 0.1,
    "sse_retry_interval": 0.15,
}
# Where the row says what must be read on the card: pauses of 0.4 to 0.8 s, longer than the 0.2 s between two updates.
LEGIBLE = {"backoff_initial": 0.8, "backoff_max": 0.8}
CONNECTIONS = {"connecting", "live", "reconnecting", "polling", "closed", "error"}
TRAITS = (
    "status",
    "progress",
    "connection",
    "error",
    "elapsed",
    "eta",
    "step_current",
    "step_total",
    "stages",
    "_facts",
    "artifacts",
)


@dataclass
class Witness:
    """Sees all that the card shows while it lives, and all events that it hands on."""

    shown: list[tuple[str, Any]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    def attend(self, card: TaskWidget) -> None:
        self.shown += [(name, getattr(card, name)) for name in TRAITS]
        card.observe(lambda change: self.shown.append((change["name"], change["new"])), list(TRAITS))
        card.on_event(self.events.append)

    def values(self, name: str) -> list[Any]:
        return [value for shown, value in self.shown if shown == name]

    def words(self) -> str:
        """All that the card ever said about trouble."""
        facts = self.values("_facts")
        problems = [item["problem"]["text"] for item in facts if item.get("problem")]
        notes = [item[name] for item in facts for name in ("note", "details") if item.get(name)]
        return " | ".join(dict.fromkeys([*problems, *notes, *filter(None, self.values("error"))]))

    def assert_no_nonsense(self) -> None:
        assert all(isinstance(item, float) and 0.0 <= item <= 1.0 for item in self.values("progress"))
        assert set(self.values("connection")) <= CONNECTIONS
        elapsed = self.values("elapsed")
        assert all(math.isfinite(item) and item >= 0 for item in elapsed)
        # The last one is the true length, by the server's own times; what was shown before may have been a little more.
        assert elapsed[:-1] == sorted(elapsed[:-1]), "time ran backwards"
        assert all(item is None or (math.isfinite(item) and item >= 0) for item in self.values("eta"))
        assert all(item is None or item >= 0 for name in ("step_current", "step_total") for item in self.values(name))
        statuses = self.values("status")
        ends = [at for at, item in enumerate(statuses) if item in TERMINAL]
        assert len(set(statuses[ends[0] :])) == 1 if ends else True, f"a verdict was taken back: {statuses}"
        for stage in (item for stages in self.values("stages") for item in stages):
            assert stage["state"] in {"pending", "running", "done", "failed", "skipped"}
            assert stage["seconds"] is None or stage["seconds"] >= 0
        for facts in self.values("_facts"):
            assert facts.get("retry_in") is None or 0 <= facts["retry_in"] < 3600
            assert facts.get("attempt", 1) >= 1
        assert KEY not in repr(self.shown)
        assert SIGNATURE not in repr(self.shown)


def watch_to_the_end(
    fault: Fault, server: FaultyServer, folder: Any
) -> tuple[TaskWidget, Witness, CyberunError | None]:
    card = TaskWidget(
        TASK,
        api_key=KEY,
        base_url=fault.base_url(server),
        policy=FollowPolicy(**{**FAST, **(LEGIBLE if fault.says else {}), **fault.policy}),
        download_dir=folder,
    )
    witness, raised = Witness(), None
    witness.attend(card)
    try:
        card.wait(30)
    except CyberunError as exc:
        raised = exc
    until = time.monotonic() + 2
    while fault.count is not None and len(witness.events) < fault.count and time.monotonic() < until:
        time.sleep(0.01)
    return card, witness, raised


def test_the_table_is_long_enough_and_names_each_fault_once():
    names = Counter(fault.name for fault in FAULTS)
    assert len(names) == len(FAULTS) >= 50


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in FAULTS])
def test_the_verdict_arrives_whatever_happens(fault, tmp_path):
    with FaultyServer(fault.script()) as server:
        card, witness, raised = watch_to_the_end(fault, server, tmp_path)
        story = card.diagnostics()
        try:
            assert (card.status, card.connection) == (fault.status, fault.connection), story
            assert type(raised) is fault.raises if fault.raises else raised is None, f"{raised!r}\n{story}"
            words = f"{witness.words()} | {raised or ''}"
            assert [word for word in fault.says if word not in words] == [], f"{words}\n{story}"
            assert [word for word in fault.story if word not in story] == [], story
            assert [word for word in fault.seen if f"connection: {word}\n" not in story] == [], story
            assert len([item for item in card.artifacts if item.state == "ready"]) == fault.artifacts, story
            if fault.status == "completed":
                assert card.progress == 1.0
                told = card._session.watch.state.completed_at is not None  # an odd result may tell no time
                length = (server.truth.completed_at - server.truth.created_at).total_seconds()
                assert not told or card.elapsed == pytest.approx(length, abs=0.02), story
            if fault.progress is not None:
                assert card.progress == fault.progress
            if fault.count is not None:
                assert len(witness.events) == fault.count, story
            assert sum(item.type in TERMINAL for item in witness.events) <= fault.verdicts
            witness.assert_no_nonsense()
            # What the page gets is JSON, and UTF-8 can carry it.
            json.dumps(card.get_state(), allow_nan=False, ensure_ascii=False, default=lambda _: None).encode()
            fault.check(server, card)
            allowed = {**USUAL, **fault.most}
            over = {name: count for name, count in server.counters.requests.items() if count > allowed[name]}
            assert over == {}, f"more requests than the ladder allows\n{story}"
            assert server.counters.leaks == []
            assert server.counters.most_streams <= 1
            assert KEY not in story
            assert SIGNATURE not in story
            assert server.quiet(streams_only=True), "a stream was left open"
        finally:
            card.close()
