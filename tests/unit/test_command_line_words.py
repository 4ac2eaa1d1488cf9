"""What the app refuses is said in words of the command line, whatever its own words are."""

import json
import re
from datetime import timedelta

import httpx
import pytest

from itwin_job_watch.errors import JobWatchError
from itwin_job_watch.wording import said
from shared.engine.ports import Unreadable
from shared.web import problems
from shared.web.problems import Problem
from shared.web.queries import ListQuery
from shared.web.requests import StartRequest
from tests.builders import NOON
from tests.command_line import run, script

ORIGIN = "https://api.bentley.com"
URL = f"{ORIGIN}/library/jobs/1"

#: Words of HTTP requests, which nobody typed.
FOREIGN = re.compile(
    r'"(url|api|job|response|location|deadline|labels|callback|restart)"|/api/|POST|DELETE|/labels/|Send '
)


def problem_of(request):
    """What the app answers to a start."""
    try:
        read = StartRequest.read(json.dumps(request).encode())
        read.target(ORIGIN)
        read.deadline_from(NOON, timedelta(days=7))
    except Problem as problem:
        return problem.document()
    raise AssertionError("it is fine")


@pytest.mark.parametrize(
    ("arguments", "problem", "says"),
    [
        (
            ["--deadline", "soon"],
            {"url": URL, "deadline": "soon"},
            "--deadline 'soon': must be an instant such as 2026-12-01T12:00:00Z or a duration such as PT2H or P3D",
        ),
        (["--deadline", "P9999D"], {"url": URL, "deadline": "P9999D"}, "--deadline 'P9999D': it must be between now ("),
        (["--deadline", "PT0S"], {"url": URL, "deadline": "PT0S"}, "and 366 days from now."),
        (
            ["--label", "a", "--label", "x" * 65],
            {"url": URL, "labels": ["a", "x" * 65]},
            f"--label '{'x' * 65}': must have 1 to 64 printable characters",
        ),
        (["--label", "a"] * 11, {"url": URL, "labels": ["a"] * 11}, "--label: List should have at most 10 items"),
    ],
)
def test_the_option_and_its_argument_are_named(arguments, problem, says):
    answer = {"results": [{"status": 422, "problem": problem_of(problem)}]}
    done, _ = run(script(answer), "start", URL, *arguments)

    assert done.stderr.startswith(f"{URL}: ")
    assert says in done.stderr
    assert not FOREIGN.search(done.stderr)


def test_a_callback_that_is_not_allowed_is_named():
    answer = {
        "status": 422,
        "problem": problems.wrong_callback("Callbacks are off: CALLBACK_HOSTS is unset.").document(),
    }
    done, _ = run(script({"results": [answer]}), "start", URL, "--callback", "https://hooks.example/x")

    assert "--callback 'https://hooks.example/x': Callbacks are off: CALLBACK_HOSTS is unset." in done.stderr


@pytest.mark.parametrize(
    "request_",
    [
        {"url": f"{ORIGIN}/users/me"},
        {"url": "x"},
        {"url": f"{URL}#x"},
        {"response": {"a": 1}},
        {"response": {"error": {}}},
        {"response": {"job": {"id": "1"}}},
        {"response": {"a": {"href": URL}, "b": {"href": f"{ORIGIN}/library/jobs/2"}}},
        {"response": {"a": [{"href": f"{ORIGIN}/{number}"} for number in range(60)]}},
        {"response": {}, "api": "library"},
        {"response": {}, "api": "export"},
        {"response": {}, "api": "access-control"},
        {"response": {}, "api": "libary"},
        {"response": {"export": {"id": "3c9a0e7f-0b1c-4d2e-8f3a-b4c5d6e7f809"}}},
        {"location": "https://evil.example/library/jobs/1"},
    ],
    ids=str,
)
def test_no_word_of_http_is_left(request_):
    answer = {"results": [{"status": 422, "problem": problem_of(request_)}]}
    done, _ = run(script(answer), "start", "-", *(["--api", "x"] if "api" in request_ else []), input=b"{}")

    assert done.stderr.startswith("standard input: ")
    assert not FOREIGN.search(done.stderr), done.stderr


@pytest.mark.parametrize(
    ("query", "arguments", "says"),
    [
        ("api=reprting", ["--api", "reprting"], "--api: no API has this name; most like it: reporting, "),
        (f"label={'x' * 65}", ["--label", "x" * 65], "--label: must have 1 to 64 printable characters"),
    ],
)
def test_a_filter_is_named(query, arguments, says):
    with pytest.raises(Problem) as caught:
        ListQuery.read(f"https://app.example/api/watches?{query}")
    done, _ = run(script(httpx.Response(422, json=caught.value.document())), "list", *arguments)

    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {says}")
    assert not FOREIGN.search(done.stderr)


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (problems.unknown_watch("ab"), "There is no watch ab. Name it by its id, by four digits or more"),
        (problems.unreadable(Unreadable("Watches", "ab", ["Due"])), "`stop` ends it; `start --restart URL` begins it"),
    ],
)
@pytest.mark.parametrize("command", ["show", "stop", "wait", "restart"])
def test_what_is_wrong_with_a_watch_says_which_command_helps(command, problem, says):
    done, _ = run(script(httpx.Response(problem.status, json=problem.document())), command, "ab")

    assert done.exit_code == 1
    assert says in done.stderr
    assert not FOREIGN.search(done.stderr)


@pytest.mark.parametrize(
    "errors",
    [
        [],
        None,
        [7],
        [{}],
        [{"pointer": 7}],
        [{"pointer": "/labels/99"}],
        [{"pointer": "/labels/x/y"}, {"pointer": "/z"}],
    ],
)
@pytest.mark.parametrize("name", ["invalid-body", "wrong-deadline", "wrong-callback"])
def test_a_problem_that_is_odd_is_said_all_the_same(name, errors):
    document = Problem(name, "It is odd.").document() | {"errors": errors}
    done, _ = run(script({"results": [{"status": 422, "problem": document}]}), "start", URL, "--label", "a")

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{URL}: ")


def test_what_is_not_of_the_app_is_left_as_it_is():
    assert said(JobWatchError('Send a deadline as "url"')) == 'Send a deadline as "url"'
