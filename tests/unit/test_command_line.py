"""The command line, over a scripted app."""

import json

import httpx
import pytest
from click.testing import CliRunner

from itwin_job_watch.cli import EXITS, OUTCOMES, main
from itwin_job_watch.client import Api, _pause
from shared.core.model import Outcome

WATCH = {
    "id": "0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55",
    "api": "reporting",
    "job": {"jobId": "[bold]j1"},
    "state": "watching",
    "status": "Running",
    "progress": 40.0,
    "outcome": None,
    "reason": "[red]x[/red]",
    "labels": ["a"],
    "callback": None,
}
ENDED = WATCH | {"state": "ended", "outcome": "succeeded"}


def run(respond, *arguments, **more):
    """Run a command; gives its result, and the requests that were made."""
    made = []

    def answer(request):
        made.append(request)
        return respond(request)

    api = Api("https://app.example", "key", httpx.MockTransport(answer))
    return CliRunner().invoke(main, arguments, obj=api, **more), made


def always(*answers):
    left = list(answers)
    return lambda _: httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])


def test_every_outcome_has_an_exit_status():
    assert sorted(OUTCOMES) == sorted(outcome.value for outcome in Outcome)
    assert len(set(EXITS.values())) == len(EXITS)


def test_start_sends_all_urls_with_their_options_and_a_key_of_their_own():
    results = {"results": [{"status": 202, "watch": WATCH}, {"status": 422, "problem": {"detail": "wrong url"}}]}

    done, (request,) = run(always(results), "start", "https://a/1", "https://a/2", "--label", "x", "--deadline", "PT2H")

    assert (request.method, request.url.path) == ("POST", "/api/watches")
    assert len(request.headers["idempotency-key"]) == 36
    assert json.loads(request.content)["watches"][1] == {
        "url": "https://a/2",
        "labels": ["x"],
        "restart": False,
        "deadline": "PT2H",
    }
    assert done.exit_code == 1
    assert WATCH["id"] in done.stdout
    assert "https://a/2: wrong url" in done.stderr


def test_list_goes_from_page_to_page():
    pages = always({"watches": [WATCH] * 2, "next": "c1"}, {"watches": [ENDED], "next": None})

    done, made = run(pages, "list", "--state", "watching", "--json")

    assert [request.url.params.get("cursor") for request in made] == [None, "c1"]
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == [None, None, "succeeded"]


def test_texts_of_the_api_are_no_markup():
    done, _ = run(always(WATCH), "show", WATCH["id"])

    assert "[bold]j1" in done.stdout
    assert "[red]x[/red]" in done.stdout


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["succeeded"], 0),
        (["succeeded", "partial"], 12),
        (["stopped", "failed"], 10),
        *(([outcome], status) for outcome, status in EXITS.items()),
    ],
)
def test_wait_exits_by_outcome(outcomes, status):
    def respond(request):
        return httpx.Response(
            200, json=ENDED | {"id": request.url.path[-1], "outcome": outcomes[int(request.url.path[-1])]}
        )

    done, _ = run(respond, "wait", *map(str, range(len(outcomes))))

    assert done.exit_code == status


def test_wait_waits_in_the_app_until_the_end():
    done, made = run(always(WATCH, WATCH, ENDED), "wait", WATCH["id"])

    assert done.exit_code == 0
    assert [request.url.params.get("wait") for request in made] == [None, "25", "25"]


def test_wait_gives_up():
    done, _ = run(always(WATCH), "wait", WATCH["id"], "--timeout", "0")

    assert done.exit_code == 20


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(401), "--key"),
        (httpx.Response(404, json={"detail": "There is no watch x."}), "There is no watch x."),
        (httpx.Response(200, text="<html>"), "is this the app's URL?"),
        (httpx.Response(404), "nothing is served at https://app.example/api/watches/x: is --url the URL of the app"),
    ],
)
def test_what_goes_wrong_is_said_without_a_traceback(answer, says):
    done, _ = run(lambda _: answer, "stop", "x")

    assert done.exit_code == 1
    assert says in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("3600", 30), ("", 2), ("Thu, 26 Nov 2026 12:00:00 GMT", 2), ("-1", 2)]
)
def test_a_retry_waits_for_the_retry_after(value, seconds):
    assert _pause(httpx.Response(503, headers={"retry-after": value} if value else {})) == seconds


def test_it_says_how_to_name_the_app():
    done = CliRunner().invoke(main, ["list"], env={"ITWIN_JOB_WATCH_URL": "", "ITWIN_JOB_WATCH_KEY": ""})

    assert done.exit_code == 2
    assert "ITWIN_JOB_WATCH_URL" in done.stderr
