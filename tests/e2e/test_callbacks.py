"""Callbacks, as their receiver meets them."""

import json
import time
from uuid import uuid4

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook

from local.trials.scenario import reporting
from tests.e2e.receiver import SECRET
from tests.e2e.test_http import assert_problem

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def start(app, platform, receiver):
    """Start a watch that ends at once, with a callback to a path of the receiver."""

    def make(path, **more):
        job = reporting(f"job {uuid4()}", [{"body": {"status": {"state": "Succeeded"}}}], "succeeded")
        platform.post("/jobs", json={"path": job.path, "script": job.script})
        body = {"api": job.api, "job": job.ids, "callback": {"url": f"http://{receiver.host}{path}"}} | more
        answer = app.post("/watches", json=body, headers={"traceparent": TRACEPARENT})
        assert answer.status_code == 202, answer.text
        return answer.json()

    return make


def callback_of(app, watch, state):
    give_up = time.monotonic() + 30
    while (found := app.get(f"/watches/{watch['id']}").json()["callback"])["state"] != state:
        assert time.monotonic() < give_up, found
        time.sleep(0.2)
    return found


def test_an_end_is_told_once_signed_as_a_cloud_event(app, start, receiver):
    path = f"/taken/{uuid4()}"
    watch = start(path)

    assert callback_of(app, watch, "delivered") == {
        "url": f"http://{receiver.host}{path}",
        "state": "delivered",
        "tries": 1,
        "error": None,
    }
    ((_, headers, body),) = receiver.wait_for(path)
    event = Webhook(SECRET).verify(body.decode(), {name.lower(): value for name, value in headers.items()})
    assert headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["Host"] == receiver.host
    assert headers["webhook-id"] == event["id"]
    assert event["id"].startswith(f"{watch['id']}.")
    assert event["subject"] == watch["id"]
    assert (event["specversion"], event["type"]) == ("1.0", "itwin-job-watch.watch.finished")
    assert event["traceparent"] == TRACEPARENT
    shown = app.get(f"/watches/{watch['id']}").json()
    assert event["data"] == {name: value for name, value in shown.items() if name not in {"callback", "url"}}
    assert event["time"] == shown["endedAt"]
    parsed = from_http_event(HTTPMessage({"content-type": headers["Content-Type"]}, body))
    assert (parsed.get_id(), parsed.get_type()) == (event["id"], event["type"])


def test_a_busy_receiver_is_told_again(app, start, receiver):
    path = f"/busy/{uuid4()}"
    watch = start(path)

    assert callback_of(app, watch, "delivered")["tries"] == 3
    told = receiver.wait_for(path, 3)
    assert len({headers["webhook-id"] for _, headers, _ in told}) == 1
    assert len({json.loads(body)["time"] for _, _, body in told}) == 1


def test_who_does_not_want_it_is_told_no_more(app, start, platform, receiver):
    path = f"/gone/{uuid4()}"
    watch = start(path)

    assert callback_of(app, watch, "failed")["error"] == "HTTP 410"
    give_up = time.monotonic() + 20
    while not (
        failed := [
            envelope["data"]["baseData"]
            for envelope in platform.get("/events").json()["events"]
            if envelope["data"]["baseData"]["name"] == "CallbackFailed"
            and envelope["data"]["baseData"]["properties"]["watchId"] == watch["id"]
        ]
    ):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert failed[0]["properties"]["error"] == "HTTP 410"
    assert len(receiver.wait_for(path)) == 1


def test_a_redirect_is_not_followed(app, start, receiver):
    path = f"/moved/{uuid4()}"
    watch = start(path)

    receiver.wait_for(path, 2)

    assert app.get(f"/watches/{watch['id']}").json()["callback"]["error"] == "HTTP 302"
    assert not [path for path, *_ in receiver.got if path == "/taken/by-redirect"]


def test_a_watch_begun_again_tells_of_each_end(app, start, receiver):
    path = f"/taken/{uuid4()}"
    watch = start(path)
    callback_of(app, watch, "delivered")
    body = {"api": watch["api"], "job": watch["job"], "restart": True}
    body |= {"callback": {"url": f"http://{receiver.host}{path}"}}

    assert app.post("/watches", json=body).status_code == 202

    told = receiver.wait_for(path, 2)
    assert len({headers["webhook-id"] for _, headers, _ in told}) == 2


def test_a_restart_waits_for_no_receiver(app, start, receiver):
    """The receiver of the first end never acknowledges it; the second end has another one."""
    watch = start(f"/moved/{uuid4()}")
    path = f"/taken/{uuid4()}"
    body = {"api": watch["api"], "job": watch["job"], "restart": True}
    body |= {"callback": {"url": f"http://{receiver.host}{path}"}}
    callback_of(app, watch, "waiting")
    app.get(f"/watches/{watch['id']}", params={"wait": 30})

    assert app.post("/watches", json=body).status_code == 202

    assert callback_of(app, watch, "delivered")["url"].endswith(path)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://hooks.example.com/", "CALLBACK_HOSTS"),
        ("https://127.0.0.1/", "CALLBACK_HOSTS"),
        ("http://169.254.169.254/latest", "CALLBACK_HOSTS"),
        ("http://{host}/?token=s3cr3t", "query"),
        ("http://{host}/#x", "query"),
        ("http://user@{host}/", "user"),
        ("http://{host}@evil.example/", "user"),
        ("http://{host}\\@evil.example/", "user"),
        ("ftp://{host}/", "such as"),
        ("//{host}/", "such as"),
        ("http://{host}/\r\nx: y", "such as"),
        ("", "such as"),
    ],
)
def test_a_callback_elsewhere_is_refused(app, receiver, url, says):
    job = {"api": "reporting", "job": {"jobId": f"forever-{uuid4()}"}}

    answer = app.post("/watches", json=job | {"callback": {"url": url.replace("{host}", receiver.host)}})

    assert_problem(answer, 422, "wrong-callback", says)
    assert "s3cr3t" not in answer.text
