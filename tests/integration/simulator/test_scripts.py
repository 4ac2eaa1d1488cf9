import time

import httpx
import pytest

PATH = "/schedules/s1/operations/o1"


def test_answers_come_in_order_and_the_last_repeats(simulator):
    simulator.script(PATH, {"status": 429, "headers": {"retry-after": 2}}, {"status": 503}, {"body": {"a": [1]}})
    first, second, *rest = (simulator.get(PATH) for _ in range(4))
    assert (first.status_code, first.headers["retry-after"], first.content) == (429, "2", b"")
    assert (second.status_code, second.content) == (503, b"")
    for answer in rest:
        assert (answer.status_code, answer.json()) == (200, {"a": [1]})
        assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    ("entry", "content_type", "content"),
    [
        ({"body": "<p>Bad gateway"}, "text/html", b"<p>Bad gateway"),
        ({"body": "{", "headers": {"Content-Type": "application/json"}}, "application/json", b"{"),
        ({"body": {"a": 1}, "headers": {"content-type": "text/x"}}, "text/x", b'{"a": 1}'),
        ({"body": ""}, "text/html", b""),
        ({"body": None}, "application/json", b"null"),
        ({"body": []}, "application/json", b"[]"),
    ],
)
def test_bodies(simulator, entry, content_type, content):
    simulator.script(PATH, {"status": 502, **entry})
    answer = simulator.get(PATH)
    assert (answer.status_code, answer.content) == (502, content)
    assert answer.headers["content-type"].partition(";")[0] == content_type


def test_a_scripted_304_has_no_body(simulator):
    simulator.script(PATH, {"status": 304, "headers": {"ETag": 'W/"1"'}})
    answer = simulator.get(PATH)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", 'W/"1"')


def test_delay(simulator):
    simulator.script(PATH, {"delay": 0.2}, {})
    begun = time.monotonic()
    simulator.get(PATH)
    assert 0.2 <= time.monotonic() - begun < 1
    simulator.script(PATH, {"delay": 5})
    with pytest.raises(httpx.ReadTimeout):
        simulator.get(PATH, timeout=0.1)


def test_drop(simulator):
    simulator.script(PATH, {"drop": True}, {"status": 204})
    with pytest.raises(httpx.RemoteProtocolError):
        simulator.get(PATH)
    assert simulator.get(PATH).status_code == 204
    assert [request["status"] for request in simulator.requests()[-2:]] == [None, 204]


def test_a_path_is_compared_segment_by_segment(simulator):
    simulator.script("/schedules/a%2Fb/operations/%6f1", {"status": 202})
    simulator.script("/schedules/a/b/operations/o1", {"status": 203})
    assert simulator.get("/schedules/a%2fb/operations/o1").status_code == 202
    assert simulator.get("/schedules/a/b/operations/o1?x=1").status_code == 203
    assert simulator.get("/schedules/a%2Fb/operations/o1/").status_code == 404


def test_a_bad_token_uses_up_nothing(simulator):
    simulator.script(PATH, {"status": 202}, {"status": 203})
    assert simulator.get(PATH, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert [simulator.get(PATH).status_code for _ in range(2)] == [202, 203]


def test_an_entry_may_say_whether_a_token_is_needed(stranger):
    stranger.script(PATH, {"status": 202, "auth": False}, {"status": 203})
    stranger.script("/other", {"status": 202}, {"status": 203, "auth": True})
    for path in (PATH, "/other"):
        assert [stranger.get(path).status_code for _ in range(2)] == [202, 401]


def test_the_token_endpoint_may_be_scripted(stranger):
    token = {"access_token": "made-up", "expires_in": 0.3}
    stranger.script("/connect/token", {"status": 503, "body": token}, {"body": token})
    mine = {"Authorization": "Bearer made-up"}
    assert stranger.post("/connect/token").status_code == 503
    assert stranger.get(PATH, headers=mine).status_code == 401
    assert stranger.post("/connect/token").json() == token
    assert stranger.get(PATH, headers=mine).status_code == 200
    time.sleep(0.3)
    assert stranger.get(PATH, headers=mine).status_code == 401


def test_a_scripted_token_without_a_lifetime_has_the_usual_one(stranger):
    stranger.script("/connect/token", {"body": {"access_token": "made-up"}})
    stranger.post("/connect/token")
    assert stranger.get(PATH, headers={"Authorization": "Bearer made-up"}).status_code == 200


def test_ingestion_may_be_scripted(stranger):
    stranger.script("/v2.1/track", {"status": 439})
    assert stranger.post("/v2.1/track", json=[{}]).status_code == 439
    assert stranger.events() == []


def test_a_clock_overrides_the_id_and_the_script(simulator):
    path = "/schedules/s1/operations/missing"
    simulator.script(path, {"status": 500})
    assert simulator.ended(path, ends="Failed").json()["operation"]["status"] == "Failed"
    simulator.script(path, {"status": 500})
    assert simulator.get(path).status_code == 500


def test_a_clock_without_an_end_leaves_it_to_the_id(simulator):
    for job_id, expected in [("fails", "Failed"), ("o1", "Succeeded")]:
        path = f"/schedules/s1/operations/{job_id}"
        assert simulator.ended(path).json()["operation"]["status"] == expected
    simulator.clock("/schedules/s1/operations/missing", seconds=1)
    assert simulator.get("/schedules/s1/operations/missing").status_code == 404


def test_issues_alone_choose_an_end(simulator):
    path = "/accesscontrol/itwins/t1/jobs/1"
    assert simulator.ended(path, issues=True).json()["status"] == "Failed"
    assert simulator.ended(path, issues=False).json()["status"] == "Completed"


def test_a_clock_starts_a_job_over(simulator):
    simulator.ended(PATH)
    simulator.clock(PATH, seconds=30)
    assert simulator.get(PATH).json()["operation"]["status"] == "Queued"


@pytest.mark.parametrize(
    ("age", "status", "percentage"),
    [(0, "Queued", 0), (2500, "Started", 20), (9500, "Started", 90), (1e9, "Failed", 100)],
)
def test_a_clock_may_have_begun_long_ago(simulator, age, status, percentage):
    simulator.clock(PATH, seconds=10_000, ends="Failed", age=age)
    operation = simulator.get(PATH).json()["operation"]
    assert (operation["status"], operation["percentComplete"]) == (status, percentage)


def test_a_clock_without_seconds_takes_the_usual_time(simulator):
    simulator.clock(PATH, ends="Failed")
    simulator.get(PATH)
    time.sleep(0.01)
    assert simulator.get(PATH).json()["operation"]["status"] == "Queued"


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({"path": PATH}, "either a script or a clock"),
        ({"path": PATH, "script": [{}], "clock": {}}, "either a script or a clock"),
        ({"path": PATH, "script": []}, "script: "),
        ({"path": PATH, "script": [{"status": 99}]}, "script.0.status: "),
        ({"path": PATH, "script": [{"stauts": 200}]}, "script.0.stauts: "),
        ({"path": PATH, "script": [{"delay": -1}]}, "script.0.delay: "),
        ({"path": PATH, "script": [{"headers": {"a b": ""}}]}, "script.0.headers"),
        ({"path": PATH, "script": [{"headers": {"a": "b\r\nc: d"}}]}, "script.0.headers.a: "),
        ({"path": "schedules", "script": [{}]}, "path: "),
        ({"path": f"{PATH}?x=1", "script": [{}]}, "path: "),
        ({"path": "/_sim/reset", "script": [{}]}, "_sim"),
        ({"path": "/other", "clock": {}}, "path: only a job has a clock"),
        ({"path": PATH, "clock": {"ends": "Cancelled"}}, "clock.ends: schedules has Succeeded, Failed"),
        ({"path": PATH, "clock": {"seconds": 0}}, "clock.seconds: "),
        ({"path": PATH, "clock": {"age": -1}}, "clock.age: "),
        ({"api": "schedules", "clock": {"age": 1}}, "the next job of an api has no age"),
    ],
)
def test_orders_that_make_no_sense(stranger, order, complaint):
    answer = stranger.post("/_sim/jobs", json=order)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]


def test_an_order_that_is_not_json(stranger):
    answer = stranger.post("/_sim/jobs", content=b"{")
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


def test_what_a_script_accepts_at_the_ingestion_endpoint_is_kept(simulator, stranger):
    stranger.script("/v2.1/track", {"status": 500}, {"body": {"itemsAccepted": 1}})

    for name in ("refused", "taken"):
        stranger.post("/v2.1/track", json=[{"name": name}])

    assert simulator.events() == [{"name": "taken"}]
