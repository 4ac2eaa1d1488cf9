"""The URL, key, token and proxies of the command line: mended where that is safe, else named, never shown."""

import os

import httpx
import pytest
from click.testing import CliRunner

from itwin_job_watch.address import app_key, app_token, app_url
from itwin_job_watch.cli import main
from itwin_job_watch.client import Api
from itwin_job_watch.errors import JobWatchError
from itwin_job_watch.proxies import transport_to

APP = "https://name.azurewebsites.net"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("SSL_CERT")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("end", ["", "/", "//", "/api", "/api/", "/api/watches", "\r\n", "/api/\r", " ", "/?"])
@pytest.mark.parametrize("start", ["", "\ufeff", " ", "\n"])
def test_the_url_is_that_of_the_app_however_it_is_copied(start, end):
    assert app_url(f"{start}{APP}{end}") == f"{APP}/api"
    assert app_url(f'"{start}{APP}{end}"') == f"{APP}/api"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:7071", "http://127.0.0.1:7071/api"),
        ("http://[::1]:7071/", "http://[::1]:7071/api"),
        ("HTTPS://Host.example/behind/a/gateway", "https://host.example/behind/a/gateway/api"),
    ],
)
def test_other_places_are_fine_too(url, base):
    assert app_url(url) == base


@pytest.mark.parametrize("around", ["", "\r", "\n", "\r\n", " ", "\t", '"', "'", "\ufeff", "\xa0"])
def test_a_key_is_stripped_of_what_is_copied_along(around):
    assert app_key(f"{around}Ab-_9/+==\r\n{around}") == "Ab-_9/+=="


WRONG_KEYS = ["s3cr\ret", "s3cr\net", "s3cr et", "s3crét", "s3cr\x00et", "s3cr\udcffet", "s3cr\x7fet", "s3cr\u200bet"]

WRONG_URLS = [
    ("name.azurewebsites.net/s3cret", "not the URL"),
    ("//name.azurewebsites.net/s3cret", "not the URL"),
    ("ftp://s3cret.example", "not the URL"),
    ("https://", "not the URL"),
    ("https:///s3cret", "not the URL"),
    ("https:s3cret", "not the URL"),
    ("https://s3cret:port", "not the URL"),
    ("https://s3cret:99999", "not the URL"),
    ("https://s3cret..example", "not the URL"),
    ("https://s3cret example", "not the URL"),
    ("https://s3cret\\example", "not the URL"),
    (f"https://{'s3cret' * 20}.example", "not the URL"),
    ("https://a\r\nb.example/s3cret", "not the URL"),
    ("https://\udcff.example/s3cret", "not the URL"),
    ("https://[s3cret", "not the URL"),
    ("s3cret", "not the URL"),
    ("https://user:s3cret@name.example", "a user or a password"),
    ("https://s3cret@name.example", "a user or a password"),
    ("https://:s3cret@name.example/?code=s3cret", "a user or a password"),
    ("https://name.example/api/watches?code=s3cret", "a query"),
    ("https://name.example/?s3cret", "a query"),
    ("https://name.example/#s3cret", "a query or a fragment"),
]


def invoke(name, value, *, by_option):
    good = {"url": APP, "key": "k"}
    variables = {f"ITWIN_JOB_WATCH_{other.upper()}": text for other, text in good.items() if other != name}
    if by_option:
        return CliRunner().invoke(main, [f"--{name}", value, "list"], env=variables)
    return CliRunner().invoke(main, ["list"], env=variables | {f"ITWIN_JOB_WATCH_{name.upper()}": value})


def says_one_line(done, named):
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {named} ")
    assert done.stderr.count("\n") == 1
    assert "s3c" not in done.output
    assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize("key", WRONG_KEYS)
def test_a_key_that_no_header_carries_is_named_and_not_shown(key):
    if "\udcff" not in key:  # no argument at all
        says_one_line(invoke("key", key, by_option=True), "--key")
    if "\x00" not in key:
        says_one_line(invoke("key", key, by_option=False), "ITWIN_JOB_WATCH_KEY")


TOKEN = "eyJ0.s3cr-_et.x"


@pytest.mark.parametrize("token", WRONG_KEYS)
def test_a_token_that_no_header_carries_is_named_and_not_shown(token):
    if "\udcff" not in token:  # no argument at all
        says_one_line(invoke("token", token, by_option=True), "--token")
    if "\x00" not in token:
        says_one_line(invoke("token", token, by_option=False), "ITWIN_JOB_WATCH_TOKEN")


@pytest.mark.parametrize("token", [TOKEN, f" {TOKEN}\r\n", f'"{TOKEN}"', f"Bearer {TOKEN}", f"bearer  {TOKEN}"])
def test_a_token_is_sent_with_each_request(token):
    """To the app alone, and beside its key."""
    made = []

    def answer(request):
        made.append(request)
        return httpx.Response(404, json={"type": "urn:x:unknown-watch", "title": "x", "detail": "none"})

    api = Api(APP, "k", httpx.MockTransport(answer), token=app_token(token))
    with pytest.raises(JobWatchError) as raised:
        api.show("x")
    api.close()

    assert [(one.headers["authorization"], one.headers["x-functions-key"]) for one in made] == [
        (f"Bearer {TOKEN}", "k")
    ]
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("token", [None, "", " \n"])
def test_without_a_token_none_is_sent(token, monkeypatch):
    sent: list[httpx.Request] = []
    monkeypatch.setattr("itwin_job_watch.connection.transport_to", lambda _: httpx.MockTransport(recorded(sent)))
    variables = {"ITWIN_JOB_WATCH_URL": APP, "ITWIN_JOB_WATCH_KEY": "k"}
    CliRunner().invoke(main, ["list"], env=variables | ({} if token is None else {"ITWIN_JOB_WATCH_TOKEN": token}))
    CliRunner().invoke(main, ["--token", TOKEN, "list"], env=variables)
    CliRunner().invoke(main, ["list"], env=variables | {"ITWIN_JOB_WATCH_TOKEN": TOKEN})

    assert [request.headers.get("authorization") for request in sent] == [None, f"Bearer {TOKEN}", f"Bearer {TOKEN}"]


def recorded(sent):
    def answer(request):
        sent.append(request)
        return httpx.Response(200, json={"watches": [], "next": None})

    return answer


@pytest.mark.parametrize(("url", "says"), WRONG_URLS)
def test_a_url_that_is_none_is_named_and_not_shown(url, says):
    for by_option, named in ((True, "--url"), (False, "ITWIN_JOB_WATCH_URL")):
        if by_option and "\udcff" in url:
            continue  # no argument at all
        done = invoke("url", url, by_option=by_option)

        says_one_line(done, named)
        assert says in done.stderr


def proxies_of(transport):
    return getattr(transport._pool, "_proxy_url", None)


@pytest.mark.parametrize(
    "no_proxy", ["[::1]", "fd00::/8", "[fd00::1]:80", "10.0.0.0/8,::1/128", "http://[", "%zz, ,", "é"]
)
def test_an_exception_that_cannot_be_read_is_harmless(monkeypatch, no_proxy):
    monkeypatch.setenv("NO_PROXY", no_proxy)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")

    assert proxies_of(transport_to(APP)).host == b"proxy.example"


@pytest.mark.parametrize(
    ("no_proxy", "app"),
    [
        ("name.azurewebsites.net", APP),
        (".azurewebsites.net", APP),
        ("fd00::/8, azurewebsites.net", APP),
        ("*", APP),
        ("::1", "https://[::1]:7071/api"),
        ("[::1]", "https://[::1]:7071/api"),
        ("localhost:7071", "https://localhost:7071"),
        *(
            ("", f"https://{host}")
            for host in ("localhost", "app.localhost:7071", "127.0.0.1", "127.9.9.9", "[::1]:7071")
        ),
    ],
)
def test_an_exception_holds(monkeypatch, no_proxy, app):
    monkeypatch.setenv("NO_PROXY", no_proxy)
    monkeypatch.setenv("HTTPS_PROXY", "http://[unusable")

    assert proxies_of(transport_to(app)) is None


@pytest.mark.parametrize(
    ("variables", "app", "proxy"),
    [
        ({"HTTPS_PROXY": "proxy:3128"}, APP, b"proxy"),
        ({"https_proxy": "http://u:p@proxy:3128"}, APP, b"proxy"),
        ({"ALL_PROXY": "http://proxy"}, APP, b"proxy"),
        ({"ALL_PROXY": "socks://s", "HTTPS_PROXY": "http://proxy"}, APP, b"proxy"),
        ({"HTTP_PROXY": "http://[unusable"}, APP, None),
        ({"HTTP_PROXY": "http://proxy", "HTTPS_PROXY": "nonsense://"}, "http://app.example", b"proxy"),
    ],
)
def test_only_the_proxy_that_is_needed_must_be_usable(monkeypatch, variables, app, proxy):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert getattr(proxies_of(transport_to(app)), "host", None) == proxy


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "socks://u:s3cret@host:1080",
        "socks4://s3cret",
        "socks5://u:s3cret@host:1080",
        "socks5h://s3cret",
        "http://u:s3cret@[host",
        "http://u:s3/cret@host:port",
        "http://u:s3cret@host:s3cret",
        "http://u:s3cret@host:99999",
        "http://:s3cret@",
        "http://s3cret..example",
        "s3cret in words",
        "ftp://s3cret",
        "://s3cret",
        "http://s3cret\udcff",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_and_not_shown(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    says_one_line(invoke("key", "k", by_option=True), name)


@pytest.mark.parametrize("content", [None, "no certificate", ""])
def test_certificates_that_cannot_be_read_are_named(monkeypatch, tmp_path, content):
    path = tmp_path / "bundle"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))

    says_one_line(invoke("key", "k", by_option=True), "SSL_CERT_FILE")


def test_the_api_itself_checks_too():
    with pytest.raises(JobWatchError, match="--key"):
        Api(APP, "a\rb", httpx.MockTransport(lambda _: httpx.Response(500)))
