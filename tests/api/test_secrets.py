"""The key and the signatures of links stay secret: nothing that a user sees, saves or pastes contains them."""

from __future__ import annotations

import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from IPython.core.ultratb import VerboseTB
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from cyberun_widget import Client, CyberunError, FollowPolicy, TaskWidget
from cyberun_widget.render.static_card import bundle
from tests.servers.faulty import (
    KEY,
    SIGNATURE,
    TASK,
    Answer,
    FaultyServer,
    Now,
    Script,
    answer,
    event,
    finished,
    progress,
    sse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNED = f"https://store.example/out/9.png?X-Amz-Credential=AKIA0&X-Amz-Expires=3600&X-Amz-Signature={SIGNATURE}"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
NOBODY = "http://127.0.0.1:9/api/v1"
TEAM = "0192f3c1-0000-7000-8000-00000000abcd"
POLICY = FollowPolicy(poll_interval=0.05, idle_timeout=0.3, backoff_initial=0.01, backoff_max=0.05, max_failures=3)
SECRETS = (KEY, KEY.removeprefix("sk-"), SIGNATURE, JWT, JWT.rpartition(".")[2], "AKIA0")


def assert_clean(text: str, where: str) -> None:
    found = [item for item in SECRETS if item in text]
    at = text.find(found[0]) if found else 0
    assert not found, f"{where} tells a secret: {text[max(0, at - 300) : at + 40]!r}"


@pytest.fixture(autouse=True)
def records() -> Iterator[list[logging.LogRecord]]:
    """Collect all log records at DEBUG level, and check them after the test."""
    records: list[logging.LogRecord] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    collector = Collector()
    named = [logging.getLogger(), *map(logging.getLogger, ("httpx", "httpcore", "asyncio", "cyberun_widget"))]
    levels = [logger.level for logger in named]
    for logger in named:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(collector)
    try:
        yield records
    finally:
        logging.getLogger().removeHandler(collector)
        for logger, level in zip(named, levels, strict=True):
            logger.setLevel(level)
    for record in records:
        assert_clean(f"{logging.Formatter().format(record)} {record.args!r}", f"a log record of {record.name}")


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch) -> None:
    """Set the key as users do, so that no line of these tests contains it."""
    monkeypatch.setenv("CYBERUN_API_KEY", KEY)


def traceback_of(action: Callable[[], object]) -> str:
    """Run an action that raises, and return IPython's traceback with `%xmode Verbose`, which includes values."""
    try:
        action()
    except Exception as exc:  # noqa: BLE001 - the traceback of any exception is checked
        trace = exc.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next  # lines of the user's code may contain anything
        shown = VerboseTB(theme_name="nocolor", include_vars=True).text(type(exc), exc, trace)
        return f"{shown}\n{exc!r} {exc.args!r} {vars(exc)!r}"
    pytest.fail("nothing was raised")


def everything_of(card: TaskWidget) -> dict[str, str]:
    """Return everything that a card shows, sends, saves or returns, as text."""
    state = card.get_state()
    return {
        "the widget's state": repr(state),
        "the traits": repr({name: getattr(card, name) for name in card.trait_names()}),
        "repr": f"{card!r} {card}",
        "the artifacts": f"{card.artifacts!r} {[repr(item) for item in card.artifacts]} {card.artifacts.to_json()!r}",
        "diagnostics": card.diagnostics(),
        "the bundle": json.dumps(card._repr_mimebundle_(), default=repr),
        "the archive": json.dumps(bundle({name: getattr(card, name) for name in card.trait_names()}), default=repr),
        "the events": repr(list(card._session.observers._seen)),
        "the insides": " ".join(
            map(repr, (vars(card), vars(card._session), vars(card._session._calls), vars(card._session._calls.http)))
        ),
        "the result": repr(card._session.watch.result()) if card._session.watch else "",
    }


def watch(server: FaultyServer, folder: Any, task_id: str = TASK, **more: Any) -> TaskWidget:
    return TaskWidget(task_id, base_url=server.base_url, policy=POLICY, download_dir=folder, **more)


def ended(card: TaskWidget) -> CyberunError | None:
    try:
        card.wait(20)
    except CyberunError as exc:
        return exc
    return None


HEADERS = {"Location": "http://localhost:1/x?X-Amz-Signature=" + SIGNATURE}
AGAIN = {"Location": "/outputs/none?X-Amz-Signature=" + SIGNATURE}
STORIES: dict[str, Callable[[], Script]] = {
    "a good end": lambda: Script(events=[sse(progress(0.5), end="reset"), sse(progress(0.7), *finished())]),
    "an output and messages with keys and links in them": lambda: Script(
        events=[
            sse(
                progress(0.5, message=f"PUT {SIGNED} with Bearer {KEY}", current_node=KEY),
                event("error", message=f"403 for {SIGNED}"),
                event("status", status=f"x {KEY}"),
                b"event: what\ndata: " + SIGNED.encode() + b"\n\n",
                b"event: progress\ndata: {" + KEY.encode() + b"\n\n",
                Now("completed"),
                event("completed", output={"url": SIGNED, KEY: [KEY]}),
            )
        ]
    ),
    "a failure whose log has a link in it": lambda: Script(
        events=[sse(*finished("failed", error=f"Traceback:\nRuntimeError: GET {SIGNED} -> 403, key {KEY}"))]
    ),
    "a wrong key that the server repeats": lambda: Script(task=[answer({"detail": f"unknown token {KEY}"}, 401)]),
    "a redirect to a signed link": lambda: Script(task=[Answer(status=302, headers=HEADERS)] * 9),
    "a server that is gone": lambda: Script(task=[Answer(headers=None)] * 9),
    "a store that refuses": lambda: Script(
        store=[answer({"error": SIGNED}, 403)] * 9, events=[sse(Now("completed"), event("completed"))]
    ),
    "a store that redirects to another link": lambda: Script(
        store=[Answer(status=302, headers={**AGAIN, "Content-Length": "0"})] * 9, life=((0.0, "completed"),)
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_nothing_of_a_card_reveals_a_secret(story, tmp_path, records):
    with FaultyServer(STORIES[story]()) as server:
        card = watch(server, tmp_path)
        ended(card)
        try:
            for where, text in everything_of(card).items():
                assert_clean(text, where)
            for artifact in card.artifacts:
                assert_clean(repr({name: getattr(artifact, name) for name in ("error", "path", "name")}), "an artifact")
                if artifact.state != "ready":
                    assert_clean(traceback_of(artifact.bytes), "an artifact that isn't there")
            if story not in ("a good end", "a store that refuses", "a store that redirects to another link") and (
                "output" not in story
            ):
                assert_clean(traceback_of(lambda: card.wait(1)), "wait()")
            card.stop()
            assert_clean(traceback_of(lambda: TaskWidget(TASK, base_url=server.base_url, nonsense=1)), "a wrong word")
            assert server.counters.leaks == []
            assert any(record.name.startswith("httpcore") for record in records), "the logs aren't at DEBUG"
        finally:
            card.close()
    for path in tmp_path.rglob("*"):
        assert_clean(path.name, "a file's name")
        if path.suffix in (".json", ".part"):
            assert_clean(path.read_bytes().decode("latin-1"), f"the file {path.name}")


def test_no_error_of_the_client_reveals_a_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "in.png").write_bytes(b"x" * 100)
    presigned = {"file_key": "k", "upload_url": SIGNED.replace("https://store.example", "http://127.0.0.1:9"),
                 "upload_headers": {"Content-Length": "100", "If-None-Match": "*", "X-Sign": SIGNATURE}}  # fmt: skip
    script = Script(
        task=[
            answer({"detail": KEY}, 401),
            answer({"error": SIGNED}, 500),
            answer({"message": SIGNED}, 422),
            answer(f"<html>{KEY}".encode()),
            answer({"id": TASK, "task_status": ""}),
            Answer(headers=None),
            Answer(status=302, headers=HEADERS),
        ],
        other=[answer(presigned)],
        life=((0.0, "completed"),),
    )
    with FaultyServer(script) as server:
        client = Client(base_url=server.base_url)
        for _ in range(7):
            assert_clean(traceback_of(lambda: client.task(TASK)), "Client.task")
        assert_clean(traceback_of(lambda: client.upload(tmp_path / "in.png")), "Client.upload")
        assert_clean(traceback_of(lambda: client.submit("nothing", a=1)), "Client.submit")
        result = client.result(TASK, download="none", download_dir=tmp_path / "none")
        assert_clean(traceback_of(result.artifacts[0].bytes), "Artifact.bytes")
        assert_clean(f"{client!r} {vars(client)!r} {vars(client._calls)!r} {vars(client._calls.http)!r}", "the client")
        assert_clean(repr(pickle.dumps(client._calls.settings)), "a pickle")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Client(KEY.replace("sk-", "ak-")), id="an agent's key"),
        pytest.param(lambda: Client(f"{KEY} with a space"), id="a key with a space"),
        pytest.param(lambda: Client(JWT), id="a user's token without a team"),
        pytest.param(lambda: Client(JWT, team_id="my team"), id="a user's token with no team's id"),
        pytest.param(lambda: Client(KEY, base_url="core.cyberun.cloud"), id="a base URL without a scheme"),
        pytest.param(lambda: Client(KEY, base_url=f"https://{KEY}@core.cyberun.cloud/api/v1"), id="a key in the URL"),
        pytest.param(lambda: Client(KEY, base_url=f"https://x.example/api/v1?api_key={KEY}"), id="a key in the query"),
        pytest.param(lambda: Client(KEY, base_url=NOBODY).task(TASK), id="nobody there"),
        pytest.param(
            lambda: Client(JWT, team_id=TEAM, base_url=NOBODY).task(TASK),
            id="nobody, with a token",
        ),
        pytest.param(lambda: TaskWidget(TASK, api_key=KEY.replace("sk-", "ak-")).wait(5), id="a wrong key's card"),
        pytest.param(lambda: TaskWidget(TASK, api_key=KEY, download="some"), id="a card with a wrong word"),
        pytest.param(lambda: TaskWidget(TASK, api_key=KEY, colour="red"), id="a card with a word too many"),
    ],
)
def test_a_key_passed_as_an_argument_is_in_no_traceback(make):
    assert_clean(traceback_of(make), "a traceback")


@pytest.mark.parametrize("key", ["sk-live-0a1b2c3d4e5f", "ak-0a1b2c3d4e5f", JWT, " 'sk-live-0a1b2c3d4e5f'"])
def test_a_key_passed_as_a_task_id_is_refused_and_not_shown(key, tmp_path):
    secret = key.strip(" '")
    with FaultyServer(Script()) as server:
        card = watch(server, tmp_path, api_key="sk-another-0123456789", task_id=key)
        error = ended(card)
        traits = {name: getattr(card, name) for name in card.trait_names()}
        shown = [
            card.get_state(),
            traits,
            card,
            card.diagnostics(),
            vars(card),
            vars(card._session),
            bundle(traits),
            error,
        ]
        with pytest.raises(CyberunError) as refused:
            Client("sk-another-0123456789", base_url=server.base_url).task(key)
        assert server.counters.requests == {}
    assert "looks like an API key" in str(error)
    assert "api_key=" in str(error)
    assert "looks like an API key" in str(refused.value)
    assert secret not in str(refused.value)
    assert not [one for one in map(repr, shown) if secret in one]


NOTEBOOK = (
    "%xmode Verbose\nimport logging, os\nlogging.basicConfig(level=10, force=True)",
    "from cyberun_widget import Client, TaskWidget",
    "w = TaskWidget(os.environ['TASK'], download_dir=os.environ['FOLDER'])\nw",
    "w.wait(30)",
    "print(w.diagnostics(), w, w.artifacts, w.artifacts[0], w.output)\nw.artifacts[0].image()",
    "bad = TaskWidget('nothing', download_dir=os.environ['FOLDER'])\nbad",
    "bad.wait(1)",
    "Client(base_url='nowhere')",
)


def test_a_saved_notebook_has_no_secret(tmp_path, monkeypatch):
    script = Script(events=[sse(progress(0.5, message=f"PUT {SIGNED}"), *finished(output={"url": SIGNED}))])
    with FaultyServer(script) as server:
        script.task = [None]
        monkeypatch.setenv("CYBERUN_BASE_URL", server.base_url)
        monkeypatch.setenv("TASK", TASK)
        monkeypatch.setenv("FOLDER", str(tmp_path / "files"))
        notebook = new_notebook(cells=[new_code_cell(source) for source in NOTEBOOK])
        NotebookClient(
            notebook, timeout=60, kernel_name="python3", allow_errors=True, store_widget_state=True
        ).execute()
    saved = nbformat.writes(notebook)
    assert "image/png" in saved
    assert "widget-state" in saved
    assert "diagnostics" in saved
    assert "httpcore" in saved, "the notebook shows the log at DEBUG"
    assert [cell.outputs[-1].output_type for cell in notebook.cells[-2:]] == ["error", "error"]
    assert_clean(saved, "the saved notebook")
