"""The copied Python code runs, and does the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberun_widget.render.source import call, client_expression, literal, run_code

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_a_literal_evaluates_to_its_value(value):
    assert eval(literal(value), {}) == value


@given(st.text(min_size=1), st.dictionaries(st.text(min_size=1, max_size=12), VALUES, max_size=5))
def test_the_call_passes_exactly_what_was_given(slug, values):
    def run(name, /, **parameters):
        return name, parameters

    assert eval(call("run", slug, values), {"run": run}) == (slug, values)


def test_a_short_call_is_one_line_and_a_long_one_is_wrapped():
    assert call("client.run", "gray-scott", {"seed": 7}) == 'client.run("gray-scott", seed=7)'
    assert call("client.run", "x", {"prompt": "a " * 50, "seed": 7}).splitlines() == [
        "client.run(",
        '    "x",',
        f'    prompt="{"a " * 50}",',
        "    seed=7,",
        ")",
    ]


@pytest.mark.parametrize("name", ["class", "a-b", "größe"])
def test_a_name_that_python_could_not_take_is_passed_by_dictionary(name):
    assert f"**{{{literal(name)}: 1}}" in call("client.run", "x", {name: 1})


def test_a_path_is_imported_and_uploaded_again():
    code = run_code("upscale", {"image": Path("in/a.png")}, client="Client.local()")
    assert code.splitlines() == [
        "from pathlib import Path",
        "",
        "from cyberun_widget import Client",
        "",
        "client = Client.local()",
        'task = client.run("upscale", image=Path("in/a.png"))',
        "task",
    ]


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://core.cyberun.cloud/api/v1", "Client()"),
        ("http://127.0.0.1:8471/api/v1", "Client.local()"),
        ("http://[::1]:8471/api/v1", "Client.local()"),
        ("https://gpu.example.org/api/v1", 'Client(base_url="https://gpu.example.org/api/v1")'),
    ],
)
def test_the_client_is_created_like_the_users(base_url, expected):
    assert client_expression(base_url, "https://core.cyberun.cloud/api/v1") == expected


def test_a_local_service_that_the_environment_names_is_the_usual_one():
    assert client_expression("http://127.0.0.1:8471/api/v1", "http://127.0.0.1:8471/api/v1") == "Client()"
