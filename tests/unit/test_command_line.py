"""The command line, over a scripted app."""

import json

import httpx
import pytest
from click.testing import CliRunner

from itwin_job_watch.cli import OUTCOMES, main
from itwin_job_watch.output import EXITS
from shared.core.model import Outcome
from tests.command_line import ENDED, WATCH, by_watch, run, script

UNKNOWN = httpx.Response(404, json={"detail": "There is no watch b."})


def test_every_outcome_has_an_exit_status():
    assert sorted(OUTCOMES) == sorted(outcome.value for outcome in Outcome)
    assert len(set(EXITS.values())) == len(EXITS)


def test_start_sends_all_urls_with_their_options_and_a_key_of_their_own():
    results = {"results": [{"status": 202, "watch": WATCH}, {"status": 422, "problem": {"detail": "wrong url"}}]}

    done, (request,) = run(script(results), "start", "https://a/1", "https://a/2", "--label", "x", "--deadline", "PT2H")

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


def test_what_a_start_has_begun_is_shown_even_if_the_next_batch_fails():
    first = {"results": [{"status": 202, "watch": WATCH}] * 100}

    done, _ = run(script(first, httpx.Response(401)), "start", *["https://a/1"] * 101, "--json")

    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 100
    assert done.stderr.startswith("1 not started: the app does not accept this key")


def test_restart_begins_again_what_has_ended_from_its_id_alone():
    callback = {"url": "https://hooks.example/x", "state": "delivered", "tries": 1, "error": None}
    lost = WATCH | {"id": "a", "state": "ended", "outcome": "lost", "callback": callback}
    answers = by_watch(
        a=[lost], b=[ENDED | {"id": "b"}], watches=[{"results": [{"watch": WATCH}, {"problem": {"detail": "no"}}]}]
    )

    done, made = run(answers, "restart", "a", "b", "--deadline", "PT2H", "--json")

    assert [(request.method, request.url.path) for request in made] == [
        ("GET", "/api/watches/a"),
        ("GET", "/api/watches/b"),
        ("POST", "/api/watches"),
    ]
    assert len(made[2].headers["idempotency-key"]) == 36
    common = {"api": "reporting", "job": WATCH["job"], "labels": ["a"], "restart": True, "deadline": "PT2H"}
    assert json.loads(made[2].content) == {
        "watches": [common | {"callback": {"url": "https://hooks.example/x"}}, common]
    }
    assert json.loads(done.stdout) == WATCH
    assert done.stderr == "b: no\n"
    assert done.exit_code == 1


def test_restart_leaves_an_open_watch_as_it_is_and_says_so():
    done, made = run(script(WATCH | {"id": "a"}), "restart", "a")

    assert [request.method for request in made] == ["GET"]
    assert "a: has not ended" in done.stderr
    assert "Running" in done.stdout
    assert done.exit_code == 0


def test_restart_goes_on_after_an_unknown_one_and_can_wait():
    answers = by_watch(
        a=[WATCH | {"id": "a", "state": "ended", "outcome": "refused"}, WATCH | {"id": "a"}, ENDED | {"id": "a"}],
        b=[UNKNOWN],
        watches=[{"results": [{"watch": WATCH | {"id": "a"}}]}],
    )

    done, made = run(answers, "restart", "b", "a", "--wait", "--json")

    assert done.exit_code == 1
    assert "b: There is no watch b." in done.stderr
    assert json.loads(done.stdout)["outcome"] == "succeeded"
    assert made[-1].url.params["wait"] == "5"


def test_list_goes_from_page_to_page():
    pages = script({"watches": [WATCH] * 2, "next": "c1"}, {"watches": [ENDED], "next": None})

    done, made = run(pages, "list", "--state", "watching", "--json")

    assert [request.url.params.get("cursor") for request in made] == [None, "c1"]
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == [None, None, "succeeded"]


def test_list_ends_where_the_pages_go_round():
    done, made = run(script({"watches": [], "next": "c1"}), "list")

    assert len(made) == 2
    assert "back to the same page" in done.stderr


def test_list_shows_no_more_than_was_asked_for():
    done, _ = run(script({"watches": [WATCH] * 3, "next": None}), "list", "-n", "2", "--json")

    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(("flags", "sent"), [((), None), (("--failing",), "true")])
def test_list_asks_for_those_that_fail(flags, sent):
    _, (request,) = run(script({"watches": [], "next": None}), "list", *flags)

    assert request.url.params.get("failing") == sent


@pytest.mark.parametrize("why", ["token", "401", "5xx", "network"])
def test_why_turns_fail_is_shown_where_the_app_says_so(why):
    failing = WATCH | {"failing": why}

    table, _ = run(script({"watches": [failing], "next": None}), "list", env={"COLUMNS": "200"})
    sheet, _ = run(script(failing), "show", "a", env={"COLUMNS": "200"})

    assert f"Running 40 %, failing: {why}" in table.stdout
    assert f"Running, failing: {why}" in sheet.stdout


@pytest.mark.parametrize("watch", [WATCH, WATCH | {"failing": None}])
def test_a_watch_that_does_not_fail_says_nothing_of_it(watch):
    done, _ = run(script({"watches": [watch], "next": None}), "list", env={"COLUMNS": "200"})

    assert "Running" in done.stdout
    assert "failing" not in done.stdout


@pytest.mark.parametrize("progress", [-1, 100.5, 101, 10**400, float("inf"), float("nan"), None])
def test_what_is_no_percentage_is_not_shown_as_one(progress):
    content = json.dumps({"watches": [WATCH | {"progress": progress}], "next": None})

    done, _ = run(lambda _: httpx.Response(200, content=content), "list")

    assert done.exit_code == 0
    assert "%" not in done.stdout


@pytest.mark.parametrize(("progress", "shown"), [(0, "0 %"), (100, "100 %"), (40.4, "40 %")])
def test_a_percentage_is_shown(progress, shown):
    done, _ = run(script(WATCH | {"progress": progress}), "show", "a")

    assert shown in done.stdout


def test_texts_of_the_api_are_no_markup():
    done, _ = run(script(WATCH), "show", WATCH["id"])

    assert "[bold]j1" in done.stdout
    assert "[red]x[/red]" in done.stdout


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["succeeded"], 0),
        (["succeeded", "partial"], 12),
        (["stopped", "failed"], 10),
        (["succeeded", "evaporated"], 1),  # of a newer app
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
    done, made = run(script(WATCH, WATCH, ENDED), "wait", WATCH["id"])

    assert done.exit_code == 0
    assert [request.url.params.get("wait") for request in made] == [None, "5", "5"]


def test_stop_goes_on_after_one_that_is_unknown_or_fails():
    answers = by_watch(
        a=[ENDED | {"id": "a", "outcome": "stopped"}],
        b=[UNKNOWN],
        c=[httpx.Response(503, html="<html>")],
        d=[ENDED | {"id": "d", "outcome": "stopped"}],
    )

    done, _ = run(answers, "stop", "b", "a", "c", "d", "--json")

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "d"]
    assert "b: There is no watch b." in done.stderr
    assert "c: HTTP 503" in done.stderr
    assert done.exit_code == 1


NO_WATCHES = [
    *({name: value for name, value in WATCH.items() if name != left_out} for left_out in ("id", "api", "job", "state")),
    *(WATCH | {name: 7} for name in ("id", "api", "job", "state", "status", "outcome", "reason", "labels", "callback")),
    WATCH | {"progress": "40"},
    WATCH | {"state": "ended"},  # and no outcome
    7,
    None,
    [WATCH],
]


@pytest.mark.parametrize("watch", NO_WATCHES)
@pytest.mark.parametrize(
    ("command", "shape"),
    [
        (("show", "a"), lambda watch: watch),
        (("wait", "a"), lambda watch: watch),
        (("list",), lambda watch: {"watches": [watch], "next": None}),
        (("start", "https://a/1"), lambda watch: {"results": [{"status": 202, "watch": watch}]}),
    ],
)
def test_what_is_no_watch_is_said_in_one_line(command, shape, watch):
    done, _ = run(script(shape(watch)), *command)

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "is this the app's URL?" in done.stderr


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"results": None},
        {"results": {}},
        {"results": []},
        {"results": [7]},
        {"results": [{}]},
        {"results": [{"problem": "no"}]},
        {"results": [{}, {}]},
    ],
)
def test_what_says_nothing_of_a_start_is_said_in_one_line(body):
    done, _ = run(script(body), "start", "https://a/1")

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "is this the app's URL?" in done.stderr


@pytest.mark.parametrize(
    "body", [{}, {"watches": {}, "next": None}, {"watches": []}, {"watches": [], "next": 7}, {"next": None}]
)
def test_what_is_no_list_is_said_in_one_line(body):
    done, _ = run(script(body), "list")

    assert done.exit_code == 1
    assert "is this the app's URL?" in done.stderr


@pytest.mark.parametrize("watch", [{name: WATCH[name] for name in ("id", "api", "job", "state")}])
def test_what_may_be_null_may_be_absent(watch):
    for command in (("show", "a"), ("show", "a", "--json"), ("wait", "a", "--timeout", "3"), ("restart", "a")):
        done, _ = run(script(watch), *command)

        assert done.exit_code in (0, 20)
        assert WATCH["id"] in done.stdout


@pytest.mark.parametrize("detail", [7, None, "", " ", ["no"], {"a": 1}])
def test_a_problem_that_says_nothing_is_its_status(detail):
    done, _ = run(script({"results": [{"status": 422, "problem": {"detail": detail}}]}), "start", "https://a/1")

    assert done.stderr == "https://a/1: HTTP 422\n"


@pytest.mark.parametrize("watch_id", [".", "..", "a/b", "a?x=1", "a#b", "a b", "é", "a\r"])
@pytest.mark.parametrize("command", ["show", "stop", "wait", "restart"])
def test_what_can_be_no_id_asks_for_no_other_path(command, watch_id):
    done, made = run(script(WATCH), command, watch_id)

    assert not made
    assert done.exit_code == 1
    assert "There is no watch" in done.stderr


def test_it_says_how_to_name_the_app():
    done = CliRunner().invoke(main, ["list"], env={"ITWIN_JOB_WATCH_URL": "", "ITWIN_JOB_WATCH_KEY": " \r\n"})

    assert done.exit_code == 2
    assert "ITWIN_JOB_WATCH_URL" in done.stderr
