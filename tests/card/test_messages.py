"""The page and the kernel have the same table of messages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from cyberun_widget.card import messages
from cyberun_widget.card.messages import CARD_REQUESTS, PUSHES, WIDGET_REQUESTS, Read, Visible, check
from cyberun_widget.client.list_widget import LIST_REQUESTS
from cyberun_widget.comparison.requests import COMPARE_REQUESTS
from cyberun_widget.form.messages import FORM_REQUESTS, Live
from cyberun_widget.group.messages import GROUP_REQUESTS

SOURCE = Path(messages.__file__).parents[1] / "frontend" / "src" / "shared" / "messages.ts"
TYPES = {
    "string": str,
    "number": int,
    "boolean": bool,
    "object": dict,
    "string[]": list,
    "number[]": list,
    "object[]": list,
    "unknown[]": list,
    "number | null": float | None,
    "unknown": Any,
}
TABLES = {
    "CardRequests": CARD_REQUESTS,
    "FormRequests": FORM_REQUESTS,
    "CompareRequests": COMPARE_REQUESTS,
    "ListRequests": LIST_REQUESTS,
    "GroupRequests": GROUP_REQUESTS,
}


def interface(name: str) -> str:
    """Return the body of an interface in messages.ts, without comments."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", SOURCE.read_text("utf-8"), flags=re.DOTALL)
    return re.search(rf"interface {name}\b[^{{]*{{\n(.*?)\n}}", text, re.DOTALL)[1]


def fields(text: str) -> dict[str, type]:
    return {name: TYPES[kind] for name, kind in re.findall(r"(\w+): ([\w\[\]]+(?: \| null)?)", text)}


def requests(name: str) -> dict[str, tuple[dict, dict]]:
    rows = re.findall(r"(\w+): {\s*ask: {(.*?)};\s*reply: {(.*?)};?\s*};", interface(name), re.DOTALL)
    return {kind: (fields(ask), fields(reply)) for kind, ask, reply in rows}


def ours(shape: type) -> dict[str, type]:
    return {name: getattr(kind, "__origin__", kind) for name, kind in get_type_hints(shape).items()}


def test_the_requests_of_every_widget_are_the_same_on_both_sides() -> None:
    assert requests("WidgetRequests") == {
        kind: (ours(ask), ours(reply)) for kind, (ask, reply) in WIDGET_REQUESTS.items()
    }


@pytest.mark.parametrize("name", TABLES)
def test_the_requests_of_one_widget_are_the_same_on_both_sides(name) -> None:
    page = {**requests("WidgetRequests"), **requests(name)}
    assert page == {kind: (ours(ask), ours(reply)) for kind, (ask, reply) in TABLES[name].items()}


def test_the_pushes_are_the_same_on_both_sides() -> None:
    rows = re.findall(r"(\w+): {(.*?)};", interface("Pushes"))
    assert {kind: fields(text) for kind, text in rows} == {kind: ours(shape) for kind, shape in PUSHES.items()}


def test_both_use_the_same_protocol_version() -> None:
    assert f"PROTOCOL = {messages.PROTOCOL};" in SOURCE.read_text("utf-8")


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ({}, Visible),
        ({"view": "a", "visible": 1}, Visible),
        ({"key": 3, "revision": "", "offset": 0, "length": 1}, Read),
        ({"key": "a", "revision": "", "offset": -1, "length": 1}, Read),
        ({"key": "a", "revision": "", "offset": True, "length": 1}, Read),
        ({"key": "a", "revision": "", "offset": 0.5, "length": 1}, Read),
        ({"delay": "1"}, Live),
        ({"delay": True}, Live),
    ],
)
def test_a_field_of_the_wrong_type_is_refused(given, shape) -> None:
    with pytest.raises(ValueError, match="has no valid"):
        check(given, shape)


@pytest.mark.parametrize("delay", [1, 0.5, None])
def test_an_optional_number_is_a_number_or_none(delay) -> None:
    check({"delay": delay}, Live)


def test_valid_fields_pass_with_additional_ones() -> None:
    check({"key": "a", "revision": "", "offset": 0, "length": 1, "id": "x-1", "type": "read"}, Read)
