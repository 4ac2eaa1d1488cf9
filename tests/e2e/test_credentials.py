"""Tokens that expire, are revoked or cannot be had; and that nobody ever sees one."""

import time
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueClient

from local.parts.stack import CLIENT_SECRET, QUEUE, RESULTS, WATCHES
from local.trials.scenario import reporting
from shared.clients.credentials import RETRY_DELAYS
from tests.e2e.conftest import SETTINGS

RUNNING = {"body": {"status": {"state": "Running"}}}
SUCCEEDED = {"body": {"status": {"state": "Succeeded"}}}
TOKEN_PATH = "/connect/token"

#: Seconds after which a token is renewed at once when it is rejected, even if the one before was rejected when new.
AGE = RETRY_DELAYS.delay(1).total_seconds() * float(SETTINGS["WAIT_SCALE"])


@pytest.fixture
def start(app, platform):
    """Start a watch of a scripted job; gives its id and the job's path."""

    def begin(script):
        job = reporting(f"job {uuid4()}", script, "succeeded")
        platform.post("/jobs", json={"path": job.path, "script": job.script})
        return app.post("/watches", json={"api": job.api, "job": job.ids}).json()["id"], job.path

    return begin


@pytest.fixture
def requests(platform):
    """The requests that the platform got on a path: their answers and their authorizations."""

    def of(path):
        found = platform.get("/requests").json()["requests"]
        return [(r["status"], r["headers"].get("authorization")) for r in found if r["path"] == path]

    return of


@pytest.fixture(autouse=True)
def proven(start, ended):
    """The app has a token that has served for a while: one that is rejected sooner counts as a failure."""
    ended(start([SUCCEEDED])[0])
    time.sleep(AGE)


def polled(requests, path, times):
    """Wait until a path was asked for so many times."""
    give_up = time.monotonic() + 30
    while len(requests(path)) < times:
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_a_revoked_token_is_renewed_within_the_turn(start, requests, platform, ended):
    watch_id, path = start([RUNNING, SUCCEEDED])
    polled(requests, path, 1)

    platform.post("/tokens", json={"revoke": True})
    watch = ended(watch_id)

    (first, old), (second, refused), (third, new) = requests(path)
    assert (first, second, third) == (200, 401, 200)
    assert old == refused != new
    assert (watch["outcome"], watch["polls"], watch["faults"]) == ("succeeded", 2, 0)


def test_one_token_serves_all_watches(start, requests, platform, ended):
    platform.post("/tokens", json={"revoke": True})
    ended(start([SUCCEEDED])[0])
    before = len(requests(TOKEN_PATH))

    for watch_id in [start([SUCCEEDED])[0] for _ in range(5)]:
        ended(watch_id)

    assert len(requests(TOKEN_PATH)) == before


def test_without_tokens_watches_wait_and_no_secret_is_told(start, requests, platform, parts, app):
    """The token endpoint fails, then grants a token that the platform repeats in its complaint."""
    token = "a-token-that-nobody-may-see"
    echo = {"status": 503, "body": {"error": {"code": "Unauthorized", "message": f"invalid access_token {token}"}}}
    refusal = {"error": "invalid_client", "error_description": f"wrong secret {CLIENT_SECRET}"}
    grant = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
    broken = {"status": 500, "body": f"<html>{CLIENT_SECRET}</html>"}
    outage = [broken, {"status": 400, "body": refusal}, broken]
    platform.post("/jobs", json={"path": TOKEN_PATH, "script": [*outage, {"body": grant}]})
    platform.post("/tokens", json={"revoke": True})

    watch_id, path = start([echo, SUCCEEDED])
    reasons = set()
    while (watch := app.get(f"/watches/{watch_id}").json())["state"] == "watching":
        reasons.add(watch["reason"])
        time.sleep(0.05)

    assert watch["outcome"] == "succeeded"
    assert watch["faults"] == watch["polls"] - 1
    assert [status for status, _ in requests(path) if status != 401] == [503, 200]
    for answer in ("500", "400 invalid_client"):
        said = f"no access token: the token endpoint answered {answer}; it is asked again at "
        assert any((reason or "").startswith(said) for reason in reasons)
    assert any("invalid access_token ***" in (reason or "") for reason in reasons)
    told = everything_told(parts, platform, app.get(f"/watches/{watch_id}").text)
    assert f"watch.faulted watch={watch_id}" in told
    assert token not in told
    assert CLIENT_SECRET not in told
    assert parts.key not in told


@pytest.fixture(autouse=True)
def _nobody_else(app, parts):
    """End the watches that other tests left behind: they would take the tokens and the answers meant for ours."""
    with TableServiceClient.from_connection_string(parts.storage) as tables:
        for row in tables.get_table_client(WATCHES).query_entities("Published eq false"):
            app.delete(f"/watches/{row['RowKey']}")


def everything_told(parts, platform, *more):
    """All rows, tickets, events and logs there are."""
    with TableServiceClient.from_connection_string(parts.storage) as tables:
        rows = [dict(row) for name in (WATCHES, RESULTS) for row in tables.get_table_client(name).list_entities()]
    with QueueClient.from_connection_string(parts.storage, QUEUE) as queue:
        tickets = [message.content for message in queue.peek_messages(max_messages=32)]
    return "\n".join(
        [repr(rows), *tickets, platform.get("/events").text, (parts.directory / "host.log").read_text(), *more]
    )
