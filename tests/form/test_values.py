"""What a form begins with, what it says of its values, and what it submits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cyberun_widget.errors import ParameterError
from cyberun_widget.form.field import SEED_MAX, field
from cyberun_widget.form.values import changed, errors, filled, submitted, to_page
from cyberun_widget.protocol.models import Workflow

WORKFLOW = Workflow.from_json(
    {
        "workflow_slug": "upscale",
        "parameters": [
            {"key": "prompt", "type": "string", "required": True},
            {"key": "steps", "type": "number", "min": 1, "max": 50, "default": 20},
            {"key": "seed", "type": "integer"},
            {"key": "image", "type": "file"},
        ],
    }
)
FIELDS = [field(item) for item in WORKFLOW.parameters]


def highest(_low: int, high: int) -> int:
    return high


def test_values_begin_with_the_defaults_in_the_order_of_the_workflow():
    assert filled(FIELDS, {"prompt": "fox"}) == {"prompt": "fox", "steps": 20, "seed": None, "image": None}
    assert list(filled(FIELDS, {"image": "k", "prompt": "fox"})) == ["prompt", "steps", "seed", "image"]


def test_a_wrong_value_stays_and_is_named_at_its_field():
    values = filled(FIELDS, {"steps": 99})
    assert errors(WORKFLOW, values) == {"prompt": "Is required.", "steps": "Must be at most 50, not 99."}


def test_a_name_without_a_field_is_refused():
    with pytest.raises(ParameterError, match="no field 'stepps'; it has prompt, steps, seed, image"):
        filled(FIELDS, {"stepps": 3})


def test_numpy_values_become_plain_ones():
    assert type(filled(FIELDS, {"steps": np.int64(3)})["steps"]) is int


def test_a_run_is_what_was_seen_and_its_seed_is_known():
    values = filled(FIELDS, {"prompt": "fox"})
    assert submitted(FIELDS, values, highest) == {"prompt": "fox", "steps": 20, "seed": SEED_MAX}


def test_a_seed_that_was_chosen_is_kept_unless_new_ones_are_asked_for():
    values = filled(FIELDS, {"prompt": "fox", "seed": 7})
    assert submitted(FIELDS, values, highest)["seed"] == 7
    assert submitted(FIELDS, values, highest, new_seeds=True)["seed"] == SEED_MAX


def test_what_differs_from_the_defaults():
    assert changed(FIELDS, filled(FIELDS, {"steps": 21, "prompt": "fox"})) == ["prompt", "steps"]
    assert changed(FIELDS, filled(FIELDS, {})) == []


def test_the_page_gets_no_path_of_this_machine():
    shown = to_page({"image": Path("/home/somebody/secret project/fox.png"), "steps": 3})
    assert shown == {"image": {"file": "fox.png"}, "steps": 3}
