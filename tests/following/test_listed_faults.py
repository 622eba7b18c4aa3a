"""The rows of the table that a task meets without a stream too: followed by looks alone, it ends as right."""

from __future__ import annotations

import pytest
from faults import FAULTS
from test_faults import watch_to_the_end

from cyberun_widget.following.stream_budget import StreamBudget
from tests.servers.faulty import TERMINAL, FaultyServer

# Where the task goes its own way: in the other rows it is the reading of the stream that moves it on.
ON_ITS_OWN = [fault for fault in FAULTS if fault.script().life[-1][1] in TERMINAL]


def test_the_rows_are_a_good_part_of_the_table():
    assert len(ON_ITS_OWN) > 30


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in ON_ITS_OWN])
def test_the_verdict_arrives_without_any_stream(fault, tmp_path, monkeypatch):
    monkeypatch.setattr(StreamBudget, "take", lambda _budget, _candidate: False)
    with FaultyServer(fault.script()) as server:
        card, witness, raised = watch_to_the_end(fault, server, tmp_path)
        story = card.diagnostics()
        try:
            assert (card.status, card.connection) == (fault.status, fault.connection), story
            assert type(raised) is fault.raises if fault.raises else raised is None, f"{raised!r}\n{story}"
            assert len([item for item in card.artifacts if item.state == "ready"]) == fault.artifacts, story
            assert server.counters.requests["events"] == 0
            assert server.counters.leaks == []
            witness.assert_no_nonsense()
        finally:
            card.close()
