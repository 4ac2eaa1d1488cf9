"""How triggers answer."""

import asyncio
import json
import logging
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError

from functions.support.answers import answered, json_response, problem_response, watch_response
from functions.support.invocation import BrokenOffError, turn
from shared.core.model import End, Outcome
from shared.engine.ports import Conflict, UndeliveredError
from shared.settings import SettingsError
from shared.telemetry import events as telemetry
from shared.web import problems
from shared.web.problems import Problem
from shared.web.requests import WatchDocument
from tests.builders import NOON, a_watch

WATCH = a_watch(
    id="0d6c",
    api="schedules",
    job={"scheduleId": "s", "operationId": "é"},
)
REQUEST = func.HttpRequest(method="GET", url="https://x.example/api/watches", body=b"")
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


CONTEXT: Any = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=TRACEPARENT))


def answer(trigger):
    """What the host is given for this trigger."""

    async def invoke():
        return await answered(trigger)(REQUEST, CONTEXT)

    return asyncio.run(invoke())


def answer_to(error):
    async def trigger(*_):
        raise error

    return answer(trigger)


def document(response):
    return json.loads(response.get_body())


def test_what_a_trigger_returns_is_the_answer():
    response = json_response({"status": "ok"}, 200, {})

    async def trigger(*_):
        return response

    assert answer(trigger) is response


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (Problem("malformed-body", "x"), 400, "malformed-body"),
        (problems.unknown_watch("x"), 404, "unknown-watch"),
        (problems.too_large(1), 413, "body-too-large"),
        (Problem("wrong-deadline", "x"), 422, "wrong-deadline"),
        (SettingsError({"ITWIN_CLIENT_ID": "is missing"}), 503, "misconfigured"),
        (ServiceRequestError("no route to host"), 503, "unavailable"),
        (ResourceNotFoundError("no such queue"), 503, "unavailable"),
        (HttpResponseError("500"), 503, "unavailable"),
        (Conflict("0d6c"), 503, "unavailable"),
        (UndeliveredError("x"), 503, "unavailable"),
        (TimeoutError(), 503, "unavailable"),
    ],
)
def test_what_a_trigger_raises_becomes_problem_details(error, status, name):
    response = answer_to(error)

    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert (document(response)["status"], document(response)["type"]) == (
        status,
        "urn:problem-type:itwin-job-watch:" + name,
    )
    assert document(response)["title"]
    assert document(response)["detail"]


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), AssertionError("x")])
def test_any_other_error_is_the_hosts_to_report(error):
    with pytest.raises(type(error)):
        answer_to(error)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), SystemExit(1), KeyboardInterrupt()])
def test_nothing_but_an_exception_gets_out(error):
    """The host would wait for an answer that never comes."""
    with pytest.raises(BrokenOffError, match=type(error).__name__):
        answer_to(error)


def test_a_turn_is_given_up_when_its_time_is_up():
    async def scenario():
        async with turn(CONTEXT, timedelta(milliseconds=10)):
            await asyncio.sleep(10)

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def test_missing_settings_are_all_named():
    response = answer_to(SettingsError({"ITWIN_CLIENT_ID": "is missing", "WAIT_SCALE": "is malformed: x"}))

    assert document(response)["errors"] == [
        {"setting": "ITWIN_CLIENT_ID", "detail": "ITWIN_CLIENT_ID is missing"},
        {"setting": "WAIT_SCALE", "detail": "WAIT_SCALE is malformed: x"},
    ]
    assert "ITWIN_CLIENT_ID is missing" in document(response)["detail"]


def test_what_storage_says_is_logged_and_not_shown(caplog):
    with caplog.at_level(logging.WARNING):
        response = answer_to(HttpResponseError("account internals"))

    assert "account internals" in caplog.text
    assert b"internals" not in response.get_body()


@pytest.mark.parametrize(
    ("problem", "retry_after"),
    [(problems.unavailable("x"), "10"), (problems.misconfigured({}), None), (Problem("invalid-body", "x"), None)],
)
def test_what_time_may_heal_says_when_to_come_back(problem, retry_after):
    assert problem_response(problem).headers.get("Retry-After") == retry_after


def test_a_trigger_runs_within_its_invocation():
    async def trigger(*_):
        return json_response(telemetry._traceparent.get(), 200, {})

    assert document(answer(trigger)) == TRACEPARENT
    assert telemetry._traceparent.get() == ""


def test_a_trigger_keeps_its_name():
    """The host knows functions by it."""

    async def some_trigger(*_):
        raise NotImplementedError

    assert answered(some_trigger).__name__ == "some_trigger"


@pytest.mark.parametrize(
    ("due", "retry_after"),
    [
        (NOON - timedelta(hours=1), "1"),
        (NOON, "1"),
        (NOON + timedelta(seconds=15), "15"),
        (NOON + timedelta(seconds=15, microseconds=1), "16"),
    ],
)
def test_a_watch_that_goes_on_says_when_it_is_worth_asking_again(due, retry_after):
    assert (
        watch_response(WatchDocument.of(replace(WATCH, due=due), "https://api.bentley.com"), NOON).headers[
            "Retry-After"
        ]
        == retry_after
    )


def test_an_ended_watch_does_not():
    ended = replace(WATCH, end=End(Outcome.LOST, NOON))

    assert "Retry-After" not in watch_response(WatchDocument.of(ended, "https://api.bentley.com"), NOON).headers


def test_a_watch_is_shown_as_json_that_no_cache_keeps():
    response = watch_response(
        WatchDocument.of(WATCH, "https://api.bentley.com"), NOON, 202, Location="https://x.example/api/watches/0d6c"
    )

    assert (response.status_code, response.mimetype, response.headers["Cache-Control"]) == (
        202,
        "application/json",
        "no-store",
    )
    assert response.headers["Location"] == "https://x.example/api/watches/0d6c"
    assert (document(response)["id"], document(response)["job"]["operationId"]) == ("0d6c", "é")


def test_an_id_that_is_no_text_at_all_can_still_be_answered():
    assert document(problem_response(problems.unknown_watch("\ud800")))["status"] == 404
