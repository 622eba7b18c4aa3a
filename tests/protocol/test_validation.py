"""Parameters are validated before a run costs anything, and all problems are reported at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cyberun_widget.errors import ParameterError
from cyberun_widget.protocol.models import Workflow
from cyberun_widget.protocol.validation import check, problems

WORKFLOW = Workflow.from_json(
    {
        "id": "1",
        "workflow_slug": "upscale",
        "parameters": [
            {"key": "prompt", "type": "string", "required": True, "label": "Prompt"},
            {"key": "steps", "type": "number", "min": 1, "max": 50, "default": 20},
            {"key": "seed", "type": "integer", "min": 0},
            {"key": "hires", "type": "boolean"},
            {"key": "sampler", "type": "select", "options": ["euler", {"label": "DPM++", "value": "dpm"}]},
            {"key": "image", "type": "file"},
            {"key": "later", "type": "a type of next year"},
        ],
    }
)


def test_valid_parameters_pass_unchanged():
    given = {"prompt": "a fox", "steps": 7, "hires": False, "sampler": "dpm", "image": "key/1.png", "later": [1]}
    assert check(WORKFLOW, given) == given


def test_omitted_parameters_are_left_to_the_service():
    assert check(WORKFLOW, {"prompt": "a fox", "steps": None}) == {"prompt": "a fox"}


@pytest.mark.parametrize("name", ["steps", "seed"])
@pytest.mark.parametrize("value", [10**400, -(10**400), 10**6000], ids=["large", "small", "unwritable"])
def test_a_number_too_large_for_a_float_is_refused_with_a_message(name, value):
    with pytest.raises(ParameterError, match=f"{name} must be a number between -1e308 and 1e308"):
        check(WORKFLOW, {"prompt": "x", name: value})


def test_an_unpaired_surrogate_is_refused_with_a_message():
    with pytest.raises(ParameterError, match="prompt contains an unpaired surrogate"):
        check(WORKFLOW, {"prompt": "a fox \ud83e"})


def test_numpy_numbers_become_plain_ones():
    checked = check(WORKFLOW, {"prompt": "x", "steps": np.int64(7), "hires": np.bool_(True)})
    assert checked == {"prompt": "x", "steps": 7, "hires": True}
    assert type(checked["steps"]) is int
    assert type(checked["hires"]) is bool


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "prompt is required (Prompt)"),
        ({"prompt": "x", "step": 3}, "no parameter 'step' (did you mean steps?); it takes prompt, steps, seed"),
        ({"prompt": 7}, "prompt must be a string, not int 7"),
        ({"prompt": "x", "steps": "20"}, "steps must be a number, not str '20'"),
        ({"prompt": "x", "steps": True}, "steps must be a number, not bool True"),
        ({"prompt": "x", "steps": 0}, "steps must be at least 1, not 0"),
        ({"prompt": "x", "steps": 51.5}, "steps must be at most 50, not 51.5"),
        ({"prompt": "x", "steps": float("nan")}, "steps must be a finite number"),
        ({"prompt": "x", "seed": 7.5}, "seed must be a whole number, not 7.5"),
        ({"prompt": "x", "seed": -1}, "seed must be at least 0, not -1"),
        ({"prompt": "x", "hires": 1}, "hires must be True or False"),
        ({"prompt": "x", "sampler": "heun"}, "sampler must be one of 'euler', 'dpm', not 'heun'"),
        ({"prompt": "x", "image": Path("no/such.png")}, "image is not a file"),
        ({"prompt": "x", "image": 3}, "image must be a path or a file key"),
    ],
)
def test_an_invalid_parameter_is_named(given, words):
    with pytest.raises(ParameterError) as caught:
        check(WORKFLOW, given)
    assert words in str(caught.value)
    assert str(caught.value).startswith("upscale can't be run like this: ")


def test_all_problems_are_reported_together():
    with pytest.raises(ParameterError) as caught:
        check(WORKFLOW, {"steps": 0, "hires": 3, "nope": 1})
    assert all(word in str(caught.value) for word in ("prompt", "steps", "hires", "nope"))


def test_problems_are_listed_by_parameter():
    found = problems(WORKFLOW, {"steps": 0, "hires": True, "nope": 1, "seed": None})
    assert found == {
        "nope": "it has no parameter 'nope'; it takes prompt, steps, seed, hires, sampler, image, later",
        "prompt": "is required (Prompt)",
        "steps": "must be at least 1, not 0",
    }


def test_a_whole_float_is_a_whole_number():
    assert check(WORKFLOW, {"prompt": "x", "seed": 7.0}) == {"prompt": "x", "seed": 7.0}
