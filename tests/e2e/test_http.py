"""The HTTP API, as a caller meets it."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from shared.apis import APIS
from shared.version import VERSION


@pytest.fixture
def job():
    return {"api": "reality-analysis", "job": {"jobId": f"forever-{uuid4()}"}}


def test_a_start_is_accepted(app, job):
    answer = app.post("/watches", json=job | {"labels": ["a", "b"]})

    watch = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{app.base_url}watches/{watch['id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert list(watch) == [
        "id",
        "api",
        "job",
        "url",
        "state",
        "status",
        "progress",
        "outcome",
        "reason",
        "failing",
        "polls",
        "faults",
        "startedAt",
        "dueAt",
        "deadline",
        "endedAt",
        "wokenAt",
        "labels",
        "issues",
        "evidence",
        "callback",
    ]
    assert (watch["state"], watch["job"], watch["labels"]) == ("watching", job["job"], ["a", "b"])
    lifetime = datetime.fromisoformat(watch["deadline"]) - datetime.fromisoformat(watch["startedAt"])
    assert lifetime == timedelta(days=30)
    assert app.get(answer.headers["location"]).json()["id"] == watch["id"]


def test_the_same_job_again_is_the_same_watch(app, parts, job):
    first = app.post("/watches", json=job)
    path = f"/realitydataanalysis/jobs/{job['job']['jobId']}/progress"

    again = app.post("/watches", json={"url": parts.simulator + path})

    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["location"] == first.headers["location"]


def test_the_location_does_not_repeat_the_key(parts, job):
    answer = httpx.post(f"{parts.url}/api/watches?code={parts.key}", json=job, trust_env=False)

    assert answer.status_code == 202
    assert parts.key not in answer.headers["location"]


@pytest.mark.parametrize(("method", "path"), [("POST", "watches"), ("GET", "watches/1"), ("DELETE", "watches/1")])
@pytest.mark.parametrize("headers", [{}, {"x-functions-key": "wrong"}])
def test_nobody_gets_in_without_the_key(parts, method, path, headers):
    answer = httpx.request(method, f"{parts.url}/api/{path}", headers=headers, trust_env=False)

    assert answer.status_code == 401


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("watch_id", ["2c1f4b0e-5a55-4f0e-9d5c-0d6c9f0e5a55", "nonsense", "a%2Fb", "%23%3F"])
def test_an_unknown_watch_is_not_found(app, method, watch_id):
    answer = app.request(method, f"/watches/{watch_id}")

    assert_problem(answer, 404, "unknown-watch", "POST /api/watches")


@pytest.mark.parametrize(
    ("body", "status", "name", "says"),
    [
        ("", 400, "malformed-body", '{"url"'),
        ("{", 400, "malformed-body", '{"url"'),
        ("[]", 422, "invalid-body", '{"url"'),
        ("{}", 422, "invalid-body", '"url"'),
        ('{"api": "schedule"}', 422, "unknown-api", "schedules"),
        ('{"api": "reporting", "job": {}}', 422, "wrong-job", '"jobId"'),
        ('{"api": "reporting", "job": {"jobId": "1", "iModelId": "2"}}', 422, "wrong-job", "unknown: iModelId"),
        ('{"api": "reporting", "job": {"jobId": 1}}', 422, "invalid-body", "/job/jobId"),
        ('{"api": "schedules", "job": {"scheduleId": "..", "operationId": "1"}}', 422, "wrong-job", "scheduleId"),
        ('{"url": "https://api.example.com/schedules/1/operations/2"}', 422, "wrong-url", "http://127.0.0.1"),
        ('{"url": "{simulator}/imodels/1"}', 422, "wrong-url", "/imodels/{iModelId}/operations/create"),
        ('{"url": "{simulator}/schedules/1/operations/2?x=1"}', 422, "wrong-url", "query"),
        ('{"url": "not a url"}', 422, "wrong-url", "Known URLs"),
        ('{"url": "{simulator}/schedules/1/operations/2", "surplus": 1}', 422, "invalid-body", "/surplus"),
        (
            '{"api": "reporting", "job": {"jobId": "1"}, "deadline": "2020-01-01T00:00:00Z"}',
            422,
            "wrong-deadline",
            "now",
        ),
        ('{"api": "reporting", "job": {"jobId": "1"}, "deadline": "-PT1H"}', 422, "invalid-body", "PT2H"),
        ('{"api": "reporting", "job": {"jobId": "1"}, "deadline": "P5000D"}', 422, "wrong-deadline", "366 days"),
        ('{"api": "reporting", "job": {"jobId": "1"}, "deadline": "tomorrow"}', 422, "invalid-body", "PT2H"),
        ('{"api": "reporting", "job": {"jobId": "1"}, "deadline": 5}', 422, "invalid-body", "PT2H"),
        ('{"api": "reporting", "job": {"jobId": "1"}, "labels": "a"}', 422, "invalid-body", "/labels"),
        (
            '{"api": "reporting", "job": {"jobId": "1"}, "labels": ["' + "x" * 65 + '"]}',
            422,
            "invalid-body",
            "/labels/0",
        ),
        (
            '{"api": "reporting", "job": {"jobId": "1"}, "labels": ' + json.dumps(["x"] * 11) + "}",
            422,
            "invalid-body",
            "/labels",
        ),
        ('{"response": {"export": {"id": "1"}}}', 422, "wrong-response", "mesh-export or itwins-export"),
        ('{"location": "/imodels/1"}', 422, "wrong-response", "Nothing in it is known"),
        ('{"api": "' + "x" * 70_000 + '"}', 413, "body-too-large", "65,536"),
    ],
)
def test_a_bad_start_says_what_to_send(app, parts, body, status, name, says):  # noqa: PLR0917
    answer = app.post("/watches", content=body.replace("{simulator}", parts.simulator).encode())

    assert_problem(answer, status, name, says)


def test_a_stop_ends_the_watch_at_once(app, platform, job):
    watch_id = app.post("/watches", json=job).json()["id"]

    stopped = app.delete(f"/watches/{watch_id}")

    assert stopped.status_code == 200
    assert "retry-after" not in stopped.headers
    assert (stopped.json()["state"], stopped.json()["outcome"]) == ("ended", "stopped")
    assert app.delete(f"/watches/{watch_id}").json() == stopped.json()
    assert app.get(f"/watches/{watch_id}").json() == stopped.json()
    events = [envelope["data"]["baseData"] for envelope in platform.get("/events").json()["events"]]
    mine = {e["properties"]["outcome"] for e in events if e["properties"].get("watchId") == watch_id}
    assert mine == {"stopped"}  # once or, if a turn was under way, twice


@pytest.mark.parametrize("deadline", ["PT2H", "P1D", "+02:00", "Z"])
def test_deadlines_are_spans_or_instants(app, job, deadline):
    given = deadline
    if not deadline.startswith("P"):
        given = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M:%S}{deadline}"

    watch = app.post("/watches", json=job | {"deadline": given}).json()

    until, started = datetime.fromisoformat(watch["deadline"]), datetime.fromisoformat(watch["startedAt"])
    if deadline.startswith("P"):
        assert until - started == {"PT2H": timedelta(hours=2), "P1D": timedelta(days=1)}[deadline]
    else:
        assert until == datetime.fromisoformat(given)


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_everybody_gets_the_page_and_nothing_below_it(parts, path):
    answer = httpx.get(parts.url + path, trust_env=False)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert httpx.get(f"{parts.url}/api/x", trust_env=False).status_code == 404


def test_health_is_well(app):
    answer = app.get("/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": VERSION})


def test_the_pace_of_each_api_is_told(app):
    answer = app.get("/gates")

    assert answer.status_code == 200
    assert [gate["api"] for gate in answer.json()["gates"]] == list(APIS)
    assert {"perMinute", "reason", "since", "shutUntil"} <= answer.json()["gates"][0].keys()
    assert_problem(app.get("/gates?x=1"), 422, "invalid-query", "x")


def assert_problem(answer, status, name, says):
    problem = answer.json()
    assert answer.status_code == problem["status"] == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert problem["type"] == f"urn:problem-type:itwin-job-watch:{name}"
    assert problem["title"]
    assert says in problem["detail"]
