"""Each type of parameter gets the field that users expect."""

from __future__ import annotations

import json

import pytest

from cyberun_widget.form.field import SEED_MAX, field, seed_bounds
from cyberun_widget.protocol.models import Parameter


def made(**definition):
    return field(Parameter.from_json({"key": "value", **definition}))


@pytest.mark.parametrize(
    ("definition", "control"),
    [
        ({"type": "string"}, "text"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "select", "options": ["a"]}, "select"),
        ({"type": "file"}, "file"),
        ({"type": "number", "min": 1, "max": 50, "default": 20}, "integer"),
        ({"type": "number", "min": 0, "max": 1, "default": 1.0}, "number"),
        ({"type": "number", "min": 0, "max": 1, "default": 0.5}, "number"),
        ({"type": "number", "min": 0.5, "max": 2, "default": 1}, "number"),
        ({"type": "number", "min": 1, "max": 9}, "integer"),
        ({"type": "number"}, "number"),
        ({"type": "integer"}, "integer"),
        ({"type": "number", "key": "seed"}, "seed"),
        ({"type": "integer", "key": "noise_seed"}, "seed"),
        ({"type": "number", "label": "Seed", "key": "s"}, "seed"),
        ({"type": "number", "key": "seeding_rate", "min": 0, "max": 1, "default": 0.2}, "number"),
        ({"type": "colour"}, "other"),
    ],
)
def test_the_control_fits_the_type(definition, control):
    assert made(**definition).control == control


@pytest.mark.parametrize(
    ("low", "high", "default", "step"),
    [(0, 1, 0.5, 0.01), (0.01, 0.1, 0.037, 0.0001), (0, 1, 0.0375, 0.0001), (-5, 5.5, None, 0.1), (0, 300.5, 7.5, 0.5)],
)
def test_a_slider_has_a_hundred_places_and_the_default_is_one_of_them(low, high, default, step):
    got = made(type="number", min=low, max=high, default=default)
    assert got.slider
    assert got.step <= step
    assert (high - low) / got.step >= 100
    if default is not None:
        places = (default - low) / got.step
        assert places == pytest.approx(round(places))


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "number", "min": 0},
        {"type": "number", "min": 3, "max": 3},
        {"type": "number", "min": 0, "max": 10**9, "default": 5},
        {"type": "integer", "key": "seed", "min": 0, "max": 10},
        {"type": "string", "min": 0, "max": 10},
    ],
)
def test_no_slider_for_ranges_too_fine_to_aim(definition):
    assert not made(**definition).slider


def test_a_field_without_a_label_is_named_by_its_key():
    assert made(key="guidance_scale", type="number").label == "Guidance scale"


def test_options_have_labels():
    got = made(type="select", options=["euler", {"label": "DPM++", "value": "dpm"}, 3])
    assert got.options == (("euler", "euler"), ("dpm", "DPM++"), (3, "3"))


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [({}, (0, SEED_MAX)), ({"min": 1, "max": 9.5}, (1, 9)), ({"max": -4}, (0, 0)), ({"min": 2.2}, (3, SEED_MAX))],
)
def test_seeds_are_drawn_within_the_bounds(bounds, expected):
    assert seed_bounds(made(type="number", key="seed", **bounds)) == expected


def test_a_field_is_plain_json():
    assert json.loads(json.dumps(made(type="select", options=["a"]).to_json()))["options"] == [["a", "a"]]
