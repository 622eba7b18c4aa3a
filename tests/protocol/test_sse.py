"""The decoder of event streams, compared with the HTML standard (9.2.5, 9.2.6) and its examples."""

from __future__ import annotations

import re
import time
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cyberun_widget.protocol.sse import SSEDecoder, SSEMessage

BOM = b"\xef\xbb\xbf"


def message(data: str, event: str = "message", last_id: str = "") -> SSEMessage:
    return SSEMessage(event, data, last_id)


def decode(stream: bytes, size: int = 0, **options: int) -> tuple[list[SSEMessage], SSEDecoder]:
    """Feed a stream in chunks of `size` bytes (0: all at once)."""
    decoder = SSEDecoder(**options)
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)] if size else [stream]
    return [item for chunk in chunks for item in decoder.feed(chunk)], decoder


# Each: the subject, the stream, the messages, and, where relevant, the last id and the retry time.
STREAMS = [
    # --- the standard's own examples
    ("the multi-line example", b"data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]),
    (
        "the example of four blocks",
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        [message("first event", last_id="1"), message("second event"), message(" third event")],
    ),
    ("the example of empty data", b"data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]),
    ("the example of one space", b"data:test\n\ndata: test\n\n", [message("test"), message("test")]),
    (
        "the example of named events",
        b"event: add\ndata: 7\n\nevent: remove\ndata: 2\n\n",
        [message("7", "add"), message("2", "remove")],
    ),
    # --- line breaks
    ("carriage returns alone", b"data: a\rdata: b\r\rdata: c\r\r", [message("a\nb"), message("c")]),
    ("CRLF", b"data: a\r\ndata: b\r\n\r\n", [message("a\nb")]),
    ("all three mixed", b"data: a\rdata: b\ndata: c\r\n\ndata: d\r\r\n", [message("a\nb\nc"), message("d")]),
    ("LF CR is two ends of lines", b"data: a\n\rdata: b\n\r", [message("a"), message("b")]),
    ("CR CR LF is two ends of lines", b"data: a\r\r\ndata: b\n\n", [message("a"), message("b")]),
    (
        "a line separator is no end of a line",
        "data: a\u2028event: completed\u2029b\n\n".encode(),
        [message("a\u2028event: completed\u2029b")],
    ),
    (
        "NEL, VT, FF and the separators of ASCII are no ends of lines",
        b"data: a\xc2\x85b\x0bc\x0cd\x1c\x1d\x1ee\n\n",
        [message("a\x85b\x0bc\x0cd\x1c\x1d\x1ee")],
    ),
    # --- the byte-order mark
    ("a byte-order mark", BOM + b"data: a\n\n", [message("a")]),
    ("only the first byte-order mark", BOM + BOM + b"data: a\ndata: b\n\n", [message("b")]),
    (
        "a byte-order mark later on is part of a name",
        b"data: a\n\n" + BOM + b"data: b\ndata: c\n\n",
        [message("a"), message("c")],
    ),
    ("a byte-order mark in a value stays", b"data: " + BOM + b"a\n\n", [message("\ufeffa")]),
    ("the begin of a byte-order mark and no more", b"\xef\xbbdata: a\ndata: b\n\n", [message("b")]),
    ("nothing but a byte-order mark", BOM, []),
    ("the mark of UTF-16 means nothing", b"\xff\xfedata: a\n\ndata: b\n\n", [message("b")]),
    # --- bytes that aren't UTF-8 (what Encoding, 4.1, "replacement" says)
    ("a byte that never occurs", b"data: a\xffb\n\n", [message("a\ufffdb")]),
    ("a character cut off by the end of its line", b"data: \xe2\x82\ndata: x\n\n", [message("\ufffd\nx")]),
    ("a character cut off by another", b"data: \xf0\x9f\x98\xe2\x82\xac\n\n", [message("\ufffd\u20ac")]),
    ("a surrogate", b"data: \xed\xa0\x80\n\n", [message("\ufffd\ufffd\ufffd")]),
    ("an overlong form", b"data: \xc0\xaf\xe0\x80\xaf\n\n", [message("\ufffd" * 5)]),
    ("beyond Unicode", b"data: \xf4\x90\x80\x80\n\n", [message("\ufffd" * 4)]),
    ("four-byte characters", "data: 🐈🐈\n\n".encode(), [message("🐈🐈")]),
    # --- fields
    ("a comment says nothing", b": ping\n\n:\n\n:data: x\n\n", []),
    ("a comment inside a message", b"data: a\n: ping\ndata: b\n\n", [message("a\nb")]),
    ("a heartbeat after an id", b"id: 7\ndata: a\n\n: ping\n\n\n\n", [message("a", last_id="7")]),
    ("names are matched exactly", b"Data: a\n data: b\ndata : c\ndatax: d\nEVENT: e\ndata: f\n\n", [message("f")]),
    ("only one space is taken off", b"data:\ta\ndata:  b \n\n", [message("\ta\n b ")]),
    ("colons in a value", b"data: a:b: c\ndata::\n\n", [message("a:b: c\n:")]),
    ("a line without a colon is a name", b"foo\ndata\nevent\n\n", [message("")]),
    ("a line with only a colon and a value", b":x\ndata: a\n\n", [message("a")]),
    ("the last of several types holds", b"event: a\nevent: b\ndata: x\n\n", [message("x", "b")]),
    ("an empty type is 'message'", b"event: a\nevent:\ndata: x\n\nevent\ndata: y\n\n", [message("x"), message("y")]),
    ("a type doesn't outlive its message", b"event: a\n\ndata: x\n\n", [message("x")]),
    ("a type and no data is no message", b"event: completed\n\n", []),
    ("NUL in data stays", b"data: a\0b\n\n", [message("a\0b")]),
    # --- repeated first lines
    (
        "a type that is known already, and then its message without data, with more lines, with an id",
        b"event: a\ndata: 1\n\n" * 2
        + b"event: a\n\nevent: a\ndata: 2\ndata: 3\n\nevent: a\ndata: 4\nid: 5\n\nevent: a\ndata: 6\n\n",
        [
            message("1", "a"),
            message("1", "a"),
            message("2\n3", "a"),
            message("4", "a", "5"),
            message("6", "a", "5"),
        ],
    ),
    (
        "a known type with empty data",
        b"event: a\ndata: 1\n\nevent: a\ndata: \n\n",
        [message("1", "a"), message("", "a")],
    ),
    ("an empty type that comes again", b"event: \ndata: x\n\n" * 3, [message("x")] * 3),
    ("a first line that isn't the type", b"id: 1\ndata: x\n\n" * 2, [message("x", last_id="1")] * 2),
    (
        "broken bytes after a known type",
        b"event: a\ndata: 1\n\nevent: a\ndata: \xff\n\n",
        [message("1", "a"), message("\ufffd", "a")],
    ),
    (
        "more types than anybody remembers, and long ones",
        b"".join(b"event: %d\ndata: x\n\n" % number for number in range(200)) * 2
        + (b"event: " + b"y" * 100 + b"\ndata: x\n\n") * 2,
        [message("x", str(number)) for number in range(200)] * 2 + [message("x", "y" * 100)] * 2,
    ),
    (
        "blank lines between messages",
        b"\nevent: a\ndata: 1\n\n\n\nevent: a\ndata: 2\n\n\n",
        [message("1", "a"), message("2", "a")],
    ),
    # --- ends of streams
    ("a message without its blank line", b"data: a\n\ndata: b\n", [message("a")]),
    ("a message without the end of its line", b"data: a\n\ndata: b", [message("a")]),
    ("an empty stream", b"", []),
    ("blank lines only", b"\n\r\n\r\r\n", []),
]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
@pytest.mark.parametrize(("stream", "expected"), [pytest.param(s, e, id=name) for name, s, e in STREAMS])
def test_messages_are_those_of_the_standard(stream, expected, size):
    assert decode(stream, size)[0] == expected


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize(
    ("stream", "last_id"),
    [
        pytest.param(b"id: 1\ndata: a\n\n", "1", id="with its message"),
        pytest.param(b"id: 1\n\n", "1", id="without data, an id counts all the same"),
        pytest.param(b"id: 1\ndata: a\n\nid: 2\ndata: b\n", "1", id="not before its message is complete"),
        pytest.param(b"id: 1\n\nid\n\n", "", id="taken back by an empty one"),
        pytest.param(b"id: 1\n\nid: 2\0\n\n", "1", id="one with NUL is ignored"),
        pytest.param(b"id: 1\ndata: a\n\ndata: b\n\n", "1", id="outliving its message"),
        pytest.param("id: \u00fc \n\n".encode(), "\u00fc ", id="of any characters"),
    ],
)
def test_the_last_event_id(stream, last_id, size):
    assert decode(stream, size)[1].last_event_id == last_id


def test_an_id_from_an_earlier_connection_is_kept_until_the_next_one():
    decoder = SSEDecoder()
    decoder.last_event_id = "41"
    assert decoder.feed(b"data: a\n\nid: 42\ndata: b\n\n") == [message("a", last_id="41"), message("b", last_id="42")]


@pytest.mark.parametrize(
    ("value", "retry"),
    [
        ("1000", 1000),
        ("0", 0),
        ("007", 7),
        ("", None),
        ("+5", None),
        ("-5", None),
        ("1_0", None),
        ("1.5", None),
        ("1e3", None),
        (" 5", None),
        ("5 ", None),
        ("5s", None),
        ("\u0665", None),  # a digit, of another script
        ("\u00b2", None),
        ("9" * 5000, 999_999_999_999),  # more digits than int() takes
        ("0" * 5000 + "5", 5),
    ],
)
def test_retry_accepts_only_ascii_digits(value, retry):
    decoder = SSEDecoder()
    assert decoder.feed(f"retry: {value}\n".encode()) == []
    assert decoder.retry == retry


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize("before", [b"", b"event: a\n", b": ping\n", b"data: x\n", b"event: a\ndata: 1\n\nevent: a\n"])
def test_retry_takes_effect_with_its_line_whatever_becomes_of_its_message(before, size):
    assert decode(before + b"retry: 10\n", size)[1].retry == 10


def test_retry_keeps_its_last_valid_value():
    assert decode(b"retry: 10\nretry: x\nretry\n\n")[1].retry == 10


def test_a_message_is_returned_with_its_final_carriage_return():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [message("a")]
    assert decoder.feed(b"\ndata: b\r\n\r") == [message("b")]


def test_a_message_is_small_fast_and_immutable():
    one = decode(b"event: a\ndata: b\nid: c\n\n")[0][0]
    assert (one.event, one.data, one.id) == ("a", "b", "c")
    assert isinstance(one, SSEMessage)
    assert not hasattr(one, "__dict__")


# --- limits ----------------------------------------------------------------------------------------------------------

BIG = b"x" * 200


@pytest.mark.parametrize("size", [0, 1, 5, 64])
@pytest.mark.parametrize(
    ("stream", "dropped"),
    [
        pytest.param(b"data: " + BIG + b"\n\n", 1, id="one long line"),
        pytest.param(b"data: " + b"\ndata: ".join([b"x" * 20] * 10) + b"\n\n", 1, id="many lines"),
        pytest.param(b"data: a\n\n" + b"data\n" * 40 + b"\n", 1, id="many empty lines"),
        pytest.param(b"event: " + BIG + b"\ndata: a\n\n", 1, id="a long type"),
        pytest.param(b"data: a\nid: " + BIG + b"\n\n", 1, id="a long id"),
        pytest.param(b": " + BIG + b"\n\n", 0, id="a long comment harms nobody"),
        pytest.param(b"data: " + BIG + b"\ndata: " + BIG + b"\n\n", 1, id="counted once"),
        pytest.param((b"data: " + BIG + b"\n\n") * 3, 3, id="each counted"),
        pytest.param(b"data: a\n: " + BIG + b"\ndata: a\n\n", 0, id="a long comment inside a message"),
        pytest.param(b"data: " + b"x" * 94 + b"\n\n", 1, id="one byte over"),
        pytest.param(b"data: " + b"x" * 93 + b"\n\n", 0, id="just within"),
        pytest.param(b": ping\n" * 100, 0, id="comments add up to nothing"),
    ],
)
def test_a_message_beyond_the_limit_is_dropped_and_counted_and_the_next_is_decoded(stream, dropped, size):
    after = b"event: ok\r\ndata: next\r\n\r\nid: 9\ndata: last\n\n"
    messages, decoder = decode(stream + after, size, max_event_bytes=100)
    assert messages[-2:] == [message("next", "ok"), message("last", last_id="9")]
    assert decoder.oversized == dropped
    assert not any("x" * 94 in item.data for item in messages)


def test_an_id_and_a_retry_in_a_dropped_message_take_effect():
    _, decoder = decode(b"id: 5\nretry: 20\ndata: " + BIG + b"\n\n", max_event_bytes=100)
    assert (decoder.last_event_id, decoder.retry, decoder.oversized) == ("5", 20, 1)


def test_memory_stays_bounded_for_endless_input():
    decoder = SSEDecoder(max_event_bytes=100_000)
    chunk = b"x" * 10_000
    tracemalloc.start()
    try:
        decoder.feed(b"data: ")
        for _ in range(500):
            decoder.feed(chunk)
        for _ in range(500):
            decoder.feed(b"\ndata: y" + chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    assert decoder.oversized == 1


def seconds(chunks: list[bytes]) -> float:
    decoder = SSEDecoder()
    begin = time.process_time()
    for chunk in chunks:
        decoder.feed(chunk)
    return time.process_time() - begin


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda n: [b"data: ", *[b"x"] * n, b"\n\n"], id="one line, byte by byte"),
        pytest.param(lambda n: [b"data: ", *[b"x" * 64] * n, b"\n\n"], id="one line, in small chunks"),
        pytest.param(lambda n: [b"data: x\n"] * n + [b"\n"], id="one message of many lines, line by line"),
        pytest.param(lambda n: [b"data: x\r\n" * n, b"\r\n"], id="one message of many lines, at once"),
        pytest.param(lambda n: [b"\r\n"] * n, id="blank lines"),
        pytest.param(lambda n: [b": x\n"] * n, id="comments"),
        pytest.param(lambda n: [b"event: a\ndata: x\n\n"] * (n // 4), id="messages"),
        pytest.param(lambda n: [b"event: a\n", b"data: x\n", b"\n"] * (n // 8), id="messages, line by line"),
        pytest.param(lambda n: [b"\n", b"data: x\n"] * (n // 8), id="messages, cut before their blank line"),
    ],
)
def test_time_is_linear(make):
    small, large = make(20_000), make(160_000)
    best = min(seconds(large) / seconds(small) for _ in range(3))
    assert best < 24, f"8 times the input took {best:.0f} times as long"


# --- any chunks, and the standard word for word ----------------------------------------------------------------------


def by_the_standard(stream: bytes) -> tuple[list[SSEMessage], str, int | None]:
    """Interpret a whole stream step by step according to 9.2.6, regardless of speed."""
    text = stream.decode("utf-8", "replace")
    text = text.removeprefix("\ufeff")
    lines = re.split("\r\n|\n|\r", text)
    lines.pop()  # text after the last line break isn't a line
    data_buffer, type_buffer, id_buffer, retry = "", "", "", None
    last_id, messages = "", []
    for line in lines:
        if line == "":
            last_id = id_buffer
            if data_buffer == "":
                type_buffer = ""
                continue
            data_buffer = data_buffer.removesuffix("\n")
            messages.append(SSEMessage(type_buffer or "message", data_buffer, last_id))
            data_buffer, type_buffer = "", ""
            continue
        if line.startswith(":"):
            continue
        if ":" in line:
            field, value = line.split(":", 1)
            value = value.removeprefix(" ")
        else:
            field, value = line, ""
        if field == "event":
            type_buffer = value
        elif field == "data":
            data_buffer += value + "\n"
        elif field == "id":
            id_buffer = id_buffer if "\0" in value else value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            retry = int(value)
    return messages, last_id, retry


PIECES = st.sampled_from(
    [
        b"data",
        b"event",
        b"id",
        b"retry",
        b":",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"x",
        b"7",
        b"\0",
        b"data: a\n\n",
        b"data: \n\n",
        b"event: status\ndata: a\n\n",
        b"event: status\ndata: b\ndata: c\n\n",
        b"event: \ndata: a\n\n",
        b"event: status\n\n",
        b"event: status\n",
        b"retry: 7\n",
        b"id: 3\n",
        BOM,
        b"\xef",
        b"\xbb",
        b"\xe2\x82\xac",
        b"\xe2\x82",
        b"\xff",
        b"\xf0\x9f\x90",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\x0b",
        b'{"progress": 0.5}',
    ]
)
STREAM = st.lists(st.one_of(PIECES, st.binary(max_size=3)), max_size=40).map(b"".join)


@given(STREAM)
@settings(max_examples=500, deadline=None)
@example(b"\r\n")
@example(BOM + b"\n")
def test_messages_are_those_of_the_standard_taken_word_for_word(stream):
    messages, decoder = decode(stream)
    assert (messages, decoder.last_event_id, decoder.retry) == by_the_standard(stream)


@given(STREAM, st.lists(st.integers(1, 9), min_size=1, max_size=8), st.sampled_from([8, 20, 1 << 20]))
@settings(max_examples=500, deadline=None)
def test_any_division_into_chunks_gives_the_same_messages(stream, sizes, limit):
    whole, decoder = decode(stream, max_event_bytes=limit)
    cut, at, turn, messages = SSEDecoder(limit), 0, 0, []
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        messages += cut.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert messages == whole
    assert (cut.last_event_id, cut.retry, cut.oversized) == (decoder.last_event_id, decoder.retry, decoder.oversized)
