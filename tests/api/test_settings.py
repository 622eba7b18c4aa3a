"""Keys, base URLs and teams are checked before the first request, with errors that say what to do."""

from __future__ import annotations

import copy
import pickle
import warnings
from importlib.metadata import PackageNotFoundError

import pytest

from cyberun_widget import AsyncClient, Client
from cyberun_widget.api import pool
from cyberun_widget.api.settings import DEFAULT_BASE_URL, Settings, origin_of
from cyberun_widget.errors import AuthError, ConfigurationError
from cyberun_widget.support.secrets import Secret, redact, scrub

KEY = "sk-0123456789abcdef"
TEAM = "019abc12-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"CYBERUN_API_KEY": KEY}, KEY),
        ({"CYBERUN_KEY": KEY}, KEY),
        ({"CYBERUN_API_KEY": KEY, "CYBERUN_KEY": "sk-other-key"}, KEY),
        ({"CYBERUN_API_KEY": f"  {KEY}\n"}, KEY),
        ({"CYBERUN_API_KEY": f'"{KEY}"'}, KEY),
        ({"CYBERUN_API_KEY": "dk-0123456789"}, "dk-0123456789"),
        ({"CYBERUN_API_KEY": "eyJh.b.c", "CYBERUN_TEAM_ID": TEAM}, "eyJh.b.c"),
    ],
)
def test_the_key_is_found_in_the_environment(environ, key):
    settings = Settings.resolve(environ=environ)
    assert settings.key.reveal() == key
    assert settings.base_url == DEFAULT_BASE_URL


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "No API key"),
        ({"api_key": ""}, "No API key"),
        ({"api_key": "ak-123456"}, "agent key (ak-...), which can't read or submit tasks"),
        ({"api_key": "eyJh.b.c"}, "also needs a team"),
        ({"api_key": "eyJh.b.c", "team_id": "my-team"}, "isn't a UUID"),
        ({"api_key": "sk-12 34"}, "spaces or characters"),
        ({"api_key": "sk-12\r\nX-Evil: 1"}, "spaces or characters"),
        ({"api_key": "sk-ключ"}, "spaces or characters"),
    ],
)
def test_an_invalid_key_is_refused_with_a_message(given, words):
    with pytest.raises(AuthError) as caught:
        Settings.resolve(**given, environ={})
    assert words in str(caught.value)
    assert given.get("api_key", "") == "" or given["api_key"] not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "core.cyberun.cloud",
        "ftp://host/api",
        "http://",
        "https://user:pw@host/api",
        "https://host/api?x=1",
        "http://[::1",
        "https://ho st/",
        "https://host:99999/",
    ],
)
def test_a_malformed_base_url_is_refused_with_a_message(url):
    with pytest.raises(ConfigurationError, match="base URL") as caught:
        Settings.resolve(KEY, url, environ={})
    assert "pw" not in str(caught.value)


JWT = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "url",
    [
        KEY,
        f" {KEY}\n",
        f"'{KEY}'",
        "sk-short",
        "dk-0123456789abcdef",
        JWT,
        f"https://{KEY}",
        f"https://{KEY}/api/v1",
        f"https://core.cyberun.cloud/{KEY}/api/v1",
        f"https://core.cyberun.cloud/api/v1/{JWT}",
        f"https://core.cyberun.cloud/api/v1?key={KEY}",
        f"https://{KEY}@core.cyberun.cloud/api/v1",
    ],
)
def test_a_key_given_as_the_base_url_is_refused_and_not_shown(url):
    with pytest.raises(ConfigurationError, match="base URL") as caught:
        Client(base_url=url, api_key=KEY)
    assert not any(part in f"{caught.value!r}" for part in (KEY[3:], "short", "0123456789", JWT[10:30]))


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8000/api/v1", "https://sk-cluster/api/v1", "https://ak-1.example.com", "https://task-12345678"],
)
def test_a_host_name_may_start_like_a_key(url):
    assert Client(KEY, base_url=url).base_url == url


def test_plain_http_to_another_machine_causes_one_warning():
    with pytest.warns(UserWarning, match=r"travels to gpu\.example:8000 unencrypted") as caught:
        Client(KEY, base_url="http://gpu.example:8000/api/v1")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Client(KEY, base_url="http://gpu.example:8000/api/v1")
        Client(KEY, base_url="http://127.0.0.1:8000/api/v1")
        Client(KEY, base_url="http://localhost/api/v1")
        Client(KEY, base_url="https://other.example/api/v1")


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy], ids=["pickle", "deepcopy"])
@pytest.mark.parametrize("make", [Client, AsyncClient])
def test_a_client_refuses_to_be_pickled_or_copied_with_a_message(copied, make):
    with pytest.raises(TypeError, match="its key would be lost"):
        copied(make(KEY))


def test_the_package_works_in_a_checkout_that_is_not_installed(monkeypatch):
    def missing(_name: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr(pool, "version", missing)
    assert pool._agent() == "cyberun-widget"


def test_an_origin_spells_out_the_default_port():
    assert origin_of("HTTPS://Host/x") == "https://host:443"
    assert origin_of("http://127.0.0.1:8000/api") == "http://127.0.0.1:8000"


def test_a_secret_is_never_shown():
    secret = Secret(KEY)
    settings = Settings("https://host", secret)
    shown = f"{secret!r} {secret} {secret!s:>20} {settings!r} {settings} {[secret]} {pickle.dumps(secret)!r}"
    assert KEY not in shown
    assert secret.reveal() == KEY


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"Bearer {KEY}", KEY),
        ("authorization: bearer abc.def", "abc.def"),
        ("dk-abcdef0123", "dk-abcdef0123"),
        ("eyJhbGciOi.eyJzdWIi.c2ln", "eyJzdWIi"),
        ("https://s3/x?X-Amz-Signature=deadbeef&X-Amz-Expires=3600", "deadbeef"),
        ("https://s3/x?a=1&x-amz-credential=AKIA%2Fus&b=2", "AKIA"),
        ("https://blob/x?sv=1&sig=a%2Bb", "a%2Bb"),
        ("'https://cdn/x?Policy=p0&Signature=s1&Key-Pair-Id=k2'", "s1"),
        (r'{"url": "https://s3/x?a=1\u0026X-Amz-Signature=deadbeef"}', "deadbeef"),
        (r'{"url": "https://cdn/x?a=1\u0026Signature=deadbeef"}', "deadbeef"),
        ("https://host/login?next=https%3A%2F%2Fs3%2Fx%3FX-Amz-Signature%3Ddeadbeef%26b%3D1", "deadbeef"),
        ("https://host/login?next=https%3A%2F%2Fblob%2Fx%3Fa%3D1%26sig%3Ddeadbeef", "deadbeef"),
        ("AWS4-HMAC-SHA256 Credential=c, SignedHeaders=host, Signature=deadbeef", "deadbeef"),
    ],
)
def test_redacting_removes_keys_and_signatures(text, gone):
    assert gone not in redact(text)
    assert gone not in str(scrub({"a": [text], text: {"b": (text,)}}))


def test_redacting_keeps_everything_else():
    text = "loss 0.01 at step 7 of 20; https://host/path?width=3&seed=4; desk-mounted task-runner"
    assert redact(text) == text
    assert scrub([1, 2.5, None, True, "x"]) == [1, 2.5, None, True, "x"]
