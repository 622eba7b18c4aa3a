"""From grid, zip and fixed parameters to points, and the errors raised before anything is sent."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberun_widget import ParameterError
from cyberun_widget.group.plan.axes import MOST_POINTS, check_points, extended, lay_out
from cyberun_widget.group.plan.identity import point_key, sweep_key
from cyberun_widget.group.plan.seeds import draw_seeds
from cyberun_widget.protocol.models import Parameter, Workflow

WORKFLOW = Workflow(
    id="1",
    slug="portrait",
    name="Portrait",
    parameters=(
        Parameter("prompt", "string", required=True),
        Parameter("seed", "integer", min=0, max=999),
        Parameter("steps", "number", default=20, min=1, max=100),
        Parameter("guidance", "number", default=7, min=0),
        Parameter("sampler", "select", default="euler", options=("euler", "heun")),
    ),
)


def points(space):
    return [space.parameters(place) for place in space.places()]


def digest(_path):
    return "content"


def dice(number):
    return lambda _low, _high: number


def test_a_grid_is_the_product_of_its_axes_the_first_one_slowest():
    space = lay_out({"seed": range(2), "steps": [20, 30]}, None, {"prompt": "a cat"})
    assert [(item["seed"], item["steps"]) for item in points(space)] == [(0, 20), (0, 30), (1, 20), (1, 30)]
    assert all(item["prompt"] == "a cat" for item in points(space))
    assert (len(space), space.size()) == (4, "4 points: 2 seed × 2 steps")


def test_zipped_axes_advance_together_next_to_the_grid():
    space = lay_out({"seed": [1, 2]}, {"prompt": ["cat", "dog"], "steps": [10, 50]}, {})
    assert [tuple(item.values()) for item in points(space)] == [
        (1, "cat", 10),
        (1, "dog", 50),
        (2, "cat", 10),
        (2, "dog", 50),
    ]
    assert space.axes[1].title == "prompt · steps"


def test_numpy_values_become_plain_numbers():
    space = lay_out({"steps": np.linspace(10, 30, 3), "seed": np.arange(2)}, None, {"guidance": np.float32(2)})
    assert [type(value) for value in points(space)[0].values()] == [float, float, int]


@pytest.mark.parametrize(
    ("grid", "zipped", "fixed", "words"),
    [
        ({"prompt": "a cat"}, None, {}, "prompt needs a list of values; pass a single value as prompt='a cat'"),
        ({"seed": 3}, None, {}, "seed needs a list"),
        ({"seed": []}, None, {}, "seed has no values"),
        ({"seed": [1, 2, 1]}, None, {}, "seed has 1 twice"),
        ({"seed": [1]}, None, {"seed": 2}, "seed is given in two places"),
        ({"seed": [1]}, {"seed": [2]}, {}, "seed is given in two places"),
        (None, {"seed": [1, 2], "steps": [1]}, {}, "the same length: seed has 2, steps has 1"),
        (None, {"seed": [1, 1], "steps": [5, 5]}, {}, r"seed · steps has \(1, 5\) twice"),
        (None, None, {"seed": 1}, "it has no axis"),
        ({"seed": range(200), "steps": range(200)}, None, {}, f"40,000 points.*at most {MOST_POINTS:,}"),
        ({"seed": count()}, None, {}, f"at most {MOST_POINTS:,}"),
    ],
)
def test_an_invalid_sweep_is_refused_with_a_message(grid, zipped, fixed, words):
    with pytest.raises(ParameterError, match=words):
        lay_out(grid, zipped, fixed)


def test_every_bad_value_is_named_once_and_counted():
    space = lay_out(
        {"steps": [0, 20, 500], "seed": range(50), "sampler": ["euler", "warp"]}, None, {"guidance": -1, "promt": "cat"}
    )
    with pytest.raises(ParameterError) as caught:
        check_points(WORKFLOW, space)
    told = str(caught.value)
    for words in (
        "steps must be at least 1, not 0",
        "steps must be at most 100, not 500",
        "sampler must be one of 'euler', 'heun', not 'warp'",
        "guidance must be at least 0, not -1",
        "no parameter 'promt' (did you mean prompt?)",
        "prompt is required",
        "None of the 300 points: 3 steps × 50 seed × 2 sampler was submitted",
    ):
        assert told.count(words) == 1, told


def test_a_valid_sweep_passes_validation():
    check_points(WORKFLOW, lay_out({"seed": range(8), "sampler": ["euler", "heun"]}, None, {"prompt": "a cat"}))


def test_true_and_one_are_different_values():
    assert len(lay_out({"x": [True, 1, 0, False]}, None, {})) == 4


def test_an_open_seed_is_drawn_once_for_all_points_and_kept():
    space, drawn = draw_seeds(WORKFLOW, lay_out({"steps": [1, 2]}, None, {}), {}, dice(123))
    assert {item["seed"] for item in points(space)} == {123}
    again, kept = draw_seeds(WORKFLOW, lay_out({"steps": [1, 2]}, None, {}), drawn, dice(7))
    assert (again, kept) == (space, drawn)


@pytest.mark.parametrize("word", [None, -1])
def test_open_seeds_on_an_axis_are_drawn_one_by_one_and_all_differ(word):
    given_space = lay_out({"seed": [word, 5, word] if word is None else [5, word]}, None, {"prompt": "x"})
    space, drawn = draw_seeds(WORKFLOW, given_space, {}, dice(5))
    seeds = [item["seed"] for item in points(space)]
    assert len(set(seeds)) == len(seeds)
    assert 5 in seeds
    assert set(drawn) == ({"seed[0]", "seed[2]"} if word is None else {"seed[1]"})


def test_a_seed_with_a_default_stays_the_workflows():
    workflow = Workflow("1", "w", "W", parameters=(Parameter("seed", "number", default=1), Parameter("x", "number")))
    space, drawn = draw_seeds(workflow, lay_out({"x": [1, 2]}, None, {}), {}, dice(9))
    assert not drawn
    assert "seed" not in points(space)[0]


def test_growing_adds_only_what_is_missing():
    space = lay_out({"steps": [10, 20]}, None, {"prompt": "x", "seed": 1})
    wider = extended(space, WORKFLOW, {"steps": [20, 30]})
    assert [item["steps"] for item in points(wider)] == [10, 20, 30]
    new_axis = extended(wider, WORKFLOW, {"seed": [2], "guidance": [3]})
    assert len(new_axis) == 12
    for item in points(wider):  # every point so far is one of the new ones
        assert item in points(new_axis)


def test_growing_refuses_bad_values_and_halves_of_a_zip():
    with pytest.raises(ParameterError, match="at most 100"):
        extended(lay_out({"steps": [10]}, None, {"prompt": "x"}), WORKFLOW, {"steps": [101]})
    with pytest.raises(ParameterError, match="moves together"):
        extended(lay_out(None, {"steps": [10], "seed": [1]}, {"prompt": "x"}), WORKFLOW, {"steps": [11]})


def test_a_sweep_is_found_by_its_name_or_by_its_workflow_and_axes():
    grid = lay_out({"seed": [1, 2], "steps": [5]}, None, {"prompt": "x"})
    swapped = lay_out({"steps": [5.0], "seed": [1, 2]}, None, {"prompt": "x"})
    other = lay_out({"seed": [1, 2], "steps": [5]}, None, {"prompt": "y"})

    def key(space, name=None, slug="portrait", account="a"):
        return sweep_key(account, slug, space, name, digest)

    assert key(grid) == key(swapped)
    assert len({key(grid), key(other), key(grid, slug="portrait@3"), key(grid, account="b"), key(grid, name="n")}) == 5
    assert key(grid, name="n") == key(other, name="n")


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.one_of(st.integers(), st.booleans(), st.text(), st.none())))
def test_a_point_is_the_same_whatever_the_order_of_its_parameters(parameters):
    turned = dict(reversed(parameters.items()))
    assert point_key(parameters, digest) == point_key(turned, digest)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_all_points_differ_and_growing_keeps_them(sizes, data):
    names = ["seed", "steps", "guidance", "sampler"][: len(sizes)]
    values = {name: ["euler", "heun", "lcm", "ddim"][:size] if name == "sampler" else range(1, size + 1)
              for name, size in zip(names, sizes, strict=True)}  # fmt: skip
    space = lay_out(values, None, {"prompt": "x"})
    keys = [point_key(item, digest) for item in points(space)]
    assert len(set(keys)) == len(space) == len(keys)
    grown = data.draw(st.sampled_from([name for name in names if name != "sampler"]))
    wider = extended(lay_out({k: v for k, v in values.items() if k != "sampler"}, None, {"prompt": "x"}), WORKFLOW,
                     {grown: range(1, 9)})  # fmt: skip
    before = lay_out({k: v for k, v in values.items() if k != "sampler"}, None, {"prompt": "x"})
    assert {point_key(i, digest) for i in points(before)} <= {point_key(i, digest) for i in points(wider)}
