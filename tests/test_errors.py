"""The error types, by every path from which users may import them."""

from __future__ import annotations

import pytest

import cyberun_widget
from cyberun_widget import errors
from cyberun_widget.artifacts import result


@pytest.mark.parametrize("name", ["TaskFailed", "TaskCancelled"])
def test_a_verdict_is_one_class_from_the_top_and_from_errors(name):
    assert getattr(errors, name) is getattr(cyberun_widget, name) is getattr(result, name)


def test_errors_has_no_other_names():
    with pytest.raises(AttributeError, match="TaskLost"):
        _ = errors.TaskLost
