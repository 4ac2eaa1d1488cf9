"""Why a job did not end cleanly, as the answers say it; and how a request for it is made and read."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.apis.reality_analysis import REALITY_ANALYSIS
from shared.apis.reporting import REPORTING
from shared.core.evidence import LONGEST_ENTRY, Evidence, entries
from shared.core.model import EvidencePage, Failing, Fault, Outcome
from shared.core.remote import NoResponse, Request, Response, ask, observe
from tests.builders import NOON, a_watch

HERE = "https://api.bentley.com"
WATCH = a_watch(
    id="w",
    api="reporting",
    job={"jobId": "j/1"},
    deadline=NOON,
    verdict=Outcome.FAILED,
)
LIST = Evidence(at=("errors",))
ISSUES: Any = REPORTING.evidence
TASKS = Evidence(at=("jobs.tasks",), says=("error.code",), issue={"result": ("Error",)})
MANY = Evidence(at=("tasks",), says=("errors.code",), issue={"errors.fatal": (True,)})
FILLED = Evidence(at=("e",), says=("m",), params_at="p")


def failed(code):
    return {"result": "Error", "error": {"code": code}}


@pytest.mark.parametrize(
    ("evidence", "body", "texts"),
    [
        (LIST, {}, ()),
        (LIST, None, ()),
        (LIST, {"errors": None}, ()),
        (LIST, {"errors": []}, ()),
        (LIST, {"errors": "one text"}, ("one text",)),
        (LIST, {"errors": ["a", "", None, 7, "b"]}, ("a", "b")),
        (LIST, {"errors": {"code": "E", "message": "m"}}, ("E: m",)),
        (LIST, {"errors": [{"code": "E", "message": "m", "target": "t"}, {"code": "F"}]}, ("E: m (t)", "F")),
        (LIST, {"errors": ["  two\n lines "]}, ("two lines",)),
        # several places, in their order
        (Evidence(at=("a.errors", "a.warnings")), {"a": {"warnings": ["w"], "errors": ["e"]}}, ("e", "w")),
        # the members that say it, in their order
        (Evidence(at=("logs",), says=("level", "message")), {"logs": [{"message": "m", "level": "L"}]}, ("L: m",)),
        (Evidence(at=("logs",), says=("level", "message")), {"logs": [{"message": None, "level": "L"}]}, ("L",)),
        (Evidence(at=("e",), says=("code", "params")), {"e": [{"code": "E", "params": ["a", 7, []]}]}, ("E: a, 7",)),
        # below lists, where some members are missing
        (TASKS, {"jobs": [{"tasks": [failed("E1"), {"result": "Error"}]}, {}, {"tasks": failed("E2")}]}, ("E1", "E2")),
        (TASKS, {"jobs": [{"tasks": [{**failed("E1"), "result": "Success"}, 7, None, [failed("E3")]]}]}, ()),
        # whatever the letter case of the word that counts, as of all words
        (TASKS, {"jobs": [{"tasks": [{**failed("E1"), "result": " error "}]}]}, ("E1",)),
        # several things said in one entry
        (MANY, {"tasks": [{"errors": [{"code": "E1", "fatal": True}, {"code": "E2"}]}, {"errors": []}]}, ("E1, E2",)),
        # parameters where a text names them; what it names and was not given stays
        (FILLED, {"e": [{"m": "%1 of %2, not %3", "p": ["a", 7]}]}, ("a of 7, not %3",)),
        (FILLED, {"e": [{"m": "%1%10%0 100%", "p": ["%2", "b"]}]}, ("%2%10%0 100%",)),
        (FILLED, {"e": [{"m": "%1", "p": None}, {"m": "%1", "p": "x"}, {"m": "%1"}]}, ("%1", "x", "%1")),
    ],
)
def test_entries(evidence, body, texts):
    assert entries(evidence, body) == texts


def test_parameters_do_not_multiply_without_bound():
    """Half a body of places, and half a body to put there."""
    (text,) = entries(FILLED, {"e": [{"m": "%1" * 200_000, "p": ["x" * 500_000]}]})

    assert len(text) == LONGEST_ENTRY


@pytest.mark.parametrize(
    ("entry", "counts"),
    [
        ({"containsIssues": True, "level": "Warning"}, True),
        ({"containsIssues": True}, True),
        ({"containsIssues": False, "level": "Error"}, True),
        ({"level": "Error"}, True),
        ({"level": "error "}, True),
        ({"containsIssues": False, "level": "Information"}, False),
        ({"containsIssues": 1}, False),
        ({"containsIssues": "true"}, False),
        ({}, False),
        ("a text", False),
        (None, False),
    ],
)
def test_of_a_log_only_issues_count(entry, counts):
    entry = entry | {"message": "m"} if isinstance(entry, dict) else entry

    assert bool(entries(ISSUES, {"logs": [entry]})) is counts


def test_an_entry_is_bounded():
    (text,) = entries(LIST, {"errors": ["x" * 10_000]})

    assert len(text) == LONGEST_ENTRY


def test_the_first_page_is_asked_for_where_the_api_has_it():
    request = ask(REPORTING, WATCH)

    assert request.path == "/insights/reporting/datasources/extraction/status/j%2F1/logs"
    assert request.headers == REPORTING.headers
    assert ask(REALITY_ANALYSIS, WATCH).path == "/realitydataanalysis/jobs/j%2F1"


def test_a_further_page_is_asked_for_where_the_one_before_says():
    assert (
        ask(REPORTING, replace(WATCH, evidence_at="/logs/?$continuationToken=7")).path == "/logs/?$continuationToken=7"
    )


@pytest.mark.parametrize(
    ("href", "evidence_at"),
    [
        (f"{HERE}/x/logs", "/x/logs"),
        (f"{HERE}/x/logs/?$top=1", "/x/logs/?$top=1"),
        ("https://evil.example/logs", ""),
        (None, ""),
    ],
)
def test_a_status_says_where_its_evidence_is(href, evidence_at):
    status = {"status": {"state": "Failed", "_links": {"logs": {"href": href}}}}

    report = seen(REPORTING, ask(REPORTING, replace(WATCH, verdict=None)), answer(status))

    assert (report.outcome, report.wants_evidence, report.evidence_at) == (Outcome.FAILED, True, evidence_at)


@pytest.mark.parametrize(
    ("state", "issues", "asks"),
    [("Succeeded", False, False), ("Succeeded", True, True), ("Running", True, False), ("Failed", False, True)],
)
def test_only_an_end_that_is_not_clean_is_asked_about(state, issues, asks):
    status = {"status": {"state": state, "containsIssues": issues}}

    assert seen(REPORTING, Request("/", {}), answer(status)).wants_evidence is asks


def test_a_page_is_read():
    page = {
        "logs": [
            {"level": "Error", "category": "QueryExecution", "message": "no table", "containsIssues": True},
            {"level": "Information", "category": "Unknown", "message": None, "containsIssues": False},
        ],
        "_links": {"next": {"href": f"{HERE}/logs/?$top=1000&$continuationToken=7"}},
    }

    assert looked(page) == EvidencePage(
        entries=("Error: QueryExecution: no table",), next_page="/logs/?$top=1000&$continuationToken=7"
    )


def test_a_next_page_on_another_origin_is_not_asked_for_and_the_findings_say_so():
    page = {"logs": [], "_links": {"next": {"href": "https://evil.example/logs"}}}

    assert looked(page) == EvidencePage(complete=False)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"<html>", b"[" * 100_000, b'{"logs": ['])
def test_a_page_that_is_none_is_a_fault(body):
    assert seen(REPORTING, ask(REPORTING, WATCH), Response(200, {}, body, HERE)) == Fault(
        reason="HTTP 200 without a JSON object", failing=Failing.ANSWER
    )


def test_a_page_that_is_refused_is_a_fault():
    refused = Response(429, {"retry-after": "7"}, b"", HERE)

    report = seen(REPORTING, ask(REPORTING, WATCH), refused)

    assert (report.throttled, report.retry_after) == (True, timedelta(seconds=7))
    assert seen(REPORTING, ask(REPORTING, WATCH), NoResponse("no answer")) == Fault(
        reason="no answer", failing=Failing.NETWORK
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["logs", "job", "_links"]), inner),
)


@given(json_values, st.sampled_from([api for api in APIS.values() if api.evidence]))
def test_whatever_a_page_holds_it_is_read_or_a_fault(value, api):
    report = seen(api, ask(api, replace(WATCH, api=api.name, job=dict.fromkeys(api.fields, "x"))), answer(value))

    assert isinstance(report, EvidencePage | Fault) or api.evidence.path == ""


def seen(api, request, answer):
    return observe(api, request, answer, NOON)


def answer(body):
    return Response(200, {}, json.dumps(body).encode(), f"{HERE}/x")


def looked(page):
    return seen(REPORTING, ask(REPORTING, WATCH), answer(page))
