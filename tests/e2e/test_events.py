"""Events of iTwin webhooks, as the platform sends them to the app."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import EVENT_SECRETS
from tests.e2e.test_http import assert_problem
from tests.events import an_event, signed


def body_of(watch, **more):
    """An event about the end of a watch's job."""
    event = {"eventType": "transformations.jobCompleted.v1", "messageId": str(uuid4())}
    return an_event(**event | {"content": {**watch["job"], "status": "Completed"}} | more)


@pytest.fixture(scope="module")
def send(parts):
    """Send a body as a webhook does, which knows nothing but its URL and its secret."""
    with httpx.Client(trust_env=False, timeout=10) as client:

        def make(body, secret=EVENT_SECRETS[0], **headers):
            headers = {"Content-Type": "application/json", "Signature": signed(body, secret)} | headers
            return client.post(f"{parts.url}/api/events?code={parts.key}", content=body, headers=headers)

        yield make


@pytest.fixture
def waiting(app, platform):
    """A function that starts watches, of jobs that run, whose next polls are an hour away."""

    def polled(watch):
        give_up = time.monotonic() + 20
        while not (found := app.get(f"/watches/{watch['id']}").json())["polls"]:
            assert time.monotonic() < give_up
            time.sleep(0.1)
        return found

    def make(count=1):
        ids = [str(uuid4()) for _ in range(count)]
        for one in ids:
            script(platform, one, "Started")
        items = [{"api": "transformations", "job": {"transformationId": one}} for one in ids]
        results = app.post("/watches", json={"watches": items}).json()["results"]
        return [polled(result["watch"]) for result in results]

    return make


def script(platform, job, state):
    body = {"transformation": {"id": job, "status": state}}
    platform.post("/jobs", json={"path": f"/transformations/{job}", "script": [{"body": body}]})


def ends(platform, watch):
    script(platform, watch["job"]["transformationId"], "Succeeded")


def told_of(platform, **like):
    """The events about events that agree with `like`, once there is one."""
    give_up = time.monotonic() + 20
    while True:
        events = [envelope["data"]["baseData"] for envelope in platform.get("/events").json()["events"]]
        found = [one["properties"] for one in events if one["name"] == "EventReceived"]
        if found := [one for one in found if like.items() <= one.items()]:
            return found
        assert time.monotonic() < give_up, like
        time.sleep(0.1)


@pytest.mark.parametrize("secret", EVENT_SECRETS)
def test_an_event_ends_a_watch_that_would_have_waited_for_an_hour(platform, ended, waiting, send, secret):
    (watch,) = waiting()
    ends(platform, watch)

    answer = send(body_of(watch), secret)

    assert (answer.status_code, answer.json()) == (200, {"result": "woken"})
    done = ended(watch["id"], within=20)
    assert (done["outcome"], done["polls"]) == ("succeeded", 2)
    assert watch["wokenAt"] is None
    assert done["startedAt"] < done["wokenAt"] < done["endedAt"]
    told = told_of(platform, watchId=watch["id"])
    assert [(one["result"], one["api"], one["type"]) for one in told] == [
        ("woken", "transformations", "transformations.jobCompleted.v1")
    ]


def test_an_event_before_the_status_knows_the_end_ends_nothing(app, waiting, send):
    (watch,) = waiting()

    assert send(body_of(watch)).json() == {"result": "woken"}

    give_up = time.monotonic() + 20
    while (found := app.get(f"/watches/{watch['id']}").json())["polls"] < 2:
        assert time.monotonic() < give_up
        time.sleep(0.1)
    assert (found["state"], found["status"]) == ("watching", "Started")
    app.delete(f"/watches/{watch['id']}")


def test_a_doubled_a_late_and_a_strange_event_are_taken_and_do_nothing(platform, ended, waiting, send):
    (watch,) = waiting()
    ends(platform, watch)
    body = body_of(watch)
    with ThreadPoolExecutor(4) as pool:
        results = [answer.json()["result"] for answer in pool.map(send, [body] * 4)]
    assert "woken" in results
    assert {*results} <= {"woken", "again", "ended"}
    done = ended(watch["id"], within=20)

    for late, result in [
        (body, "ended"),
        (body_of(watch), "ended"),
        (body_of({"job": {"transformationId": str(uuid4())}}), "unwatched"),
        (body_of(watch, eventType="iModels.iModelDeleted.v1"), "unknown"),
        (body_of(watch, content={"transformationId": 7}), "unknown"),
        (b"no JSON", "unknown"),
    ]:
        answer = send(late)
        assert (answer.status_code, answer.json()) == (200, {"result": result})
    assert ended(watch["id"]) == done


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        ("", "no-signature"),
        ("sha1=" + "0" * 40, "malformed-signature"),
        ("sha256=" + "0" * 64, "wrong-signature"),
    ],
)
def test_a_forged_event_does_nothing(app, platform, waiting, send, signature, why):  # noqa: PLR0917
    (watch,) = waiting()

    answer = send(body_of(watch), Signature=signature)

    assert_problem(answer, 401, "wrong-signature", "")
    assert app.get(f"/watches/{watch['id']}").json() == watch
    told = told_of(platform, result="refused", why=why)
    assert all((one["type"], one["api"], one["watchId"]) == ("", "", "") for one in told)
    app.delete(f"/watches/{watch['id']}")


@pytest.mark.parametrize("body", [b'\xef\xbb\xbf{ "a":1 }\r\n', b"\xff\xfe\x00", b"a=1&a=2", "é".encode("utf-16")])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-16", "multipart/form-data"])
def test_a_signature_is_checked_over_the_bytes_that_were_sent(send, body, content_type):
    assert send(body, **{"Content-Type": content_type}).json() == {"result": "unknown"}


def test_an_event_that_is_too_large_is_not_read(send):
    assert_problem(send(b" " * 65_537), 413, "body-too-large", "65,536")


def test_without_the_key_no_byte_of_the_body_is_waited_for(parts):
    """A body that never comes: who has no key is refused by the head of the request alone."""
    url = httpx.URL(parts.url)
    for query in ("", "?code=wrong"):
        head = f"POST /api/events{query} HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 50000\r\n\r\n"
        with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
            connection.sendall(head.encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_a_sender_that_asks_first_is_allowed(parts):
    url = f"{parts.url}/api/events"
    headers = {"WebHook-Request-Origin": "eventemitter.example.com"}

    answer = httpx.options(f"{url}?code={parts.key}", headers=headers, trust_env=False)

    assert (answer.status_code, answer.headers["allow"]) == (200, "POST")
    assert answer.headers["webhook-allowed-origin"] == "eventemitter.example.com"
    assert httpx.options(url, headers=headers, trust_env=False).status_code == 401


def test_events_of_many_watches_at_once_wake_each(platform, ended, waiting, send):
    watches = waiting(40)
    for watch in watches:
        ends(platform, watch)

    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(lambda watch: send(body_of(watch)).json()["result"], watches))

    assert results == ["woken"] * 40
    assert {ended(watch["id"])["outcome"] for watch in watches} == {"succeeded"}


def test_nothing_secret_is_told(parts, platform, send):
    body = body_of({"job": {"transformationId": str(uuid4())}})
    send(body)
    send(body, "another secret of 32 characters..")
    told_of(platform, result="unwatched")

    told = json.dumps([platform.get("/events").json(), platform.get("/telemetry").json()])
    for secret in (*EVENT_SECRETS, parts.key, signed(body, EVENT_SECRETS[0])[7:]):
        assert secret not in told
