"""Proxy and TLS settings of the environment: valid ones work, invalid ones are reported; loopback ignores them."""

from __future__ import annotations

import pytest

from cyberun_widget import Client, ConfigurationError, FollowPolicy, NetworkError, TaskWidget
from cyberun_widget.api import environment
from cyberun_widget.api.environment import Proxies, tls_context
from tests.servers.faulty import KEY, TASK, FaultyServer, Script, finished, sse

AWAY = "https://service.invalid/api/v1"
POLICY = FollowPolicy(backoff_initial=0.01, backoff_max=0.02, max_failures=2)
PASSWORD = "hunter2"
SETTINGS = {
    "a scheme that is none of a proxy": ("HTTPS_PROXY", "ftp://proxy.example:21", "ftp://"),
    "socks4": ("ALL_PROXY", "socks4://proxy.example:1080", "socks4://"),
    "no host": ("HTTPS_PROXY", "http://", "no host"),
    "no host but a port": ("https_proxy", "http://:3128", "no host"),
    "a word as port": ("HTTPS_PROXY", f"http://me:{PASSWORD}@proxy.example:port", "is not a URL"),
    "a port out of range": ("ALL_PROXY", "http://proxy.example:99999", "is not a URL"),
    "half an address": ("HTTPS_PROXY", "http://[::1", "is not a URL"),
    "a name that no host has": ("HTTPS_PROXY", "http://..:3128", "is not a URL"),
    "a space inside": ("HTTPS_PROXY", "http://proxy example:3128", "is not a URL"),
    "a file that is missing": ("SSL_CERT_FILE", "missing.pem", "can't be read"),
    "a folder as file": ("SSL_CERT_FILE", ".", "can't be read"),
    "an empty file": ("SSL_CERT_FILE", "empty.pem", "contains no certificate"),
    "a file of something else": ("SSL_CERT_FILE", "text.pem", "contains no certificate"),
    "a folder that is missing": ("SSL_CERT_DIR", "missing", "is not a folder"),
    "a log that is not writable": ("SSLKEYLOGFILE", "missing/keys.log", "is not writable"),
}
WRONG = pytest.mark.parametrize(("variable", "value", "words"), SETTINGS.values(), ids=SETTINGS)


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.pem").touch()
    (tmp_path / "text.pem").write_text("no certificate")
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


@WRONG
def test_an_invalid_setting_is_reported_with_what_to_set(monkeypatch, variable, value, words):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        Client(KEY, base_url=AWAY).task(TASK)
    told = str(caught.value)
    assert variable in told
    assert words in told
    assert "unset" in told
    assert PASSWORD not in told
    with pytest.raises(ConfigurationError, match=variable):
        TaskWidget(TASK, api_key=KEY, base_url=AWAY, policy=POLICY).wait(10)


@WRONG
def test_an_invalid_setting_does_not_affect_loopback(monkeypatch, variable, value, words, tmp_path):
    monkeypatch.setenv(variable, value)
    with FaultyServer(Script(events=[sse(*finished())])) as server:
        client = Client(KEY, base_url=server.base_url)
        assert client.task(TASK).id == TASK
        card = TaskWidget(TASK, client, policy=POLICY, download_dir=tmp_path / "files")
        assert card.wait(20).artifacts[0].state == "ready"
        card.close()


def test_a_socks_proxy_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    monkeypatch.setattr(environment, "find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match="pip install socksio"):
        Client(KEY, base_url=AWAY).task(TASK)


def test_a_corrected_setting_takes_effect_at_once(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "ftp://x")
    client = Client(KEY, base_url=AWAY)
    with pytest.raises(ConfigurationError):
        client.task(TASK)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(NetworkError):
        client.task(TASK)


def test_a_proxy_that_refuses_is_a_network_error_before_anything_was_sent(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(NetworkError) as caught:
        Client(KEY, base_url=AWAY).task(TASK)
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("no", "host", "direct"),
    [
        ("*", "core.cyberun.cloud", True),
        ("localhost,::1/128", "core.cyberun.cloud", False),
        ("localhost, ::1/128", "::1", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("fe80::/10", "fe80::1", True),
        ("[::1]", "::1", True),
        ("cyberun.cloud", "core.cyberun.cloud", True),
        (".cyberun.cloud", "core.cyberun.cloud", True),
        ("*.cyberun.cloud", "core.cyberun.cloud", True),
        ("cyberun.cloud:443", "core.cyberun.cloud", True),
        ("cyberun.cloud:8443", "core.cyberun.cloud", False),
        ("https://cyberun.cloud", "core.cyberun.cloud", True),
        ("run.cloud", "cyberun.cloud", False),
        (" , ,,", "cyberun.cloud", False),
        ("[::1", "cyberun.cloud", False),
        ("CYBERUN.CLOUD", "core.Cyberun.Cloud.", True),
    ],
)
def test_no_proxy_names_hosts_domains_and_networks(no, host, direct):
    proxies = Proxies({"https": "http://proxy.example:3128", "no": no})
    assert (proxies.way_to("https", host, 443) is None) is direct


@pytest.mark.parametrize(
    ("given", "scheme", "way"),
    [
        ({"https": "http://p:1"}, "https", "http://p:1"),
        ({"https": "p:1"}, "https", "http://p:1"),
        ({"https": "http://p:1"}, "http", None),
        ({"all": "http://p:1"}, "http", "http://p:1"),
        ({"all": "http://a:1", "http": "http://p:1"}, "http", "http://p:1"),
        ({}, "https", None),
    ],
)
def test_each_scheme_has_its_proxy(given, scheme, way):
    assert Proxies(given).way_to(scheme, "example.com", None) == way


def test_the_certificates_of_this_machine_are_trusted_by_default():
    assert tls_context().verify_mode.name == "CERT_REQUIRED"
