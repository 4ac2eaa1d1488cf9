"""A platform that misbehaves in every way we know: each watch ends as it must, and nobody is asked too early.

All watches run at once; each test then looks at its own.
"""

import json
import time

import pytest

from local.trials import verdict
from local.trials.scenario import Answer, access_control, details, logs, reality_analysis, reporting, schedules
from shared.core.decide import MOST_PAGES

DONE = {"body": {"operation": {"status": "Succeeded", "percentComplete": 100}}}
STARTED = {"body": {"operation": {"status": "Started", "percentComplete": 10}}}
ACTIVE = {"body": {"id": "j", "itwinId": "t", "status": "Active"}}
COMPLETED = {"body": {"id": "j", "itwinId": "t", "status": "Completed"}}


def odd(value):
    """A 429 with this Retry-After, then the end."""
    return [{"status": 429, "headers": {"retry-after": value}}, DONE]


def log_of(what, links):
    """A log of one page with one issue; a link "" leads to the page itself."""
    (path,) = logs(what, [])
    links = {name: {"href": link["href"] or path} for name, link in links.items()}
    entry = {"level": "Error", "message": "no", "containsIssues": True}
    return {path: [{"body": {"logs": [entry], "_links": links}}]}


#: The platform's, which is believed, and those of what stands before it, which are not.
ENVELOPE = {"body": {"error": {"code": "Code", "message": "what it says"}}}
GATEWAY: list[Answer] = [
    {"status": 404, "body": {"statusCode": 404, "message": "Resource not found"}},
    {"status": 403, "body": "<html>Blocked</html>"},
    *({"status": status} for status in (400, 406, 410, 422)),
]

JOBS = [
    schedules("retry after 3", odd("3"), "succeeded", polls=2),
    schedules("retry after nothing", odd("0"), "succeeded", polls=2),
    schedules("retry after minus", odd("-5"), "succeeded", polls=2),
    schedules("retry after word", odd("soon"), "succeeded", polls=2),
    schedules("retry after float", odd("1.5"), "succeeded", polls=2),
    schedules("retry after ages", odd("9" * 40), "succeeded", polls=2),
    schedules("retry after past", odd("Wed, 01 Jan 2020 00:00:00 GMT"), "succeeded", polls=2),
    schedules("retry after empty", odd(""), "succeeded", polls=2),
    schedules("retry after on a report", [{**STARTED, "headers": {"Retry-After": "4"}}, DONE], "succeeded", polls=2),
    schedules("304 before any 200", [{"status": 304}, {"status": 304}, DONE], "succeeded", polls=3),
    schedules("304 for ever", [STARTED | {"headers": {"ETag": '"1"'}}, {"status": 304}], "expired", deadline="PT15S"),
    schedules(
        "a validator no header can carry",
        [STARTED | {"headers": {"ETag": '"caf\u00e9"'}}, STARTED, DONE],
        "succeeded",
        polls=3,
    ),
    schedules("percent-encoded", [STARTED, DONE], "succeeded", polls=2, schedule="100%41/\u00e4 b?c#d", by_url=True),
    schedules("dots in ids", [DONE], "succeeded", polls=1, schedule="...", by_url=True),
    access_control(
        "redirect", [{"status": 302, "headers": {"Location": "/elsewhere"}}, COMPLETED], "succeeded", polls=2
    ),
    access_control("other case", [{"body": {"status": "aCtIvE"}}, {"body": {"status": "COMPLETED"}}], "succeeded"),
    access_control("unknown word", [{"body": {"status": "Paused"}}, COMPLETED], "succeeded", polls=2),
    access_control("status is a number", [{"body": {"status": 5}}, COMPLETED], "succeeded", polls=2),
    access_control("status is null", [{"body": {"status": None}}, COMPLETED], "succeeded", polls=2),
    access_control("a list", [{"body": [1, 2]}, COMPLETED], "succeeded", polls=2),
    access_control("a text", [{"body": "Completed"}, COMPLETED], "succeeded", polls=2),
    access_control("nothing at all", [{"status": 200}, {"status": 204}, COMPLETED], "succeeded", polls=3),
    access_control("html 502", [{"status": 502, "body": "<html>Bad Gateway</html>"}, COMPLETED], "succeeded", polls=2),
    access_control("dropped", [{"drop": True}, COMPLETED], "succeeded"),
    access_control("slow", [{**ACTIVE, "delay": 2}, COMPLETED], "succeeded", polls=2),
    access_control("cut short", [{"body": '{"status": "Comple'}, COMPLETED], "succeeded", polls=2),
    access_control("nested", [{"body": "[" * 100_000}, COMPLETED], "succeeded", polls=2),
    access_control(
        "too large", [{"body": {"status": "Completed", "x": "x" * 2_000_000}}, COMPLETED], "succeeded", polls=2
    ),
    access_control(
        "not gzip", [{**COMPLETED, "headers": {"Content-Encoding": "gzip"}}, COMPLETED], "succeeded", polls=2
    ),
    access_control("gone", [{"status": 410, **ENVELOPE}], "lost", reason="HTTP 410 Code", polls=5),
    access_control("not acceptable", [{"status": 406, **ENVELOPE}], "refused", reason="HTTP 406 Code", polls=5),
    access_control(
        "a gateway's words",
        [answer for word in GATEWAY for answer in (word, ACTIVE)] + [COMPLETED],
        "succeeded",
        polls=13,
    ),
    access_control("accepted", [{"status": 202, **COMPLETED}] * 3 + [COMPLETED], "succeeded", polls=4),
    access_control(
        "nested errors", [{"status": 404, "body": f'{{"error": {"[" * 800}{"]" * 800}}}'}, COMPLETED], "succeeded"
    ),
    access_control(
        "gzip in gzip", [{**COMPLETED, "headers": {"Content-Encoding": "gzip, gzip"}}, COMPLETED], "succeeded", polls=2
    ),
    access_control("not yet visible", [{"status": 404}, {"status": 404}, COMPLETED], "succeeded", polls=3),
    access_control("never allowed", [{"status": 401, "auth": False}], "expired", deadline="PT5S", reason="HTTP 401"),
    reality_analysis(
        "odd percentages",
        [
            {"body": {"progress": {"state": "active", "percentage": percentage}}}
            for percentage in ["56", True, -1, 10**30, None, []]
        ]
        + [{"body": {"progress": {"state": "success"}}}],
        "succeeded",
        polls=7,
    ),
    reality_analysis("progress is a list", [{"body": {"progress": []}}], "expired", deadline="PT3S"),
    reality_analysis(
        "text for a terminal",
        [{"body": {"progress": {"state": "failed", "step": "\x1b[31mred\r\n\U0001f600" + "x" * 2000}}}],
        "failed",
        reason="?[31mred \U0001f600xxx",
    ),
    reporting(
        "retry after beyond the deadline",
        [{"status": 503, "headers": {"retry-after": "3600"}}],
        "expired",
        deadline="PT3S",
        polls=1,
    ),
    reporting(
        "a log that leads elsewhere",
        [{"body": {"status": {"state": "Failed"}}}],
        "failed",
        reason="there is more evidence than was read",
        documents=log_of("a log that leads elsewhere", {"next": {"href": "https://evil.example/logs"}}),
        evidence=["Error: no"],
    ),
    reporting(
        "a log that goes round",
        [{"body": {"status": {"state": "Failed"}}}],
        "failed",
        reason="there is more evidence than was read",
        documents=log_of("a log that goes round", {"next": {"href": ""}}),
        evidence=["Error: no"],
    ),
    reporting(
        "a log that is none",
        [{"body": {"status": {"state": "Failed", "_links": {"logs": {"href": "https://evil.example/"}}}}}],
        "failed",
        reason="the evidence could not be had: HTTP 200 without a JSON object",
        documents={path: [{"body": "<html>"}] for path in logs("a log that is none", [])},
    ),
    reality_analysis(
        "details not for us",
        [{"body": {"progress": {"state": "failed"}}}],
        "failed",
        reason="the evidence could not be had: HTTP 403",
        documents={path: [{"status": 403}] for path in details("details not for us")},
    ),
    reality_analysis(
        "much to say",
        [{"body": {"progress": {"state": "failed"}}}],
        "failed",
        documents=details("much to say", *({"code": f"E{number}", "message": "x" * 900} for number in range(500))),
    ),
    reporting("issues is a text", [{"body": {"status": {"state": "Succeeded", "containsIssues": "no"}}}], "succeeded"),
]


@pytest.fixture(scope="module")
def evidence(parts, app, platform, ended):
    watches = {}
    for job in JOBS:
        for path, script in {job.path: job.script, **job.documents}.items():
            platform.post("/jobs", json={"path": path, "script": script})
        target = {"url": parts.simulator + job.url} if job.url else {"api": job.api, "job": dict(job.ids)}
        deadline = {"deadline": job.deadline} if job.deadline else {}
        answer = app.post("/watches", json=target | deadline)
        assert answer.status_code == 202, answer.text
        watches[job.what] = answer.json()["id"]
    for watch_id in watches.values():
        ended(watch_id)
    time.sleep(1)  # what was ended may yet be on its way to the results
    return verdict.gather(parts, watches, JOBS)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.what)
def test_it_ends_as_it_must(evidence, job):
    assert list(verdict.disagreements(job, evidence[job.what])) == []


def test_evidence_is_bounded_and_counted(evidence):
    watch = evidence["much to say"].watch

    assert (len(watch["evidence"]), watch["issues"]) == (20, 500)
    assert max(map(len, watch["evidence"])) == 300


def test_a_log_is_read_so_far_and_no_further(platform, evidence):
    requests = platform.get("/requests").json()["requests"]

    pages = [request for request in requests if request["path"].endswith("a-log-that-goes-round/logs")]
    assert len(pages) == MOST_PAGES
    assert evidence["a log that goes round"].watch["issues"] == MOST_PAGES


def test_a_date_to_retry_after_is_kept(app, platform, ended):
    then = time.time() + 4
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(then))
    (job,) = [schedules("retry after a date", [{"status": 503, "headers": {"retry-after": date}}, DONE], "succeeded")]
    platform.post("/jobs", json={"path": job.path, "script": job.script})

    watch_id = app.post("/watches", json={"api": job.api, "job": job.ids}).json()["id"]
    ended(watch_id)

    times = [
        verdict._instant(request["time"]).timestamp()
        for request in platform.get("/requests").json()["requests"]
        if request["path"] == job.path
    ]
    assert len(times) == 2
    assert times[1] >= int(then)


def test_redirects_lead_nowhere(evidence, platform):
    assert evidence["redirect"].watch["outcome"] == "succeeded"
    assert not [r for r in platform.get("/requests").json()["requests"] if r["path"] == "/elsewhere"]


def test_validators_go_back_as_they_came(evidence):
    conditions = [r["headers"].get("if-none-match") for r in evidence["304 for ever"].requests]

    assert conditions[0] is None
    assert set(conditions[1:]) == {'"1"'}


def test_ids_are_one_segment_of_the_path_whatever_they_hold(evidence):
    paths = {request["path"] for request in evidence["percent-encoded"].requests}

    assert paths == {"/schedules/100%2541%2F%C3%A4%20b%3Fc%23d/operations/percent-encoded"}


def test_no_row_or_event_holds_anything_but_one_line(evidence):
    for found in evidence.values():
        text = json.dumps([found.watch, found.events], ensure_ascii=False)
        assert "\x1b" not in text
        assert len(found.watch["reason"] or "") <= 600
