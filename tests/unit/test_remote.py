"""How answers are read that no page documents: whatever comes, it is a report or a fault, and never an error."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.apis.schedules import SCHEDULES
from shared.apis.synchronization_storage import SYNCHRONIZATION_STORAGE
from shared.apis.transformations import TRANSFORMATIONS
from shared.core.model import Failing, Fault, Outcome, Report
from shared.core.remote import LASTING, NoResponse, Request, Response, observe
from shared.core.schedule import Schedule
from shared.core.untrusted import tidy
from tests.builders import NOON

PLAIN = Request("/", {})
CONDITIONAL = Request("/", {"If-None-Match": '"1"'})


def seen(status=200, body=b"", headers=None, request=PLAIN):
    return observe(SCHEDULES, request, Response(status, headers or {}, body), NOON)


def operation(**fields):
    return json.dumps({"operation": fields}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"Succeeded"',
        b"{}",
        b'{"operation": "Succeeded"}',
        b'{"operation": {"status": ["Succeeded"]}}',
        b'{"operation": {"status": true}}',
        b'{"operation": {"status": ""}}',
        b'{"operation": {"status": "Succ',
        b"\xff\xfe",
        b"[" * 100_000,
        b"<html>Succeeded</html>",
    ],
)
def test_a_200_without_a_status_says_nothing_yet(body):
    failing = Failing.ANSWER if body else None

    assert seen(body=body) == Report(reason="HTTP 200 without operation.status", failing=failing)


@pytest.mark.parametrize("status", [201, 202, 203, 204, 206, 299])
@pytest.mark.parametrize("body", [b"", operation(status="Succeeded"), b"<html>"])
def test_another_success_says_nothing_yet(status, body):
    answer = seen(status, body, {"retry-after": "7"})

    assert answer == Report(reason=f"HTTP {status} without operation.status", retry_after=timedelta(seconds=7))


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("member", ["error", "errors", "params", "operation"])
@pytest.mark.parametrize("depth", [33, 600, 900, 5_000])
def test_a_body_that_is_too_deep_is_none(status, member, depth):
    deep = f'{{"{member}": {"[" * depth}{"]" * depth}}}'.encode()

    assert seen(status, deep).reason in {f"HTTP {status}", f"HTTP {status} without operation.status"}


@pytest.mark.parametrize("dense", [b"[]", b"1", b'{"a":1}', b'""'])
def test_a_body_of_very_many_values_is_none(dense):
    """To read it would hold up all other turns."""
    body = b'{"operation": {"status": "Succeeded"}, "more": [' + b",".join([dense] * 60_000) + b"]}"

    assert seen(body=body) == Report(reason="HTTP 200 without operation.status", failing=Failing.ANSWER)


def test_a_long_text_is_cut_before_it_is_read():
    report = seen(body=operation(status="Failed", failureDescription="a" * 900_000))

    assert (len(report.reason), report.reason[-2:]) == (500, "a…")


def test_whatever_reading_an_answer_raises_is_a_fault():
    class Broken(dict):
        def get(self, *_):
            raise AttributeError

    answer = observe(SCHEDULES, PLAIN, Response(200, Broken()), NOON)

    assert answer == Fault(reason="HTTP 200, not understood (AttributeError)", failing=Failing.ANSWER)


def test_a_body_that_nobody_could_read_is_a_fault_of_its_status():
    too_large = replace(Response(200), unread="a body of over 1 MiB")

    assert observe(SCHEDULES, PLAIN, too_large, NOON) == Fault(
        reason="HTTP 200 with a body of over 1 MiB", failing=Failing.ANSWER
    )
    limited = observe(SCHEDULES, PLAIN, replace(too_large, status=429), NOON)
    assert isinstance(limited, Fault)
    assert limited.throttled


@pytest.mark.parametrize("word", ["SUCCEEDED", "succeeded", "  Succeeded  "])
def test_words_are_read_whatever_their_case(word):
    assert seen(body=operation(status=word)).outcome is Outcome.SUCCEEDED


def test_a_byte_order_mark_is_no_obstacle():
    assert seen(body=b"\xef\xbb\xbf" + operation(status="Succeeded")).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    "percentage", ["56", True, None, [], 10**400, {}, float("nan"), float("inf"), -1, -0.1, 100.1, 1e308]
)
def test_a_percentage_that_is_no_number_is_none(percentage):
    report = seen(body=operation(status="Started", percentComplete=percentage))

    assert (report.outcome, report.progress) == (None, None)


def progress_seen(api, body):
    report = observe(api, PLAIN, Response(200, {}, body), NOON)
    assert isinstance(report, Report)
    return report.progress


def run_seen(**run):
    return observe(SYNCHRONIZATION_STORAGE, PLAIN, Response(200, {}, json.dumps({"run": run}).encode()), NOON)


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("Success", Outcome.SUCCEEDED),
        ("success", Outcome.SUCCEEDED),
        ("PartialSuccess", Outcome.PARTIAL),
        ("Error", Outcome.FAILED),
        ("TimedOut", Outcome.FAILED),
        ("Cancelled", Outcome.CANCELLED),
        ("Archived", None),  # a word of next year
    ],
)
def test_the_second_word_gives_the_verdict_once_the_first_says_that_the_job_has_ended(result, outcome):
    ended = run_seen(state="Completed", result=result)

    assert (ended.outcome, ended.status) == (outcome, result)


@pytest.mark.parametrize("result", ["Success", "Error"])
def test_a_second_word_counts_for_nothing_before(result):
    assert run_seen(state="Executing", result=result) == Report(status="Executing", validator="")


@pytest.mark.parametrize("result", [None, "", " ", 1, ["Success"]])
def test_an_end_without_a_verdict_is_not_taken_for_one(result):
    ended = run_seen(state="Completed", result=result)

    assert ended == Report(reason="HTTP 200 without run.result", failing=Failing.ANSWER)


@pytest.mark.parametrize(
    ("part", "whole", "progress"),
    [
        (0, 3000, 0),
        (1500, 3000, 50),
        (1, 3, 33.33),
        (3000, 3000, 100),
        (3001, 3000, None),
        (-1, 3000, None),
        (0, 0, None),
        (1, 0, None),
        (1, None, None),
        (1, "3000", None),
        (None, 3000, None),
        (True, 3000, None),
        (1, 1e400, None),
        (10**400, 10**401, None),
        (1e-320, 1e-320, 100),
    ],
)
def test_progress_out_of_a_whole_is_a_percentage(part, whole, progress):
    job = {"status": "Started", "processedEntityCount": part, "totalEntityCount": whole}
    body = json.dumps({"transformation": job}).encode()

    assert progress_seen(TRANSFORMATIONS, body) == progress


def test_a_member_without_a_name_is_nothing_that_an_api_lacks():
    assert seen(body=b'{"": true, "operation": {"status": "Succeeded"}}').outcome is Outcome.SUCCEEDED
    assert seen(body=b'{"": "/elsewhere", "operation": {"status": "Failed"}}').evidence_at == ""


def test_a_fraction_is_a_percentage():
    api = replace(SCHEDULES, progress_at="operation.done", progress_of=1)

    assert progress_seen(api, operation(status="Started", done=0.1)) == 10


def test_a_304_counts_only_as_the_answer_to_a_condition():
    assert isinstance(seen(304, request=CONDITIONAL), Report)
    assert seen(304) == Fault(reason="HTTP 304", failing=Failing.ANSWER)


@pytest.mark.parametrize("status", [301, 302, 307, 401, 402, 408, 409, 429, 451, 500, 502, 503, 504, 599])
def test_what_waiting_may_heal_does_not_end_a_watch(status):
    assert seen(status).lasting is None


ENVELOPE = b'{"error": {"code": "JobNotFound", "message": "Requested job is not available."}}'


def test_what_waiting_will_not_heal_is_lost_or_refused():
    assert {status: seen(status, ENVELOPE).lasting for status in LASTING} == {
        400: Outcome.REFUSED,
        403: Outcome.REFUSED,
        404: Outcome.LOST,
        406: Outcome.REFUSED,
        410: Outcome.LOST,
        422: Outcome.REFUSED,
    }


@pytest.mark.parametrize("status", LASTING)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><title>Web Page Blocked</title></html>",
        b'{"statusCode": 404, "message": "Resource not found"}',
        b'{"error": "not_found"}',
        b'{"error": {"code": 404, "message": "no such route"}}',
        b'{"error": {"code": "", "message": "no such route"}}',
        b'{"error": {"code": "NotFound"}}',
        b'{"error": {"code": "NotFound", "message": null}}',
        b'{"error": {"code": "NotFound", "message": {"lang": "en", "value": "no such route"}}}',
        b'{"error": {"message": "no such route"}}',
        b'{"error": [{"code": "RouteNotFound"}]}',
        b'[{"error": {"code": "RouteNotFound"}}]',
        b'{"code": "RouteNotFound", "message": "no such route"}',
    ],
)
def test_the_word_of_a_gateway_is_not_that_of_the_platform(status, body):
    assert seen(status, body).lasting is None


@pytest.mark.parametrize(
    ("status", "failing"),
    [
        (401, "401"),
        (403, "403"),
        (404, "4xx"),
        (408, "4xx"),
        (500, "5xx"),
        (503, "5xx"),
        (302, "answer"),
        (600, "answer"),
    ],
)
def test_a_fault_says_why_at_one_word(status, failing):
    assert seen(status).failing == failing


def test_no_answer_is_a_fault_that_heals():
    faults = [observe(SCHEDULES, PLAIN, NoResponse("no", token=token), NOON) for token in (False, True)]

    assert faults == [Fault(reason="no", failing=Failing.NETWORK), Fault(reason="no", failing=Failing.TOKEN)]


def test_texts_from_outside_are_one_bounded_line():
    report = seen(body=operation(status="Failed", failureDescription="a\r\n\x00b\ud800" + "x" * 10_000))

    assert report.reason.startswith("a ?b?x")
    assert len(report.reason) == 500


@given(st.text(), st.integers(1, 50))
def test_tidy_texts_fit_a_cell(text, longest):
    line = tidy(text, longest)

    assert len(line) <= longest
    assert line.encode().decode().isprintable()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["status", "operation", "progress", "state"]), inner)
    ),
)


@given(
    st.sampled_from(list(APIS.values())),
    st.integers(100, 599),
    st.binary() | json_values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["retry-after", "etag"]), st.text()),
)
def test_nothing_that_comes_is_an_error(api, status, body, headers):
    result = observe(api, CONDITIONAL, Response(status, headers, body), NOON)

    assert isinstance(result, Report | Fault)
    assert result.retry_after is None or result.retry_after >= timedelta(0)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "5", "itwinplatform-ratelimit-retry-after-seconds": "60"}, 60),
        ({"retry-after": "90", "itwinplatform-ratelimit-retry-after-seconds": "60"}, 90),
        ({"itwinplatform-ratelimit-retry-after-seconds": "60"}, 60),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT", "itwinplatform-ratelimit-retry-after-seconds": "7"}, 30),
    ],
)
def test_the_longest_of_all_headers_that_name_a_wait_counts(headers, wait):
    fault = observe(SCHEDULES, Request("/", {}), Response(429, headers), NOON)

    assert isinstance(fault, Fault)
    assert fault.retry_after == timedelta(seconds=wait)


def test_pacing_scales_all_waits_and_replaces_the_polling_alone():
    paced = SCHEDULES.paced(Schedule.seconds(100, 200), 0.5)

    assert paced.polling == Schedule.seconds(50, 100)
    assert paced.faults == SCHEDULES.faults.scaled(0.5)
    assert paced.patience == SCHEDULES.patience / 2
    assert SCHEDULES.paced(None, 1) == SCHEDULES
