import gzip
import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.simulator import CREDENTIALS

PATH = "/schedules/s%2F1/operations/o1"
ENVELOPES = [{"name": "Microsoft.ApplicationInsights.Event", "iKey": str(number)} for number in range(2)]


def test_requests_in_order_of_arrival(stranger):
    stranger.get(f"{PATH}?$top=1&a=%20", headers={"X-Mine": "1"})
    stranger.get("/.well-known/openid-configuration")
    stranger.post("/elsewhere")
    first, second, third = stranger.requests()
    assert (first["method"], first["path"], first["query"], first["status"]) == ("GET", PATH, "$top=1&a=%20", 401)
    assert first["headers"]["x-mine"] == "1"
    assert (second["path"], second["query"], second["status"]) == ("/.well-known/openid-configuration", "", 200)
    assert (third["method"], third["status"]) == ("POST", 404)
    assert first["time"] <= second["time"] <= third["time"]
    when = datetime.fromisoformat(first["time"])
    assert when.tzinfo == UTC
    assert datetime.now(UTC) - when < timedelta(seconds=10)


def test_a_request_is_listed_before_it_is_answered(stranger):
    stranger.script("/slow", {"delay": 5})
    with pytest.raises(httpx.ReadTimeout):
        stranger.get("/slow", timeout=0.1)
    assert [(request["path"], request["status"]) for request in stranger.requests()] == [("/slow", None)]


def test_secrets_are_not_shown_and_can_be_told_apart(stranger):
    tokens = [stranger.token() for _ in range(2)]
    for token in (*tokens, tokens[0]):
        stranger.get(PATH, headers={"Authorization": f"Bearer {token}"})
    stranger.post("/connect/token", auth=tuple(CREDENTIALS.values()))
    stranger.get(PATH, headers={"Authorization": tokens[0]})

    text = stranger.get("/_sim/requests").text
    assert not any(secret in text for secret in (*tokens, "local-secret", "c2VydmljZS1sb2NhbDpsb2NhbC1zZWNyZXQ="))
    first, second, again, basic, bare = [request["headers"]["authorization"] for request in stranger.requests()[2:]]
    assert first.startswith("Bearer *** (")
    assert first == again != second
    assert basic.startswith("Basic *** (")
    assert bare.startswith("*** (")


def test_orders_are_not_listed(stranger):
    stranger.tokens(revoke=True)
    assert stranger.requests() == []


@pytest.mark.parametrize("path", ["/v2.1/track", "//v2.1/track"])
@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (json.dumps(ENVELOPES).encode(), {}),
        ("\n".join(map(json.dumps, ENVELOPES)).encode(), {"Content-Type": "application/x-json-stream"}),
        (gzip.compress(json.dumps(ENVELOPES).encode()), {"Content-Encoding": "gzip"}),
    ],
    ids=["list", "lines", "gzip"],
)
def test_telemetry_is_kept(stranger, address, path, content, headers):
    answer = stranger.post(f"{address}{path}", content=content, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"itemsReceived": 2, "itemsAccepted": 2, "errors": []})
    assert stranger.requests()[-1]["path"] == path
    assert stranger.events() == ENVELOPES


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ({"status": 200, "body": {"itemsReceived": 2, "itemsAccepted": 2, "errors": []}}, ENVELOPES),
        ({"status": 206, "body": {"itemsAccepted": 1, "errors": [{"index": 0, "statusCode": 503}]}}, ENVELOPES[1:]),
        ({"status": 200, "body": {"itemsReceived": 2, "itemsAccepted": 0, "errors": []}}, []),
        ({"status": 200, "body": {"itemsReceived": 2}}, []),
        ({"status": 200, "body": "<html>log in</html>"}, []),
        ({"status": 200}, []),
        ({"status": 503, "body": {"itemsReceived": 2, "itemsAccepted": 2}}, []),
        ({"status": 200, "drop": True, "body": {"itemsAccepted": 2}}, []),
    ],
)
def test_of_telemetry_only_what_a_scripted_answer_accepts_is_kept(entry, kept, stranger):
    stranger.script("/v2.1/track", entry)
    with suppress(httpx.RemoteProtocolError):
        stranger.post("/v2.1/track", json=ENVELOPES)

    assert stranger.events() == kept


def test_telemetry_that_is_not_json(stranger):
    answer = stranger.post("/v2.1/track", content=b"[{")
    assert (answer.status_code, answer.json()["itemsAccepted"]) == (400, 0)
    assert stranger.events() == []


def test_reset_forgets_everything(simulator):
    simulator.script("/a", {})
    simulator.ended(PATH, ends="Failed")
    simulator.tokens(lifetime=0.01)
    simulator.post("/v2.1/track", json=ENVELOPES)
    assert simulator.get("/a").status_code == 200

    simulator.post("/_sim/reset").raise_for_status()
    assert (simulator.requests(), simulator.events()) == ([], [])
    assert simulator.get("/a").status_code == 404
    assert simulator.get(PATH).status_code == 401
    simulator.log_in()
    time.sleep(0.02)  # longer than tokens lived before
    assert simulator.get(PATH).json()["operation"]["status"] == "Queued"
