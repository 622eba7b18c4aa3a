"""The rows of the table of faults that also apply without a stream: a task that is only polled ends correctly."""

from __future__ import annotations

import pytest
from faults import FAULTS
from test_faults import watch_to_the_end

from cyberun_widget.following.stream_budget import StreamBudget
from tests.servers.faulty import TERMINAL, FaultyServer

# Rows in which the task proceeds independently; in the others, it proceeds as the stream is read.
ON_ITS_OWN = [fault for fault in FAULTS if fault.script().life[-1][1] in TERMINAL]


def test_the_rows_cover_much_of_the_table():
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
