"""The Python API, over a scripted app: on asyncio, on trio, and without a loop of one's own."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import anyio
import httpx
import pytest

import itwin_job_watch
from itwin_job_watch import (
    AsyncJobWatch,
    Callback,
    JobWatch,
    JobWatchError,
    NoSuchWatchError,
    Outcome,
    State,
    UnavailableError,
    UnexpectedAnswerError,
    UnreadableWatchError,
    WaitTimeoutError,
    Watch,
    WatchError,
    WrongKeyError,
    WrongRequestError,
    connection,
)
from itwin_job_watch.app import App
from itwin_job_watch.connection import Connection
from itwin_job_watch.pauses import FOREVER
from local.setup.bootstrap import ROOT
from shared.core.model import Outcome as OutcomeOfTheApp
from shared.web import examples
from shared.web.operations import OPERATIONS
from shared.web.queries import ListQuery
from shared.web.requests import StartRequest, WatchDocument
from tests.command_line import KEY, Clock, by_watch, script

APP = "https://app.example"
OPEN, ENDED = examples.OPEN, examples.ENDED
A = OPEN | {"id": "a"}
A_ENDED = ENDED | {"id": "a"}


def problem(status, name, **more):
    body = {"type": f"urn:problem-type:itwin-job-watch:{name}", "detail": f"It is {name}.", **more}
    return httpx.Response(status, json=body)


@contextmanager
def jobs_of(respond, clock=None):
    """Give an app that answers so, and the requests that were made."""
    made = []

    def answer(request):
        made.append(request)
        assert len(made) < 1000, "it does not end"
        return respond(request)

    clock = clock or Clock()
    transport = httpx.MockTransport(answer)
    with JobWatch(APP, KEY) as jobs:
        to = Connection(APP, KEY, transport, sleep=clock.sleep, clock=clock, tell=logging.getLogger("x").warning)
        jobs._jobs._app = App(to)
        yield jobs, made


def test_two_lines_await_the_end_of_a_job():
    started = {"results": [{"status": 202, "watch": A}]}

    with jobs_of(script(started, A, A, A_ENDED)) as (jobs, made):
        ended = jobs.wait(jobs.start("https://a/1"))

    assert ended.has_ended
    assert ended.has_succeeded
    assert ended.outcome == "succeeded"
    assert [one.method for one in made] == ["POST", "GET", "GET", "GET"]
    assert json.loads(made[0].content) == {"watches": [{"url": "https://a/1"}]}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_they_do_so_on_any_loop(backend):
    started = {"results": [{"status": 202, "watch": A}]}
    transport = httpx.MockTransport(script(started, A_ENDED))

    async def program():
        async with AsyncJobWatch(APP, KEY, transport=transport) as jobs:
            return await jobs.wait(await jobs.start("https://a/1"))

    assert anyio.run(program, backend=backend).outcome is Outcome.SUCCEEDED


def test_a_loop_that_runs_already_is_left_alone():
    """As in a notebook."""

    async def cell():
        with jobs_of(script(A_ENDED)) as (jobs, _):
            return jobs.wait("a")

    assert asyncio.run(cell()).has_ended


def test_several_threads_use_one():
    answers = {f"w{n}": [OPEN | {"id": f"w{n}"}, ENDED | {"id": f"w{n}"}] for n in range(5)}
    found = []

    with jobs_of(by_watch(**answers)) as (jobs, _):
        threads = [threading.Thread(target=lambda one=one: found.append(jobs.wait(one).id)) for one in answers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(found) == sorted(answers)


#: Waits for the end of a job, and does not close.
PROGRAM = f"""
import httpx
from itwin_job_watch import JobWatch
jobs = JobWatch("{APP}", "{KEY}", transport=httpx.MockTransport(lambda _: httpx.Response(200, json={A_ENDED})))
print(jobs.wait("a").outcome)
"""


def test_a_program_that_does_not_close_ends_all_the_same():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, timeout=60, check=False)

    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [A_ENDED["outcome"].encode()], b"")


def test_what_nobody_has_any_more_ends_its_thread():
    before = {*threading.enumerate()}
    jobs = JobWatch(APP, KEY, transport=httpx.MockTransport(script(A)))
    jobs.show("a")
    (mine,) = {*threading.enumerate()} - before

    del jobs

    assert not mine.is_alive()


@pytest.mark.parametrize("answer", [A, httpx.Response(503, headers={"retry-after": "3600"})], ids=["open", "outage"])
def test_who_waits_while_it_is_closed_is_told_at_once(answer):
    asked = threading.Event()
    errors: list[Exception] = []

    def respond(request):
        asked.set()
        return script(answer)(request)

    def wait():
        try:
            jobs.wait("a")
        except Exception as error:  # noqa: BLE001 -- which it is, is looked at
            errors.append(error)

    jobs = JobWatch(APP, KEY, transport=httpx.MockTransport(respond))
    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    assert asked.wait(10)
    began = time.monotonic()
    jobs.close()
    waiting.join(10)

    assert time.monotonic() - began < 10
    assert [(type(error), "were closed" in str(error)) for error in errors] == [(JobWatchError, True)]


@pytest.mark.parametrize(
    "ask", [lambda jobs: jobs.show("a"), lambda jobs: jobs.wait("a"), lambda jobs: [*jobs.list()]], ids=range(3)
)
def test_what_is_asked_after_the_end_is_not_sent(ask):
    with jobs_of(script(A)) as (jobs, made):
        pass

    with pytest.raises(JobWatchError, match="were closed"):
        ask(jobs)

    jobs.close()  # again
    assert made == []


def test_the_same_goes_for_one_with_a_loop():
    async def program():
        jobs = AsyncJobWatch(APP, KEY, transport=httpx.MockTransport(script(A)))
        await jobs.aclose()
        for method in (jobs.show, jobs.wait):
            with pytest.raises(JobWatchError, match="were closed"):
                await method("a")

    asyncio.run(program())


def test_a_watch_has_all_that_the_app_shows():
    with jobs_of(script(OPEN | {"callback": {"url": "https://h", "state": "waiting", "tries": 2, "error": "500"}})) as (
        jobs,
        _,
    ):
        watch = jobs.show("a")

    assert {one.name for one in Watch.__dataclass_fields__.values()} == {*WatchDocument.model_fields} | {"document"}
    assert watch.job == {"jobId": "cc3d35cc-416a-4262-9714-b359da70b419"}
    assert (watch.state, watch.outcome, watch.progress) == (State.WATCHING, None, 56.0)
    assert (watch.started_at, watch.deadline) == (
        datetime(2026, 11, 20, 12, tzinfo=UTC),
        datetime(2026, 11, 22, 12, tzinfo=UTC),
    )
    assert (watch.ended_at, watch.labels) == (None, ("bridge", "nightly"))
    assert watch.callback == Callback("https://h", "waiting", 2, "500")
    assert watch.document["dueAt"] == OPEN["dueAt"]
    assert len({watch, watch}) == 1


def test_outcomes_are_those_of_the_app_and_one_for_what_is_newer():
    assert {*Outcome} - {Outcome.OTHER} == {one.value for one in OutcomeOfTheApp}
    assert Watch.of(ENDED | {"outcome": "evaporated"}).outcome is Outcome.OTHER


@pytest.mark.parametrize(
    "wrong",
    [
        {"startedAt": None},
        {"startedAt": "noon"},
        {"startedAt": "2026-11-27T12:00:00"},  # of which time zone?
        {"deadline": 7},
        {"polls": "x"},
        {"callback": {"url": "x"}},
    ],
)
def test_what_is_no_watch_is_unexpected(wrong):
    with pytest.raises(UnexpectedAnswerError):
        Watch.of(OPEN | wrong)


def sent(**how):
    with jobs_of(script({"results": [{"watch": A}]})) as (jobs, made):
        jobs.start(**how)
    (watch,) = json.loads(made[0].content)["watches"]
    StartRequest.model_validate(watch)  # as the app reads it
    return watch


@pytest.mark.parametrize(
    ("how", "body"),
    [
        ({"api": "library", "job": {"jobId": "1"}}, {"api": "library", "job": {"jobId": "1"}}),
        ({"response": {"a": 1}, "location": "/x"}, {"response": {"a": 1}, "location": "/x"}),
        ({"url": "u", "labels": ("x", "y"), "restart": True}, {"url": "u", "labels": ["x", "y"], "restart": True}),
        ({"url": "u", "callback": "https://h/x"}, {"url": "u", "callback": {"url": "https://h/x"}}),
        ({"url": "u", "deadline": timedelta(days=2, milliseconds=400)}, {"url": "u", "deadline": "PT172800S"}),
        ({"url": "u", "deadline": timedelta(microseconds=1)}, {"url": "u", "deadline": "PT1S"}),
        (
            {"url": "u", "deadline": datetime(2026, 12, 1, 12, tzinfo=timezone(timedelta(hours=2)))},
            {"url": "u", "deadline": "2026-12-01T12:00:00+02:00"},
        ),
        ({"url": "u", "deadline": None, "callback": None}, {"url": "u"}),
    ],
)
def test_a_start_says_what_the_app_reads(how, body):
    assert sent(**how) == body


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"deadline": datetime(2026, 12, 1)}, ValueError),  # noqa: DTZ001 -- as people forget it
        ({"deadline": timedelta(0)}, ValueError),
        ({"labels": "nightly"}, TypeError),
        ({"lables": ["nightly"]}, TypeError),
    ],
)
def test_a_start_that_cannot_be_meant_is_not_sent(how, kind):
    with jobs_of(script({})) as (jobs, made), pytest.raises(kind):
        jobs.start("https://a/1", **how)

    assert not made


def test_each_of_several_starts_succeeds_or_fails_by_itself():
    wrong = {"type": "urn:problem-type:itwin-job-watch:wrong-url", "detail": "No job.", "errors": [{"pointer": "/url"}]}
    busy = {"type": "urn:problem-type:itwin-job-watch:unavailable", "detail": "Later."}
    results = [{"status": 202, "watch": A}, {"status": 422, "problem": wrong}, {"status": 503, "problem": busy}]

    with jobs_of(script({"results": results})) as (jobs, made):
        first, second, third = jobs.start_all(["https://a/1", {"url": "https://a/2", "labels": ["x"]}, "https://a/3"])

    assert first.id == "a"
    assert (type(second), second.problem, second.status, str(second)) == (
        WrongRequestError,
        "wrong-url",
        422,
        "No job.",
    )
    assert second.errors == [{"pointer": "/url"}]
    assert (type(third), str(third)) == (UnavailableError, "Later.")
    assert json.loads(made[0].content)["watches"][1] == {"url": "https://a/2", "labels": ["x"]}


def test_what_was_started_is_told_even_if_the_next_hundred_fails():
    first = {"results": [{"status": 202, "watch": A}] * 100}

    with jobs_of(script(first, httpx.Response(401))) as (jobs, _):
        found = jobs.start_all(["https://a/1"] * 102)

    assert [type(one) for one in found] == [Watch] * 100 + [WrongKeyError] * 2


def test_a_start_is_repeated_with_its_key_as_long_as_its_timeout_allows():
    answers = [httpx.Response(502)] * 20, {"results": [{"status": 202, "watch": A}]}

    with jobs_of(script(*answers[0], answers[1])) as (jobs, made):
        jobs.start("https://a/1", timeout=timedelta(hours=1))
    with jobs_of(script(*answers[0], answers[1])) as (jobs, fewer), pytest.raises(UnavailableError):
        jobs.start("https://a/1")

    assert (len(made), len(fewer)) == (21, 4)
    assert len({one.headers["idempotency-key"] for one in made}) == 1


@pytest.mark.parametrize("method", ["start", "wait"])
def test_an_answer_that_does_not_come_is_not_waited_for_any_longer(method, monkeypatch):
    monkeypatch.setattr(connection, "FIRST_LOOKS", 0.1)

    async def respond(_):
        await anyio.sleep(60)

    with JobWatch(APP, KEY, transport=httpx.MockTransport(respond)) as jobs:
        began = time.monotonic()
        with pytest.raises((UnavailableError, WaitTimeoutError)):
            getattr(jobs, method)("https://a/1" if method == "start" else "a", timeout=timedelta(seconds=0.2))

    assert time.monotonic() - began < 10


def test_waiting_goes_on_through_outages_and_says_so_once(caplog):
    clock = Clock()

    with jobs_of(script(A, *[httpx.Response(502)] * 50, A_ENDED), clock) as (jobs, _):
        assert jobs.wait("a").has_ended

    assert clock.now > 1000 + 600
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Trying again: HTTP 502")


@pytest.mark.parametrize("method", ["wait", "wait_all", "follow"])
def test_a_timeout_ends_it_on_time(method):
    clock = Clock()

    with jobs_of(script(A), clock) as (jobs, _), pytest.raises(TimeoutError, match=r"0:01:40: a$") as caught:
        list(getattr(jobs, method)("a" if method == "wait" else ["a"], timeout=timedelta(seconds=100)))

    assert type(caught.value) is WaitTimeoutError
    assert clock.now == 1100


def test_all_that_are_waited_for_come_in_the_order_that_they_were_named_in():
    answers = {"a": [A, A, A_ENDED], "b": [ENDED | {"id": "b"}]}

    with jobs_of(by_watch(**answers)) as (jobs, _):
        found = jobs.wait_all(["a", Watch.of(OPEN | {"id": "b"}), "a"])

    assert [one.id for one in found] == ["a", "b", "a"]
    assert all(one.has_ended for one in found)


@pytest.mark.parametrize("method", ["wait_all", "follow"])
def test_all_of_a_list_are_waited_for(method):
    with jobs_of(script({"watches": [A], "next": "c"}, {"watches": [A_ENDED], "next": None}, A_ENDED)) as (jobs, _):
        assert {one.id for one in getattr(jobs, method)(jobs.list(label="x"))} == {"a"}


def test_watches_are_started_while_they_are_told_to_be_waited_for():
    answers = by_watch(a=[A_ENDED], watches=[{"results": [{"watch": A}]}])

    with jobs_of(answers) as (jobs, _):
        (ended,) = jobs.wait_all(jobs.start(url) for url in ["https://a/1"])
        (again,) = jobs.start_all({"url": one.url} for one in [jobs.show("a")])

    assert (ended.has_ended, again.id) == (True, "a")


def test_an_id_may_be_given_in_any_letter_case():
    """The app reads it as a UUID, and writes it in small letters."""
    with jobs_of(script(A_ENDED)) as (jobs, _):
        assert [one.id for one in jobs.wait_all(["A", "a"])] == ["a", "a"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda jobs: jobs.wait("a", timeout=5), "a timeout is a timedelta"),
        (lambda jobs: jobs.start("https://a", timeout=5), "a timeout is a timedelta"),
        (lambda jobs: jobs.start("https://a", deadline=5), "a deadline is a timedelta or a datetime"),
        (lambda jobs: jobs.restart("a", deadline="PT1H"), "a deadline is a timedelta or a datetime"),
        (lambda jobs: jobs.start("https://a", labels="x"), "labels are several"),
        (lambda jobs: jobs.start_all("https://a"), "starts are several"),
        (lambda jobs: jobs.start_all({"url": "https://a"}), "starts are several"),
        (lambda jobs: jobs.wait_all("abc"), "watches are several"),
        (lambda jobs: [*jobs.follow(Watch.of(A))], "watches are several"),
        (lambda jobs: jobs.wait(None), "a watch is given by itself or by its id, and not as NoneType"),
        (lambda jobs: jobs.show(7), "a watch is given by itself or by its id, and not as int"),
    ],
)
def test_an_argument_of_another_kind_is_named_and_nothing_is_asked(call, says):
    with jobs_of(script(A)) as (jobs, made), pytest.raises(TypeError, match=says):
        call(jobs)

    assert made == []


def test_each_change_is_followed_once():
    steps = [A, A, A | {"progress": 60.0}, A | {"progress": 60.0}, A_ENDED]

    with jobs_of(script(*steps)) as (jobs, _):
        seen = [(one.progress, one.outcome) for one in jobs.follow(["a"])]

    assert seen == [(56.0, None), (60.0, None), (ENDED["progress"], "succeeded")]


def test_who_stops_following_asks_no_more():
    with jobs_of(script(A)) as (jobs, made):
        for _ in jobs.follow(["a"]):
            break
        left = jobs.follow(["a"])
        next(left)

    left.close()  # after the app was closed
    assert len(made) == 2


def test_a_list_comes_page_by_page():
    pages = script({"watches": [A] * 2, "next": "c1"}, {"watches": [A_ENDED], "next": None})

    with jobs_of(pages) as (jobs, made):
        watches = jobs.list(state=State.ENDED, outcome=Outcome.FAILED, label="x", api="library", failing=True)
        next(watches)
        asked = len(made)
        rest = [*watches]

    assert (asked, len(rest)) == (1, 2)
    assert dict(made[1].url.params) == {
        "state": "ended",
        "outcome": "failed",
        "label": "x",
        "api": "library",
        "failing": "true",
        "limit": "100",
        "cursor": "c1",
    }


def test_a_list_has_no_more_than_was_asked_for():
    with jobs_of(script({"watches": [A] * 3, "next": "c"})) as (jobs, made):
        assert len([*jobs.list(most=2)]) == 2

    assert dict(made[0].url.params) == {"limit": "2"}
    assert len(made) == 1


@pytest.mark.parametrize(("name", "by"), [("0f8f", "id"), ("https://a/1", "url")])
def test_a_watch_is_found_by_how_its_id_begins_or_by_its_job(name, by):
    with jobs_of(script({"watches": [A], "next": None})) as (jobs, made):
        assert [one.id for one in jobs.find(name)] == ["a"]

    assert made[0].url.params[by] == name
    assert set(ListQuery.read(str(made[0].url)).model_fields_set) == {by}  # the app takes it alone


def test_an_ended_watch_begins_again_as_it_was():
    callback = {"url": "https://h/x", "state": "delivered", "tries": 1, "error": None}
    answers = by_watch(a=[A_ENDED | {"labels": ["x"], "callback": callback}], watches=[{"results": [{"watch": A}]}])

    with jobs_of(answers) as (jobs, made):
        assert not jobs.restart("a", deadline=timedelta(hours=1)).has_ended

    assert json.loads(made[1].content)["watches"] == [
        {
            "api": ENDED["api"],
            "job": ENDED["job"],
            "labels": ["x"],
            "callback": {"url": "https://h/x"},
            "restart": True,
            "deadline": "PT3600S",
        }
    ]


def test_an_open_watch_does_not():
    with jobs_of(script(A)) as (jobs, made):
        assert jobs.restart("a").id == "a"

    assert len(made) == 1


def test_a_watch_is_stopped():
    with jobs_of(script(A_ENDED | {"outcome": "stopped"})) as (jobs, made):
        assert jobs.stop(Watch.of(A)).outcome is Outcome.STOPPED

    assert (made[0].method, made[0].url.path) == ("DELETE", "/api/watches/a")


@pytest.mark.parametrize(
    ("answer", "kind", "name"),
    [
        (problem(404, "unknown-watch"), NoSuchWatchError, "unknown-watch"),
        (problem(409, "unreadable-watch"), UnreadableWatchError, "unreadable-watch"),
        (problem(422, "invalid-query"), WrongRequestError, "invalid-query"),
        (problem(403, "x", type="https://elsewhere"), WrongRequestError, None),
        (httpx.Response(401), WrongKeyError, None),
        (httpx.Response(404), UnexpectedAnswerError, None),
        (httpx.Response(200, html="<p>"), UnexpectedAnswerError, None),
        (httpx.Response(503), UnavailableError, None),
        (httpx.ConnectError("refused"), UnavailableError, None),
    ],
)
@pytest.mark.parametrize("method", ["show", "stop", "wait"])
def test_what_goes_wrong_has_a_class_of_its_own(answer, kind, name, method):
    more = {"timeout": timedelta(seconds=1)} if method == "wait" else {}
    with jobs_of(script(answer)) as (jobs, _), pytest.raises(JobWatchError) as caught:
        getattr(jobs, method)("a", **more)

    if method == "wait" and kind is UnavailableError:
        kind = WaitTimeoutError  # waiting goes on
    assert type(caught.value) is kind
    assert getattr(caught.value, "problem", None) == name
    assert KEY not in str(caught.value)
    if method == "wait" and isinstance(caught.value, WatchError):
        assert caught.value.watch_id == "a"


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("0.5", timedelta(seconds=0.5)),
        ("Thu, 26 Nov 2020 12:00:30 GMT", timedelta(0)),  # it has passed
        ("9" * 400, FOREVER),
        ("soon", None),
    ],
)
def test_who_is_to_come_back_later_is_told_when(value, wait):
    busy = httpx.Response(503, json={"detail": "later"}, headers={"retry-after": value})

    with jobs_of(script(busy)) as (jobs, _), pytest.raises(UnavailableError, match="later") as caught:
        jobs.show("a")

    assert caught.value.retry_after == wait


def test_every_error__is_exported_and_every_public_name_says_what_it_is():
    for name in itwin_job_watch.__all__:
        assert getattr(itwin_job_watch, name).__doc__
    errors = {name for name in itwin_job_watch.__all__ if name.endswith("Error")}
    assert {
        one.__name__ for one in subclasses(JobWatchError) if one.__module__ == JobWatchError.__module__
    } == errors - {"JobWatchError"}


def subclasses(kind):
    return {below for one in kind.__subclasses__() for below in {one, *subclasses(one)}}


def test_both_have_the_same_methods():
    ours, theirs = ({name for name in vars(kind) if not name.startswith("_")} for kind in (JobWatch, AsyncJobWatch))

    assert ours - {"close"} == theirs - {"aclose"}


def test_there_is_a_method_for_each_operation_on_watches():
    of = {"start_watch": "start", "list_watches": "list", "read_watch": "show", "stop_watch": "stop"}
    on_watches = {one.name for one in OPERATIONS if one.path.startswith("watches")}

    assert on_watches == {*of}
    assert all(hasattr(AsyncJobWatch, name) for name in of.values())


@pytest.mark.parametrize(
    ("url", "key", "says"),
    [
        (None, None, "ITWIN_JOB_WATCH_URL"),
        ("https://x.example", None, "ITWIN_JOB_WATCH_KEY"),
        ("x", "k", "url is not the URL of an app"),
        ("https://x.example", "s3cr3t s3cr3t", "key holds a space"),
    ],
)
def test_an_app_that_is_not_named_is_asked_for(url, key, says, monkeypatch):
    for name in [name for name in os.environ if name.startswith("ITWIN_")]:
        monkeypatch.delenv(name)

    with pytest.raises(JobWatchError, match=says) as caught:
        JobWatch(url, key)
    assert "s3cr3t" not in str(caught.value)


def test_the_environment_names_the_app(monkeypatch):
    made = []
    for name, value in {"URL": APP, "KEY": "k", "TOKEN": "t0ken"}.items():
        monkeypatch.setenv(f"ITWIN_JOB_WATCH_{name}", value)

    def answer(request):
        made.append(request)
        return httpx.Response(200, json=A)

    with JobWatch(transport=httpx.MockTransport(answer)) as jobs:
        jobs.show("a")

    assert made[0].url == f"{APP}/api/watches/a"
    assert (made[0].headers["x-functions-key"], made[0].headers["authorization"]) == ("k", "Bearer t0ken")
