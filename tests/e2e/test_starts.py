"""Batches, restarts, and requests that come again."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from local.trials.scenario import reporting
from tests.e2e.test_http import assert_problem

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def a_job():
    return {"api": "reporting", "job": {"jobId": f"forever-{uuid4()}"}}


@pytest.fixture
def stopped(app):
    """A job whose watch was stopped."""
    job = a_job()
    watch = app.post("/watches", json=job).json()
    app.delete(f"/watches/{watch['id']}")
    return job


def test_a_batch_says_of_each_what_became_of_it(app):
    job, twice = a_job(), a_job()
    app.post("/watches", json=twice)

    answer = app.post("/watches", json={"watches": [job, {"api": "bim"}, twice, {"url": 1}, 5, None, [job]]})

    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [202, 422, 200, 422, 422, 422, 422]
    assert [set(result) for result in results] == [{"status", "watch"}, {"status", "problem"}] * 2 + [
        {"status", "problem"}
    ] * 3
    assert results[0]["watch"] == app.get(f"/watches/{results[0]['watch']['id']}").json() | {
        name: results[0]["watch"][name] for name in ("status", "polls", "dueAt", "faults", "reason")
    }
    assert results[1]["problem"]["type"].endswith(":unknown-api")
    assert results[3]["problem"]["errors"][0]["pointer"] == "/url"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"watches": []}, "/watches"),
        ({"watches": [{}] * 101}, "/watches"),
        ({"watches": {}}, "/watches"),
        ({"watches": [{}], "labels": []}, "/labels"),
    ],
)
def test_a_bad_batch_is_a_problem(app, body, says):
    assert_problem(app.post("/watches", json=body), 422, "invalid-body", says)


def test_what_the_platform_answered_is_a_start(app, parts):
    job, other = a_job(), a_job()
    path = f"/insights/reporting/datasources/extraction/status/{job['job']['jobId']}"
    answer = {"run": {"id": "r", "_links": {"status": {"href": parts.simulator + path.replace("status", "Status")}}}}
    begun = [
        app.post("/watches", json={"location": path, "labels": ["a"], "deadline": "PT2H"}),
        app.post("/watches", json={"response": {"run": {"id": other["job"]["jobId"]}}, "api": "reporting"}),
    ]

    again = app.post("/watches", json={"watches": [{"location": path}, {"response": answer}, {"response": {}}]})

    assert [one.status_code for one in begun] == [202, 202]
    assert [one.json()["job"] for one in begun] == [job["job"], other["job"]]
    assert begun[0].json()["labels"] == ["a"]
    results = again.json()["results"]
    assert [result["status"] for result in results] == [200, 200, 422]
    assert results[0]["watch"]["id"] == results[1]["watch"]["id"] == begun[0].json()["id"]
    assert results[2]["problem"]["type"].endswith(":wrong-response")


def test_a_restart_begins_an_ended_watch_again(app, ended, platform):
    job = reporting(f"job {uuid4()}", [{"body": {"status": {"state": "Succeeded"}}}], "succeeded")
    platform.post("/jobs", json={"path": job.path, "script": job.script})
    body = {"api": job.api, "job": job.ids}
    first = ended(app.post("/watches", json=body).json()["id"])

    again = app.post("/watches", json=body)
    restarted = app.post("/watches", json=body | {"restart": True, "labels": ["second"]})

    assert (again.status_code, again.json()["outcome"]) == (200, "succeeded")
    assert (restarted.status_code, restarted.json()["state"]) == (202, "watching")
    assert (restarted.json()["id"], restarted.json()["labels"], restarted.json()["polls"]) == (
        first["id"],
        ["second"],
        0,
    )
    second = ended(first["id"])
    assert second["startedAt"] > first["endedAt"]
    give_up = time.monotonic() + 20  # an end is seen before it is announced
    while len(announced(platform, first["id"])) < 2:
        assert time.monotonic() < give_up
        time.sleep(0.05)


def announced(platform, watch_id):
    events = [envelope["data"]["baseData"]["properties"] for envelope in platform.get("/events").json()["events"]]
    return [event for event in events if event.get("watchId") == watch_id]


def test_a_restart_leaves_an_open_watch_alone(app):
    job = a_job()
    app.post("/watches", json=job)

    assert app.post("/watches", json=job | {"restart": True}).status_code == 200


def test_of_restarts_at_once_one_begins(app, stopped):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: app.post("/watches", json=stopped | {"restart": True}), range(8)))

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(202) == 1, statuses
    assert set(statuses) <= {200, 202, 503}


def test_the_same_key_restarts_once(app, stopped):
    key = {"Idempotency-Key": str(uuid4())}
    body = stopped | {"restart": True}
    first = app.post("/watches", json=body, headers=key)
    app.delete(f"/watches/{first.json()['id']}")

    again = app.post("/watches", json=body, headers={"idempotency-key": f'"{key["Idempotency-Key"]}"'})

    assert (first.status_code, again.status_code) == (202, 200)
    assert again.headers["location"] == first.headers["location"]
    assert again.json()["outcome"] == "stopped"
    assert app.post("/watches", json=body, headers={"Idempotency-Key": str(uuid4())}).status_code == 202


def test_a_batch_with_the_same_key_restarts_once(app, stopped):
    key = {"Idempotency-Key": str(uuid4())}
    batch = {"watches": [stopped | {"restart": True}, a_job()]}
    first = app.post("/watches", json=batch, headers=key)
    app.delete(f"/watches/{first.json()['results'][0]['watch']['id']}")

    again = app.post("/watches", json=batch, headers=key)

    assert [result["status"] for result in first.json()["results"]] == [202, 202]
    assert [result["status"] for result in again.json()["results"]] == [200, 200]
    assert again.json()["results"][0]["watch"]["outcome"] == "stopped"


def test_a_key_that_began_another_watch_or_met_a_problem_may_be_used(app):
    key = {"Idempotency-Key": str(uuid4())}
    assert app.post("/watches", json={"api": "bim"}, headers=key).status_code == 422

    assert [app.post("/watches", json=a_job(), headers=key).status_code for _ in range(2)] == [202, 202]


@pytest.mark.parametrize("key", ["", '"', "a b", "x" * 256, '"a"b"'])
def test_a_key_that_is_none_is_refused(app, key):
    answer = app.post("/watches", json=a_job(), headers={"Idempotency-Key": key})

    assert_problem(answer, 400, "wrong-idempotency-key", "visible")


def test_a_request_that_comes_twice_at_once_is_done_once(app, stopped):
    key = {"Idempotency-Key": str(uuid4())}
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: app.post("/watches", json=stopped | {"restart": True}, headers=key), range(4))
        )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(202) == 1, statuses
    assert set(statuses) <= {200, 202, 503}


def test_a_wait_ends_with_the_watch(app):
    watch = app.post("/watches", json=a_job()).json()
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(app.get, f"/watches/{watch['id']}", params={"wait": 20})
        time.sleep(0.5)
        app.delete(f"/watches/{watch['id']}")
        answer = waiting.result()

    assert answer.json()["outcome"] == "stopped"
    assert "retry-after" not in answer.headers
    assert time.monotonic() - began < 10


def test_a_wait_is_over_when_its_time_is_up(app):
    watch = app.post("/watches", json=a_job()).json()
    began = time.monotonic()

    answer = app.get(f"/watches/{watch['id']}", params={"wait": 2})

    assert 2 <= time.monotonic() - began < 6
    assert answer.json()["state"] == "watching"
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("wait", ["61", "-1", "x"])
def test_a_wait_is_bounded(app, wait):
    assert_problem(app.get(f"/watches/{uuid4()}?wait={wait}"), 422, "invalid-query", "wait")


def test_the_end_appears_in_the_trace_of_the_start(app, platform):
    watch = app.post("/watches", json=a_job(), headers={"traceparent": TRACEPARENT}).json()
    app.delete(f"/watches/{watch['id']}")

    envelopes = [
        envelope
        for envelope in platform.get("/events").json()["events"]
        if envelope["data"]["baseData"]["properties"].get("watchId") == watch["id"]
    ]
    assert {envelope["tags"]["ai.operation.id"] for envelope in envelopes} == {TRACEPARENT.split("-")[1]}


def test_a_request_id_comes_back(app):
    assert app.get("/health", headers={"x-request-id": "my-1"}).headers["x-request-id"] == "my-1"
    assert app.get("/watches/x", headers={"x-request-id": "my-2"}).headers["x-request-id"] == "my-2"


@pytest.mark.parametrize("bad", ["", "x" * 129, "a b", "a\tb", "<script>", "é"])
def test_one_that_no_header_should_carry_does_not(app, bad):
    answer = app.get("/health", headers=[("x-request-id", bad.encode("latin-1"))])

    assert answer.headers["x-request-id"] not in {bad, ""}
