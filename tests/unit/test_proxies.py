"""Proxies of the environment: one that concerns an origin is used or named, and no other is any business of it."""

import asyncio
import os
import ssl
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import certifi
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from itwin_job_watch.client import Api
from itwin_job_watch.errors import JobWatchError
from shared import wiring
from shared.clients.certificates import VARIABLES, other_certificates
from shared.clients.proxies import ProxyError, proxy_for
from shared.core.remote import Request, Response
from shared.settings import SettingsError
from tests.unit.test_fetch import GRANTED, PATH, Platform, http, wired
from tests.unit.test_settings import NEEDED, read, refused

__all__ = ["wired"]

API = "https://api.bentley.com"
PROXY = "http://10.1.1.1:3128"

UNUSABLE = [
    "socks://10.1.1.1:1080",
    "socks4://10.1.1.1:1080",
    "ftp://10.1.1.1",
    "://",
    "http://",
    "http://:3128",
    "http://10.1.1.1:port",
    "http://10.1.1.1:99999",
    "http://10.1.1.1:0",
    "http://[::1",
    "http://10.1.1.999",
    "a proxy",
    "http://user:s3cr3t@a proxy",
    "http://x\x00y",
    "http://" + "x" * 70_000,
]

#: What people write there.
ODD_EXEMPTIONS = [
    "[::1]",
    "fd00::/8",
    "10.0.0.0/8",
    "[",
    "]",
    "://",
    "http://",
    " ",
    "a b",
    "::1%eth0",
    "10.0.0.0/99",
    "x:" + "9" * 5000,
    "%",
]


def used(url, **env):
    proxy = proxy_for(url, env)
    return proxy and str(proxy.url)


@pytest.mark.parametrize(
    ("env", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"Https_Proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": "10.1.1.1:3128"}, PROXY),
        ({"HTTPS_PROXY": f" {PROXY} "}, PROXY),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTP_PROXY": "nonsense://"}, None),
        ({"HTTPS_PROXY": PROXY, "ALL_PROXY": "socks://10.1.1.1:1080"}, PROXY),
        ({"HTTPS_PROXY": "http://other:1", "https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "https_proxy": ""}, None),
        ({"HTTPS_PROXY": "", "ALL_PROXY": ""}, None),
        ({"HTTPS_PROXY": "socks://x", "NO_PROXY": "bentley.com"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "x, *"}, None),
        ({"HTTPS_PROXY": "http://my_proxy:3128"}, "http://my_proxy:3128"),
        ({"HTTPS_PROXY": "http://[fd00::1]:3128"}, "http://[fd00::1]:3128"),
    ],
)
def test_the_variable_of_the_scheme_counts(env, proxy):
    assert used(API, **env) == proxy


@pytest.mark.parametrize(
    ("url", "entry", "exempt"),
    [
        (API, "bentley.com", True),
        (API, "BENTLEY.com", True),
        (API, "bentley.com.", True),
        (API, ".bentley.com", True),
        (API, "*.bentley.com", True),
        (API, "api.bentley.com", True),
        (API, ".api.bentley.com", False),
        (API, "api.bentley.com:443", True),
        (API, "api.bentley.com:8443", False),
        (API, "https://api.bentley.com", True),
        (API, "http://api.bentley.com", False),
        (API, "entley.com", False),
        (API, "10.0.0.0/8", False),
        ("https://10.2.3.4", "10.0.0.0/8", True),
        ("https://10.2.3.4", "10.2.3.4", True),
        ("https://10.2.3.4:8443", "10.2.3.4:8443", True),
        ("https://10.2.3.4", "10.2.3.4:8443", False),
        ("https://10.2.3.4", "11.0.0.0/8", False),
        ("https://10.2.3.4", "10.2.3", False),
        ("https://10.2.3.4", "fd00::/8", False),
        ("https://10.2.3.4", "3.4", False),
    ],
)
@pytest.mark.parametrize("around", ["{}", " {} ,", ",,{}", "[::1], fd00::/8, {}, "])
def test_what_is_exempt_has_no_proxy(url, entry, exempt, around):
    assert (used(url, HTTPS_PROXY=PROXY, NO_PROXY=around.format(entry)) is None) is exempt


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "https://localhost"])
@pytest.mark.parametrize("value", [PROXY, *UNUSABLE])
def test_this_machine_is_asked_without_one(url, value):
    assert used(url, HTTP_PROXY=value, HTTPS_PROXY=value, ALL_PROXY=value) is None


@pytest.mark.parametrize("value", UNUSABLE, ids=lambda value: ascii(value)[:30])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy"])
def test_one_that_cannot_be_used_is_a_setting_that_is_named_and_not_shown(name, value):
    error = refused(NEEDED | {name: value})

    assert error.problems == {name: "names a proxy that cannot be used: it must be a URL such as http://10.0.0.4:3128"}
    assert "s3cr3t" not in str(error)


def test_socks_needs_a_package_that_is_not_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "socksio", None)

    with pytest.raises(ProxyError, match="ALL_PROXY"):
        proxy_for(API, {"ALL_PROXY": "socks5://10.1.1.1:1080"})


@pytest.mark.parametrize("entry", ODD_EXEMPTIONS)
def test_an_exemption_that_cannot_be_read_is_none(entry):
    assert used(API, HTTPS_PROXY=PROXY, NO_PROXY=entry) == PROXY
    assert read(HTTPS_PROXY=PROXY, NO_PROXY=entry) == read()


NAMES = st.sampled_from(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "no_proxy"])
VALUES = st.text(max_size=30) | st.sampled_from([PROXY, *UNUSABLE, *ODD_EXEMPTIONS, "bentley.com"])


@given(st.dictionaries(NAMES, VALUES), st.sampled_from([API, "https://10.2.3.4:8443", "http://127.0.0.1"]))
def test_whatever_is_set_there_is_a_proxy_or_none_or_an_unusable_one(env, url):
    try:
        proxy = proxy_for(url, env)
    except ProxyError as error:
        assert str(error) in env  # noqa: PT017 -- either will do
    else:
        assert proxy is None or URL(str(proxy.url)).host


@pytest.fixture
def hostile(monkeypatch):
    """What httpx would make no client with."""
    for name, value in {"ALL_PROXY": "socks://x", "HTTPS_PROXY": "://", "NO_PROXY": "[::1], fd00::/8,"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("hostile")
def test_the_real_parts_ask_this_machine_all_the_same(wired):
    async def scenario():
        async with Platform(GRANTED, http()) as platform:
            return await wired(platform.origin)(Request(PATH, {}))

    assert isinstance(asyncio.run(scenario()), Response)


def test_the_real_parts_ask_through_the_proxy_that_is_set(wired, monkeypatch):
    """It answers for a host that there is not."""

    async def scenario():
        async with Platform(http(403)) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.origin.replace("//", "//us%40er:p%C3%A9@"))
            await wired("https://api.example.invalid")(Request(PATH, {}))
            return proxy.asked

    ((first, headers),) = asyncio.run(scenario())
    assert first == "CONNECT api.example.invalid:443 HTTP/1.1"
    assert b64decode(headers["proxy-authorization"].removeprefix("Basic ")).decode() == "us@er:pé"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_a_setting_that_is_named(wired, monkeypatch, tmp_path, content):
    path = tmp_path / "s3cr3t.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    with pytest.raises(SettingsError) as caught:
        wired(API)

    assert caught.value.problems == {"SSL_CERT_FILE": "cannot be read as certificates in PEM"}


def test_the_certificates_of_the_environment_are_those_of_every_client(wired, monkeypatch, tmp_path):
    """Proxies that look into TLS have one of their own."""
    end = "-----END CERTIFICATE-----"
    (tmp_path / "own.pem").write_text(Path(certifi.where()).read_text().split(end)[0] + end)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    made = []
    monkeypatch.setattr(wiring, "AiohttpTransport", lambda certificates, _: made.append(certificates))
    monkeypatch.setattr(httpx, "AsyncClient", lambda **options: made.append(options["verify"]))

    wired(API)
    wiring.callback_sender()

    assert [len(context.get_ca_certs()) for context in made] == [1, 1, 1]


@pytest.fixture
def system(monkeypatch):
    """Says that the system's certificates are there, or not; the environment names none."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    paths = ssl.get_default_verify_paths()
    return lambda file: monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths._replace(cafile=file))


def test_the_systems_certificates_are_trusted_unless_others_are_named(system, monkeypatch):
    system("ca.pem")
    assert other_certificates(os.environ) is None

    monkeypatch.setenv("SSL_CERT_FILE", "")
    assert other_certificates(os.environ) is None

    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    assert other_certificates(os.environ) is not None


def test_where_the_system_has_no_certificates_those_of_httpx_are_trusted(system):
    system(None)

    others = other_certificates(os.environ)

    assert others is not None
    assert len(others.get_ca_certs()) > 100


@pytest.mark.usefixtures("hostile")
def test_the_command_line_says_which_variable_it_cannot_use():
    with pytest.raises(JobWatchError, match="HTTPS_PROXY names no proxy"):
        Api("https://app.example", "key")


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("url", ["http://127.0.0.1:7071", "http://localhost/api", "http://[::1]:7071"])
def test_the_command_line_asks_this_machine_all_the_same(url):
    Api(url, "key")


@pytest.mark.usefixtures("hostile")
def test_storage_on_this_machine_is_reached_all_the_same(azurite):
    program = f"from local.parts.stack import make_storage; make_storage({azurite!r})"

    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2], timeout=60)
