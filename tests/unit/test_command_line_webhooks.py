"""The command line's webhooks over a scripted platform: what is sent, what is lost, what is never shown."""

import json
import os

import httpx
import pytest
from click.testing import CliRunner

from itwin_job_watch.cli import main
from itwin_job_watch.webhooks.events import EVENTS
from itwin_job_watch.webhooks.platform import Platform
from itwin_job_watch.webhooks.values import first_secret
from shared.apis import APIS
from tests.command_line import Clock

PLATFORM, TOKENS = "https://api.bentley.com", "https://ims.bentley.com/connect/token"
SECRET = "0123456789abcdef0123456789abcdef"
KEY = "k3y-of-the-app"
URL = f"https://app.example/api/events?code={KEY}"
TOKEN = "t0ken-of-the-platform"
WEBHOOK = {
    "id": "w1",
    "scope": "iTwin",
    "scopeId": "t1",
    "active": False,
    "callbackUrl": URL,
    "eventTypes": [*EVENTS],
}
ACTIVE = WEBHOOK | {"active": True}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in [name for name in os.environ if name.startswith("ITWIN_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


class Scripted:
    """Grants a token, and answers each other request in turn."""

    def __init__(self, *answers):
        self.left, self.made, self.clock = list(answers), [], Clock()

    def __call__(self, request):
        if str(request.url) == TOKENS:
            return httpx.Response(200, json={"access_token": TOKEN})
        self.made.append(request)
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def run(self, command, *arguments):
        platform = Platform(
            PLATFORM, TOKENS, ("client", "s3cret-of-it"), transport=httpx.MockTransport(self), sleep=self.clock.sleep
        )
        more = {"COLUMNS": "400", "WEBHOOK_SECRETS": SECRET}
        done = CliRunner().invoke(main, ["webhooks", command, *arguments], obj=platform, env=more)
        for secret in (SECRET, KEY, TOKEN, "s3cret-of-it"):
            assert secret not in done.output
        return done

    @property
    def requests(self):
        return [f"{one.method} {one.url.path}" for one in self.made]


def none(**more):
    return {"webhooks": [], **more}


def test_it_registers_for_what_the_app_knows():
    """All that it knows, but for what no page names."""
    known = {event for api in APIS.values() if api.event for event in api.event.types}

    assert known - {*EVENTS} == {"realityAnalysis.jobCompleted.v2"}
    assert known >= {*EVENTS}
    assert all({*api.event.types} & {*EVENTS} for api in APIS.values() if api.event)


def test_what_is_sent():
    platform = Scripted(none(), httpx.Response(201, json=WEBHOOK | {"secret": SECRET}), ACTIVE | {"secret": SECRET})

    done = platform.run("create", "--itwin", "t1", "--url", URL, "--json")

    assert done.exit_code == 0
    assert platform.requests == ["GET /webhooks", "POST /webhooks", "PATCH /webhooks/w1"]
    for request in platform.made:
        assert request.url.host == "api.bentley.com"
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.headers["accept"] == "application/vnd.bentley.itwin-platform.v2+json"
    wanted = {"callbackUrl": URL, "secret": SECRET, "eventTypes": [*EVENTS]}
    assert json.loads(platform.made[1].content) == wanted | {"scope": "iTwin", "scopeId": "t1"}
    assert json.loads(platform.made[2].content) == wanted | {"active": True}


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("slow"), httpx.Response(502), httpx.ReadError("gone")], ids=str)
def test_a_creation_whose_answer_is_lost_is_not_repeated(lost):
    platform = Scripted(none(), lost, {"webhooks": [WEBHOOK]}, ACTIVE)

    assert platform.run("create", "--itwin", "t1", "--url", URL).exit_code == 0
    assert platform.requests == ["GET /webhooks", "POST /webhooks", "GET /webhooks", "PATCH /webhooks/w1"]


def test_a_creation_that_did_not_arrive_is_repeated():
    platform = Scripted(none(), httpx.ConnectError("no"), none(), WEBHOOK, ACTIVE)

    assert platform.run("create", "--itwin", "t1", "--url", URL).exit_code == 0
    assert platform.requests.count("POST /webhooks") == 2
    assert platform.clock.slept == [2]


def test_an_outage_leaves_the_other_itwins():
    platform = Scripted(none(), WEBHOOK, ACTIVE, *[httpx.Response(503)] * 4)

    done = platform.run("create", *(f"--itwin=t{number}" for number in range(1, 5)), "--url", URL)

    assert done.exit_code == 1
    assert "w1" in done.stdout
    assert done.stderr.splitlines()[-2:] == ["iTwin t2: HTTP 503 from the platform", "Not tried: t3, t4"]


def test_a_webhook_that_stays_inactive_is_no_success():
    done = Scripted(none(), WEBHOOK, WEBHOOK).run("create", "--itwin", "t1", "--url", URL)

    assert done.exit_code == 1
    assert "webhook w1 was created, but it is not active" in done.stderr


def test_a_deletion_whose_answer_is_lost_is_one():
    platform = Scripted(httpx.ReadTimeout("slow"), httpx.Response(404, json={"error": {"code": "WebhookNotFound"}}))

    done = platform.run("delete", "w1")

    assert (done.exit_code, done.stdout) == (0, "Deleted w1\n")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(302, headers={"location": "https://evil.example/"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"webhooks": [{}]}),
        httpx.Response(200, json={"webhooks": [WEBHOOK | {"eventTypes": [1]}]}),
        httpx.Response(200, text="[" * 100_000),
    ],
    ids=["page", "redirect", "list", "no webhook", "no events", "nested"],
)
def test_what_is_not_the_platforms_is_not_believed(answer):
    platform = Scripted(answer)

    done = platform.run("list")

    assert done.exit_code == 1
    assert done.stderr.endswith("is --platform the iTwin Platform?\n")
    assert len(platform.made) == 1


def test_what_the_platform_repeats_is_hidden():
    told = f"{URL} {SECRET} {TOKEN} s3cret-of-it \x1b[2J"
    error = {"error": {"code": "Invalid", "message": told, "details": [{"message": told, "target": "callbackUrl"}, 1]}}

    done = Scripted(none(), httpx.Response(422, json=error)).run("create", "--itwin", "t1", "--url", URL)

    assert done.exit_code == 1
    assert "(Invalid: https://app.example/api/events?code=*** *** *** *** ?[2J callbackUrl: " in done.stderr


def test_texts_of_the_platform_are_no_markup():
    done = Scripted({"webhooks": [ACTIVE | {"scopeId": "[red]t1[/red]\x1b[2J"}]}).run("list")

    assert "[red]t1[/red]?[2J" in done.stdout


def invoke(*arguments, **variables):
    good = {"ITWIN_CLIENT_ID": "c", "ITWIN_CLIENT_SECRET": "s", "WEBHOOK_SECRETS": SECRET}
    return CliRunner().invoke(main, ["webhooks", *arguments], env=good | variables)


WRONG = [
    "http://s3cret.example",
    "s3cret",
    "https://u:s3cret@x.example/a",
    "ftp://s3cret/a",
    "https://s3cret example/a",
]


@pytest.mark.parametrize("value", [*WRONG, "https://s3cret.example/a", "https://x.example/?s3cret"])
def test_a_platform_that_is_none_is_named_and_not_called(value):
    for done, name in (
        (invoke("list", "--platform", value), "--platform"),
        (invoke("list", ITWIN_API_URL=value), "ITWIN_API_URL"),
    ):
        assert done.exit_code == 1
        assert done.stderr.startswith(f"Error: {name} ")
        assert "s3cret" not in done.output


@pytest.mark.parametrize("value", WRONG)
def test_a_token_endpoint_that_is_none_is_named_and_not_called(value):
    done = invoke("list", ITWIN_TOKEN_URL=value)

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ITWIN_TOKEN_URL ")
    assert "s3cret" not in done.output


@pytest.mark.parametrize("value", [*WRONG, "https://x.example/?code=s3cret", "https://x.example/a#s3cret"])
def test_a_receiver_that_is_none_is_named_and_not_shown(value):
    for done, name in (
        (invoke("create", "--itwin", "t", "--url", value), "--url"),
        (invoke("check", ITWIN_JOB_WATCH_EVENTS_URL=value), "ITWIN_JOB_WATCH_EVENTS_URL"),
    ):
        assert done.exit_code == 1
        assert done.stderr.startswith(f"Error: {name} ")
        assert "s3cret" not in done.output


@pytest.mark.parametrize("value", ["s3cret", f"s3cret,{SECRET}", " , ,s3cret", "s3cret\x7f" * 9])
def test_a_secret_that_cannot_be_used_is_named_and_not_shown(value):
    for done, name in (
        (invoke("create", "--itwin", "t", "--url", URL, "--secret", value), "--secret"),
        (invoke("create", "--itwin", "t", "--url", URL, WEBHOOK_SECRETS=value), "WEBHOOK_SECRETS"),
    ):
        assert done.exit_code == 1
        assert done.stderr.startswith(f"Error: {name} ")
        assert "s3cr" not in done.output


@pytest.mark.parametrize(
    ("value", "secret"),
    [(f" , {SECRET}\n,{'x' * 40}", SECRET), (f'"{SECRET}"', f'"{SECRET}"'), ("ä ö" * 11, "ä ö" * 11)],
)
def test_the_secret_is_read_as_the_app_reads_it(value, secret):
    assert first_secret(value, "--secret") == secret


@pytest.mark.parametrize("command", [("create", "--itwin", "t"), ("check",)], ids=lambda them: them[0])
def test_the_url_is_asked_for(command):
    done = invoke(*command)

    assert done.exit_code == 2
    assert "ITWIN_JOB_WATCH_EVENTS_URL" in done.stderr


def test_help_needs_nothing():
    for command in ("create", "list", "check", "delete"):
        assert CliRunner().invoke(main, ["webhooks", command, "--help"], env={"COLUMNS": "100"}).exit_code == 0


@pytest.mark.parametrize("value", ["socks4://s3cret", "http://u:s3cret@[host"])
def test_a_proxy_that_cannot_be_used_is_named_and_not_shown(value):
    done = invoke("list", HTTPS_PROXY=value)

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: HTTPS_PROXY ")
    assert "s3cret" not in done.output


def test_the_proxies_are_those_of_the_platform_and_of_the_token_endpoint(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "api.bentley.com")
    platform = Platform(PLATFORM, TOKENS, ("c", "s"))

    assert [proxy_of(http) for http in (platform._http, platform._tokens)] == [None, b"proxy.example"]
    platform.close()


def proxy_of(http):
    return getattr(getattr(http._transport._pool, "_proxy_url", None), "host", None)
