"""The command line's webhooks against the simulated platform, as a user has them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from itwin_job_watch.cli import main
from itwin_job_watch.webhooks.events import EVENTS
from local.setup.bootstrap import ROOT
from tests.simulator import CREDENTIALS
from tests.webhook_receiver import SECRET, receiving, signed

KEY = "k3y-of-the-app=="
URL = f"https://app.example/api/events?code={KEY}"
OTHER = "0" * 40


@pytest.fixture
def environment(simulator):
    url = str(simulator.base_url).rstrip("/")
    return {
        "ITWIN_API_URL": url,
        "ITWIN_TOKEN_URL": f"{url}/connect/token",
        "ITWIN_CLIENT_ID": CREDENTIALS["client_id"],
        "ITWIN_CLIENT_SECRET": CREDENTIALS["client_secret"],
        "WEBHOOK_SECRETS": SECRET,
        "COLUMNS": "400",
    }


@pytest.fixture
def run(environment, monkeypatch):
    for name in ("ITWIN_JOB_WATCH_URL", "ITWIN_JOB_WATCH_KEY", "ITWIN_JOB_WATCH_EVENTS_URL", "ITWIN_SCOPE"):
        monkeypatch.delenv(name, raising=False)

    def run(command, *arguments, **variables):
        done = CliRunner().invoke(main, ["webhooks", command, *arguments], env=environment | variables)
        assert SECRET not in done.output or "--show-secret" in arguments
        assert KEY not in done.output or "--show-key" in arguments
        assert CREDENTIALS["client_secret"] not in done.output
        return done

    return run


def registered(simulator):
    return simulator.get("/webhooks").raise_for_status().json()["webhooks"]


def make(simulator, **more):
    wanted = {"callbackUrl": URL, "scope": "iTwin", "scopeId": "t1", "secret": SECRET, "eventTypes": [*EVENTS]} | more
    return simulator.post("/webhooks", json=wanted).raise_for_status().json()


def test_it_makes_and_activates_a_webhook_for_each_itwin(simulator, run):
    done = run("create", "--itwin", "t1", "--itwin", "t2", "--itwin", "t1", "--url", URL)

    assert (done.exit_code, done.stderr) == (0, "")
    found = registered(simulator)
    assert [(one["scope"], one["scopeId"], one["active"]) for one in found] == [
        ("iTwin", "t1", True),
        ("iTwin", "t2", True),
    ]
    assert {one["callbackUrl"] for one in found} == {URL}
    assert all(one["eventTypes"] == [*EVENTS] for one in found)
    for one in found:
        assert one["id"] in done.stdout
    assert done.stdout.count("created") == 2
    assert "https://app.example/api/events?***" in done.stdout


@pytest.mark.parametrize("renews", [False, True])
def test_what_it_makes_is_sent_signed_with_the_first_secret(simulator, run, renews):
    simulator.post("/_sim/webhooks", json={"renews_secrets": renews}).raise_for_status()
    with receiving() as receiver:
        done = run("create", "--itwin", "t1", "--url", receiver.url(), WEBHOOK_SECRETS=f" {SECRET} ,{OTHER}")
        path = "/realitydataanalysis/jobs/j1/progress"
        simulator.post("/_sim/ended", json={"path": path, "iTwinId": "t1"}).raise_for_status()
        receiver.events()
        ((target, headers, body),) = receiver.got

    assert done.exit_code == 0
    assert target == "/api/events?code=k3y%2F=="
    assert headers["Signature"] == signed(body, SECRET)


def test_again_it_updates_what_is_there(simulator, run):
    before = make(simulator, callbackUrl="https://APP.example/api/events?code=old-key", eventTypes=[EVENTS[0]])
    make(simulator, callbackUrl="https://other.example/api/events")
    make(simulator, scopeId="t2")

    done = run("create", "--itwin", "T1", "--url", URL, "--json")
    again = run("create", "--itwin", "T1", "--url", URL, "--json")

    (said,) = map(json.loads, done.stdout.splitlines())
    assert (done.exit_code, said["id"], said["done"], said["active"]) == (0, before["id"], "updated", True)
    assert again.exit_code == 0
    found = registered(simulator)
    assert len(found) == 3
    assert (found[0]["callbackUrl"], found[0]["eventTypes"], found[0]["active"]) == (URL, [*EVENTS], True)
    assert [one["active"] for one in found[1:]] == [False, False]


def test_a_secret_is_made_and_shown_if_asked_for(simulator, run):
    with receiving() as receiver:
        done = run("create", "--itwin", "t1", "--url", receiver.url(), "--show-secret", WEBHOOK_SECRETS="")
        secret = done.stdout.splitlines()[0].removeprefix("WEBHOOK_SECRETS=")
        path = "/realitydataanalysis/jobs/j1/progress"
        simulator.post("/_sim/ended", json={"path": path, "iTwinId": "t1"}).raise_for_status()
        receiver.events()
        _, headers, body = receiver.got[0]

    assert len(secret) >= 32
    assert headers["Signature"] == signed(body, secret)


def test_the_secret_is_in_the_json_if_asked_for(run):
    done = run("create", "--itwin", "t1", "--url", URL, "--show-secret", "--json")

    assert json.loads(done.stdout)["secret"] == SECRET


def test_without_a_secret_nothing_is_made_that_nobody_could_check(simulator, run):
    done = run("create", "--itwin", "t1", "--url", URL, WEBHOOK_SECRETS="")

    assert done.exit_code == 2
    assert "--show-secret" in done.stderr
    assert registered(simulator) == []


def test_the_key_is_shown_if_asked_for(run):
    assert URL in run("create", "--itwin", "t1", "--url", URL, "--show-key").stdout
    assert URL in run("list", "--show-key").stdout
    assert json.loads(run("list", "--json", "--show-key").stdout)["callbackUrl"] == URL
    assert json.loads(run("list", "--json").stdout)["callbackUrl"] == "https://app.example/api/events?***"


def test_a_url_without_a_key_is_noticed(run):
    done = run("create", "--itwin", "t1", "--url", URL.partition("?")[0])

    assert done.exit_code == 0
    assert "?code=KEY" in done.stderr


def test_of_two_itwins_one_may_be_refused(simulator, run):
    simulator.post("/_sim/webhooks", json={"forbidden": ["t1"]}).raise_for_status()

    done = run("create", "--itwin", "t1", "--itwin", "t2", "--url", URL)

    assert done.exit_code == 1
    assert done.stderr.startswith("iTwin t1: the platform refuses it (InsufficientPermissions: ")
    for words in ("webhooks_maintainer", "service application", "administrator of the organization"):
        assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert [one["scopeId"] for one in registered(simulator)] == ["t2"]
    assert "t2" in done.stdout
    assert "created" in done.stdout


@pytest.mark.parametrize("command", ["list", "check"])
def test_who_may_see_nothing_is_told_what_is_missing(simulator, run, command):
    simulator.post("/_sim/webhooks", json={"forbidden": True}).raise_for_status()

    done = run(command, "--url", URL)

    assert done.exit_code == 1
    assert "webhooks_maintainer" in done.stderr


def test_a_webhook_that_cannot_be_activated_is_told_of(simulator, run):
    webhook = make(simulator)
    simulator.script(f"/webhooks/{webhook['id']}", {"status": 403, "body": {"error": {"code": "X", "message": "no"}}})

    done = run("create", "--itwin", "t1", "--url", URL)

    assert done.exit_code == 1
    assert f"webhook {webhook['id']} is there, but could not be updated: the platform refuses it (X: no)" in done.stderr


@pytest.mark.parametrize("how", [{"ITWIN_CLIENT_SECRET": "wr0ng-secret"}, {"ITWIN_CLIENT_ID": "wr0ng-client"}], ids=str)
@pytest.mark.parametrize("arguments", [("create", "--itwin", "t1", "--itwin", "t2"), ("check",), ("list",)], ids=str)
def test_wrong_credentials_are_named_once(simulator, run, how, arguments):
    done = run(*arguments, "--url", URL, **how)

    assert done.exit_code == 1
    assert "invalid_client" in done.stderr
    assert "ITWIN_CLIENT_ID and ITWIN_CLIENT_SECRET" in done.stderr
    assert "wr0ng" not in done.output
    assert done.stderr.count("\n") == 1
    assert registered(simulator) == []


@pytest.mark.parametrize("name", ["ITWIN_CLIENT_ID", "ITWIN_CLIENT_SECRET"])
def test_missing_credentials_are_asked_for(run, name):
    done = run("list", **{name: " "})

    assert done.exit_code == 2
    assert "Set ITWIN_CLIENT_ID and ITWIN_CLIENT_SECRET" in done.stderr


def test_a_token_that_the_platform_rejects(simulator, run):
    simulator.script("/webhooks", {"status": 401, "auth": False, "body": {"error": {"code": "Unauthorized"}}})

    done = run("list")

    assert done.exit_code == 1
    assert "does not accept the token of ITWIN_CLIENT_ID (Unauthorized); managing webhooks takes" in done.stderr


def test_what_the_platform_finds_wrong_is_told(simulator, run):
    done = run("create", "--itwin", "t1", "--url", URL, "--event", "x.y.v1")

    assert done.exit_code == 1
    assert "HTTP 422 (InvalidWebhooksRequest: The request is invalid. eventTypes.0: is not the name" in done.stderr
    assert registered(simulator) == []


def test_other_events_can_be_named(simulator, run):
    assert run("create", "--itwin", "t1", "--url", URL, "--event", EVENTS[2], "--event", EVENTS[1]).exit_code == 0
    assert registered(simulator)[0]["eventTypes"] == [EVENTS[2], EVENTS[1]]
    assert run("check", "--url", URL, "--event", EVENTS[1]).exit_code == 0


def test_what_passes_is_waited_for(simulator, run, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    script = [{"status": 503}, {"drop": True}, {"status": 429, "headers": {"retry-after": "1"}}]
    simulator.script("/webhooks", *script, {"body": {"webhooks": []}})

    done = run("list")

    assert done.exit_code == 0
    assert done.stderr.endswith("No webhooks.\n")
    assert done.stderr.count("Trying again: ") == 3


def test_it_lists_what_is_there(simulator, run):
    ids = [make(simulator, **more)["id"] for more in ({}, {"scopeId": "t2"}, {"callbackUrl": "https://b.example/x"})]
    account = make(simulator, scope="Account")["id"]

    def listed(*arguments):
        return [json.loads(line)["id"] for line in run("list", "--json", *arguments).stdout.splitlines()]

    assert listed() == [*ids, account]
    assert listed("--itwin", "T2") == [ids[1]]
    assert listed("--url", "https://b.example/x") == [ids[2]]
    assert listed("--url", URL.partition("?")[0]) == [ids[0], ids[1], account]
    table = run("list").stdout
    assert all(webhook in table for webhook in [*ids, account])
    assert "Account" in table


def test_it_names_the_events_of_a_webhook_that_lacks_some(simulator, run):
    make(simulator)
    assert EVENTS[0] not in run("list").stdout
    make(simulator, eventTypes=[EVENTS[0]])
    assert run("list").stdout.count(EVENTS[0]) == 1


def test_a_variable_narrows_no_list_and_deletes_nothing(simulator, run):
    make(simulator, callbackUrl="https://b.example/x")

    assert "b.example" in run("list", ITWIN_JOB_WATCH_EVENTS_URL=URL).stdout
    assert run("delete", ITWIN_JOB_WATCH_EVENTS_URL="https://b.example/x").exit_code == 2
    assert len(registered(simulator)) == 1


def test_a_check_of_what_is_right_is_a_success(run):
    run("create", "--itwin", "t1", "--itwin", "t2", "--url", URL)

    done = run("check", "--itwin", "t1", "--itwin", "T2", ITWIN_JOB_WATCH_EVENTS_URL=URL)

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.count("as it should be") == 2
    assert run("check", "--url", URL).exit_code == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"active": False}, "it is not active"),
        ({"eventTypes": [*EVENTS[1:]]}, f"it is not told of {EVENTS[0]}"),
        ({"callbackUrl": f"{URL}x"}, "its URL has another query, so maybe another key"),
        ({"callbackUrl": "https://other.example/api/events"}, "it has no webhook for this URL"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_check_finds_what_is_wrong(simulator, run, change, says):
    run("create", "--itwin", "t1", "--url", URL)
    (webhook,) = registered(simulator)
    simulator.patch(f"/webhooks/{webhook['id']}", json=change).raise_for_status()

    for more in ([], ["--json"]):
        done = run("check", "--itwin", "t1", "--url", URL, *more)

        assert done.exit_code == 1
        assert says in done.stdout


def test_a_check_finds_doubles(simulator, run):
    run("create", "--itwin", "t1", "--url", URL)
    double = make(simulator)["id"]

    done = run("check", "--url", URL)

    assert done.exit_code == 1
    assert f"delete {double}" in done.stdout
    again = run("create", "--itwin", "t1", "--url", URL)
    assert again.exit_code == 1
    assert f"delete {double}" in again.stderr


def test_a_check_of_nothing_is_no_success(simulator, run):
    """A webhook of the account tells nothing of the iTwins of others."""
    make(simulator, scope="Account")

    done = run("check", "--url", URL)

    assert done.exit_code == 1
    assert done.stderr.endswith("No webhooks.\n")


def test_webhooks_are_deleted_by_id(simulator, run):
    first, second, third = (make(simulator)["id"] for _ in range(3))

    done = run("delete", first, "unknown", "../webhooks", second)

    assert done.exit_code == 1
    assert done.stdout == f"Deleted {first}\nDeleted {second}\n"
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == ["webhook unknown", "webhook ../webhooks"]
    assert [one["id"] for one in registered(simulator)] == [third]


def test_webhooks_are_deleted_by_url(simulator, run):
    mine, account = make(simulator)["id"], make(simulator, scope="Account")["id"]
    other_itwin = make(simulator, scopeId="t2")["id"]
    left = make(simulator, callbackUrl="https://app.example/api/other")["id"]
    url = URL.partition("?")[0]

    assert json.loads(run("delete", "--url", url, "--itwin", "t2", "--json").stdout) == {
        "id": other_itwin,
        "deleted": True,
    }
    assert run("delete", "--url", url).stdout == f"Deleted {mine}\nDeleted {account}\n"
    assert run("delete", "--url", url).exit_code == 1
    assert [one["id"] for one in registered(simulator)] == [left]


@pytest.mark.parametrize(
    "arguments", [(), ("--itwin", "t1"), ("a", "--url", URL), ("a", "--itwin", "t1")], ids=" ".join
)
def test_what_to_delete_is_named_in_one_way(run, arguments):
    assert run("delete", *arguments).exit_code == 2


def test_ctrl_c_tells_what_was_done(simulator, environment):
    """The second iTwin's request hangs; the first one's webhook is shown all the same."""
    simulator.get("/webhooks").raise_for_status()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    empty: dict = {"body": {"webhooks": []}}
    simulator.script("/webhooks", empty, {"status": 201, "body": UNWRAPPED}, {**empty, "delay": 60})
    simulator.script("/webhooks/w1", {"body": UNWRAPPED | {"active": True}})
    command = [sys.executable, "-m", "itwin_job_watch", "webhooks", "create", "--itwin", "t1", "--itwin", "t2"]
    with subprocess.Popen(
        [*command, "--url", URL],
        cwd=ROOT,
        env=kept | environment | {"NO_PROXY": "*"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        give_up = time.monotonic() + 20
        while [one["path"] for one in simulator.requests()].count("/webhooks") < 4:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=20)

    assert running.returncode == 130
    assert "w1" in stdout
    assert "created" in stdout
    assert "Traceback" not in stderr
    assert KEY not in stdout + stderr


UNWRAPPED = {
    "id": "w1",
    "scope": "iTwin",
    "scopeId": "t1",
    "active": False,
    "callbackUrl": URL,
    "secret": SECRET,
    "eventTypes": [*EVENTS],
}
