"""The body that starts a watch, and how a watch is shown."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.core.model import End, Outcome
from shared.web.job_url import locate
from shared.web.problems import Problem
from shared.web.requests import LARGEST_BODY, LONGEST_WATCH, StartRequest, WatchDocument
from tests.builders import NOON, a_watch

ORIGIN = "https://api.bentley.com"
URL = ORIGIN + "/realitydataanalysis/jobs/j1/progress"
WHAT_TO_SEND = 'Send {"url": "<the job\'s status URL>"} or {"api": "<name>", "job": {"<field>": "<id>"}}'


def body(**members):
    return json.dumps(members).encode()


def read(**members):
    return StartRequest.read(body(**members))


def problem_of(attempt, *arguments, **members):
    with pytest.raises(Problem) as caught:
        attempt(*arguments, **members)
    return caught.value


@pytest.mark.parametrize(
    "members",
    [
        {"url": URL},
        {"api": "reality-analysis", "job": {"jobId": "j1"}},
        {"url": URL, "api": None, "job": None, "deadline": None},
    ],
)
def test_a_url_and_an_api_with_ids_say_the_same(members):
    assert read(**members).target(ORIGIN) == (APIS["reality-analysis"], {"jobId": "j1"})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"url=https://api.bentley.com",
        b'{"url": "x"',
        b'{"url": "x"} {}',
        b"{'url': 'x'}",
        b'{"url": "x",}',
        b"\xff\xfe{\x00}\x00",
        b'{"url": "\xff"}',
        b'{"url": "\xed\xa0\x80"}',
        b'{"url": "\\ud800"}',
        b'{"url": "\\udc00\\ud800"}',
        b'{"url": "a\x00b"}',
        b"[" * 10_000,
        b'{"job":' * 2_000,
        b'{"job":' * 2_000 + b"1" + b"}" * 2_000,
    ],
)
def test_what_is_not_json_is_a_400(raw):
    problem = problem_of(StartRequest.read, raw)

    assert (problem.status, problem.name) == (400, "malformed-body")
    assert problem.detail.startswith(WHAT_TO_SEND)


@pytest.mark.parametrize("raw", [b" " * (LARGEST_BODY + 1), b"[" * 1_000_000, body(url="x" * LARGEST_BODY)])
def test_a_body_that_is_too_large_is_a_413_that_says_how_much_is_allowed(raw):
    problem = problem_of(StartRequest.read, raw)

    assert (problem.status, problem.name, problem.detail) == (413, "body-too-large", "Send at most 65,536 bytes.")


def test_the_largest_body_passes():
    raw = body(url=URL)

    assert StartRequest.read(raw + b" " * (LARGEST_BODY - len(raw))) == StartRequest.read(raw)


@pytest.mark.parametrize("raw", [b"null", b"1", b'"url"', b"[]", b"true"])
def test_json_that_is_no_object_is_a_422(raw):
    problem = problem_of(StartRequest.read, raw)

    assert (problem.status, problem.name, [error["pointer"] for error in problem.errors]) == (422, "invalid-body", [""])
    assert problem.detail.startswith(WHAT_TO_SEND)


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"url": 1}, ["/url"]),
        ({"url": ["x"]}, ["/url"]),
        ({"url": "x" * 4097}, ["/url"]),
        ({"api": 1, "job": []}, ["/api", "/job"]),
        ({"api": "reporting", "job": {"jobId": 7}}, ["/job/jobId"]),
        ({"api": "reporting", "job": {"jobId": None}}, ["/job/jobId"]),
        ({"api": "reporting", "job": {"a/b~c": 7}}, ["/job/a~1b~0c"]),
        ({"url": URL, "callback": "https://evil.example"}, ["/callback"]),
        ({"url": URL, "Url": URL}, ["/Url"]),
        ({"url": URL, "labels": "nightly"}, ["/labels"]),
        ({"url": URL, "labels": {}}, ["/labels"]),
        ({"url": URL, "labels": None}, ["/labels"]),
        ({"url": URL, "labels": ["ok", 1, ""]}, ["/labels/1", "/labels/2"]),
        ({"url": URL, "labels": ["x" * 65]}, ["/labels/0"]),
        ({"url": URL, "labels": ["a\nb"]}, ["/labels/0"]),
        ({"url": URL, "labels": ["a\x7fb"]}, ["/labels/0"]),
        ({"url": URL, "labels": ["x"] * 11}, ["/labels"]),
        ({"url": URL, "deadline": {}}, ["/deadline"]),
        ({"response": "{}"}, ["/response"]),
        ({"response": [], "location": 1}, ["/response", "/location"]),
        ({"location": "x" * 4097}, ["/location"]),
    ],
)
def test_members_that_are_not_as_they_must_be_are_pointed_at(members, pointers):
    problem = problem_of(read, **members)

    assert (problem.status, problem.name) == (422, "invalid-body")
    assert [error["pointer"] for error in problem.errors] == pointers
    assert all(error["detail"] for error in problem.errors)
    assert problem.detail.startswith(WHAT_TO_SEND)
    assert all(pointer in problem.detail for pointer in pointers)


def test_a_complaint_does_not_repeat_what_was_sent():
    """A caller who mistakes one member for another may have sent a secret."""
    problem = problem_of(read, url=["hunter2"], deadline="hunter2", labels=["hunter2" * 10])

    assert "hunter2" not in json.dumps(problem.document())


def test_an_answer_does_not_outgrow_the_question_much():
    raw = body(**{str(number): 1 for number in range(1500)})

    assert len(json.dumps(problem_of(StartRequest.read, raw).document())) < 2 * LARGEST_BODY


@pytest.mark.parametrize("labels", [[], ["x"], ["x" * 64], ["é😀 a,b"], ["x"] * 10])
def test_labels_within_bounds_pass(labels):
    assert read(url=URL, labels=labels).labels == labels


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"labels": ["x"]},
        {"job": {"jobId": "j"}},
        {"url": URL, "api": "reporting"},
        {"url": URL, "job": {"jobId": "j"}},
        {"url": URL, "job": {}},
        {"url": URL, "api": "reporting", "job": {"jobId": "j"}},
        {"url": URL, "response": {}},
        {"url": URL, "location": "/"},
        {"response": {}, "job": {"jobId": "j"}},
        {"response": {}, "api": "reporting", "job": {"jobId": "j"}},
        {"location": "/", "api": "reporting", "job": {"jobId": "j"}},
    ],
)
def test_either_a_url_or_an_api_with_ids_must_be_sent(members):
    problem = problem_of(read(**members).target, ORIGIN)

    assert (problem.status, problem.name) == (422, "invalid-body")
    assert problem.detail.startswith(WHAT_TO_SEND)


@pytest.mark.parametrize("name", ["", "Reporting", "contextcapture", "x" * 5000, "\x00"])
def test_an_unknown_api_is_told_where_all_are(name):
    problem = problem_of(read(api=name, job={"jobId": "j"}).target, ORIGIN)

    assert (problem.status, problem.name) == (422, "unknown-api")
    assert problem.detail.endswith(". /api/openapi.json lists all.")
    assert len(problem.detail) < 250


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Reporting", "reporting"), ("reality-modelling", "reality-modeling"), ("imodels_create", "imodels-create")],
)
def test_an_unknown_api_is_told_which_is_most_like_it(name, meant):
    problem = problem_of(read(api=name, job={"jobId": "j"}).target, ORIGIN)

    assert f"Most like it: {meant}, " in problem.detail


def test_an_api_without_ids_is_told_which_it_needs():
    problem = problem_of(read(api="schedules").target, ORIGIN)

    assert problem.name == "wrong-job"
    assert '{"scheduleId": "<id>", "operationId": "<id>"}' in problem.detail


def test_a_url_of_another_platform_is_refused():
    assert problem_of(read(url=URL).target, "https://qa-api.bentley.com").name == "wrong-url"


@pytest.mark.parametrize(
    ("deadline", "instant"),
    [
        ("2026-11-20T13:00:00Z", NOON + timedelta(hours=1)),
        ("2026-11-20T13:00:00+00:00", NOON + timedelta(hours=1)),
        ("2026-11-20T15:00:00+02:00", NOON + timedelta(hours=1)),
        ("2026-11-19T13:00:00-23:30", NOON + timedelta(minutes=30)),
        ("2026-11-20T12:00:00.5Z", NOON + timedelta(seconds=0.5)),
        ("2026-11-20T12:01Z", NOON + timedelta(minutes=1)),
        ("2027-11-21T12:00:00Z", NOON + LONGEST_WATCH),
    ],
)
def test_a_deadline_may_be_an_instant(deadline, instant):
    """In UTC from here on, like every instant of ours."""
    found = read(url=URL, deadline=deadline).deadline_from(NOON, timedelta(days=7))

    assert (found, found.utcoffset()) == (instant, timedelta(0))


@pytest.mark.parametrize(
    ("deadline", "span"),
    [
        (None, timedelta(hours=1)),
        ("PT2H", timedelta(hours=2)),
        ("P3D", timedelta(days=3)),
        ("P1DT1H30M", timedelta(days=1, hours=1, minutes=30)),
        ("PT0.5S", timedelta(seconds=0.5)),
        ("P366D", LONGEST_WATCH),
    ],
)
def test_a_deadline_may_be_a_duration_or_left_out(deadline, span):
    assert read(url=URL, deadline=deadline).deadline_from(NOON, timedelta(hours=1)) == NOON + span


@pytest.mark.parametrize(
    "deadline",
    [
        "2026-11-20T11:59:59Z",
        "2026-11-20T12:00:00Z",
        "2026-11-20T13:00:00+02:00",
        "0001-01-01T00:00:00+23:59",
        "2027-11-21T12:00:00.000001Z",
        "9999-12-31T23:59:59-23:59",
        "PT0S",
        "P0D",
        "P366DT1S",
        "P2Y",
        "P999999999D",
    ],
)
def test_a_deadline_that_has_passed_or_is_too_far_away_is_told_the_limits(deadline):
    problem = problem_of(read(url=URL, deadline=deadline).deadline_from, NOON, timedelta(days=7))

    assert (problem.status, problem.name) == (422, "wrong-deadline")
    assert problem.detail == "Send a deadline between now (2026-11-20T12:00:00Z) and 366 days from now."


@pytest.mark.parametrize(
    "deadline",
    [
        "",
        "tomorrow",
        "2026-12-01",
        "2026-12-01T12:00:00",
        "2026-12-01 12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-12-01T12:00:60Z",
        "2026-12-01T24:00:01Z",
        "２０２６-12-01T12:00:00Z",  # noqa: RUF001 -- digits, but not ASCII's
        "1796126400",
        "12:00",
        "P",
        "PT",
        "-PT2H",
        "P-1D",
        "2 hours",
        "PT2H and more",
        "P9999999999D",
        "P" + "9" * 400 + "D",
        "Pnan",
        3600,
        0,
        -1,
        1.5,
        True,
        ["PT2H"],
        {"hours": 2},
    ],
)
def test_a_deadline_that_is_neither_is_told_what_is(deadline):
    problem = problem_of(read, url=URL, deadline=deadline)

    assert problem.errors == [
        {
            "pointer": "/deadline",
            "detail": "must be an instant such as 2026-12-01T12:00:00Z or a duration such as PT2H or P3D",
        }
    ]


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_are_a_problem(raw):
    ends_in_a_target_or_a_problem(raw)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


MEMBERS = ["url", "api", "job", "response", "location", "deadline", "labels"]


@given(st.dictionaries(st.sampled_from(MEMBERS) | st.text(), VALUES, max_size=5))
def test_any_json_is_read_or_is_a_problem(members):
    ends_in_a_target_or_a_problem(json.dumps(members).encode())


@given(st.text("PYMWDTHS0123456789.,-+:Z ").map(lambda text: "P" + text) | st.datetimes().map(datetime.isoformat))
def test_any_deadline_is_read_or_is_a_problem(deadline):
    ends_in_a_target_or_a_problem(body(url=URL, deadline=deadline))


def ends_in_a_target_or_a_problem(raw):
    match outcome_of(raw):
        case Problem() as problem:
            assert 400 <= problem.status < 500
            assert problem.detail
            json.dumps(problem.document(), ensure_ascii=False).encode()  # or else there is no answer at all
        case timedelta() as span:
            assert timedelta(0) < span <= LONGEST_WATCH
        case datetime() as instant:
            assert NOON < instant <= NOON + LONGEST_WATCH
        case nothing:
            assert nothing is None


def outcome_of(raw: bytes) -> Any:
    try:
        wanted = StartRequest.read(raw)
        wanted.target(ORIGIN)
        return wanted.deadline_from(NOON, timedelta(days=7))
    except Problem as problem:
        return problem


WATCH = a_watch(
    id="0d6c",
    api="schedules",
    job={"scheduleId": "s", "operationId": "o"},
    labels=("nightly", "é"),
    due=NOON + timedelta(seconds=15),
    stepped_by="message",
    etag='W/"1"',
)


def shown(watch):
    return WatchDocument.of(watch, ORIGIN).model_dump(mode="json", by_alias=True)


def test_a_watch_that_goes_on_is_shown():
    assert shown(
        replace(WATCH, status="Started", progress=40.0, reason="HTTP 503", failing="5xx", polls=3, faults=1)
    ) == {
        "id": "0d6c",
        "api": "schedules",
        "job": {"scheduleId": "s", "operationId": "o"},
        "url": "https://api.bentley.com/schedules/s/operations/o",
        "state": "watching",
        "status": "Started",
        "progress": 40.0,
        "outcome": None,
        "reason": "HTTP 503",
        "failing": "5xx",
        "issues": 0,
        "evidence": [],
        "polls": 3,
        "faults": 1,
        "startedAt": "2026-11-20T12:00:00Z",
        "dueAt": "2026-11-20T12:00:15Z",
        "deadline": "2026-11-27T12:00:00Z",
        "endedAt": None,
        "wokenAt": None,
        "labels": ["nightly", "é"],
        "callback": None,
    }


def test_what_is_not_known_yet_is_null_and_not_empty():
    assert (shown(WATCH)["status"], shown(WATCH)["reason"], shown(WATCH)["progress"]) == (None, None, None)


def test_an_ended_watch_is_due_no_more():
    ended = shown(replace(WATCH, end=End(Outcome.PARTIAL, NOON + timedelta(hours=1))))

    assert (ended["state"], ended["outcome"], ended["endedAt"], ended["dueAt"]) == (
        "ended",
        "partial",
        "2026-11-20T13:00:00Z",
        None,
    )


@pytest.mark.parametrize(
    ("api", "job", "path"),
    [
        ("schedules", {"scheduleId": "a/b", "operationId": "ö"}, "/schedules/a%2Fb/operations/%C3%B6"),
        ("imodels-checkpoint", {"iModelId": "i", "changesetId": "c"}, "/imodels/i/changesets/c/checkpoint"),
        ("schedules", {"scheduleId": "s"}, None),  # what is left of a row that somebody spoilt
        ("forgotten", {}, None),
    ],
)
def test_a_watch_tells_the_url_of_its_job(api, job, path):
    url = shown(replace(WATCH, api=api, job=job))["url"]

    assert url == (path and ORIGIN + path)
    assert url is None or locate(url, ORIGIN) == (APIS[api], job)


def test_a_watch_tells_when_an_event_woke_it():
    assert shown(replace(WATCH, woken_at=NOON, woken_by=("e",)))["wokenAt"] == "2026-11-20T12:00:00Z"
