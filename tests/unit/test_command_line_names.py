"""Watches are named by their ids, by how these begin, or by the URLs of their jobs."""

import json
from typing import Any

import httpx
import pytest

from itwin_job_watch.naming import FEWEST
from shared.web import queries
from tests.command_line import ENDED, WATCH, run, script

URL = "https://api.bentley.com/insights/reporting/datasources/extraction/status/j1"
ID = str(WATCH["id"])
OTHER = ID[:12] + "f" + ID[13:]
LOST = ENDED | {"outcome": "lost"}


def found(*watches):
    return {"watches": [*watches], "next": None}


def asked(requests):
    return [(request.method, request.url.path.removeprefix("/api"), dict(request.url.params)) for request in requests]


def test_the_app_takes_as_few_digits():
    assert FEWEST == queries.FEWEST_DIGITS


@pytest.mark.parametrize(
    ("name", "query"),
    [(ID[:8], {"id": ID[:8]}), (ID[:4], {"id": ID[:4]}), (ID[:-1], {"id": ID[:-1]}), (URL, {"url": URL})],
)
@pytest.mark.parametrize("command", ["show", "stop", "wait", "restart"])
def test_it_is_looked_for_first(command, name, query):
    started = {"results": [{"watch": WATCH}]}
    after: Any = {"show": [], "stop": [ENDED], "wait": [WATCH, ENDED], "restart": [started]}[command]
    done, made = run(script(found(LOST), *after), command, name, "--json")

    sent = asked(made)
    assert sent[0] == ("GET", "/watches", query)
    assert [(method, path) for method, path, _ in sent[1:]] == {
        "show": [],
        "stop": [("DELETE", f"/watches/{ID}")],
        "wait": [("GET", f"/watches/{ID}")] * 2,
        "restart": [("POST", "/watches")],
    }[command]
    assert json.loads(done.stdout)["id"] == ID
    assert done.exit_code == 0


@pytest.mark.parametrize("name", [ID, ID.upper()])
def test_a_whole_id_is_asked_for_at_once(name):
    _, made = run(script(WATCH), "show", name)

    assert asked(made) == [("GET", f"/watches/{name}", {})]


@pytest.mark.parametrize("command", ["show", "stop", "wait", "restart"])
def test_what_several_have_is_refused_with_the_candidates(command):
    done, made = run(script(found(WATCH, LOST | {"id": OTHER})), command, ID[:8])

    assert len(made) == 1
    assert done.exit_code == 1
    assert (
        f"It is how 2 ids begin: {ID} (reporting, watching), {OTHER} (reporting, lost). Give more of it." in done.stderr
    )
    assert done.stdout == ""


def test_of_many_candidates_some_are_named():
    done, _ = run(script(found(*[WATCH] * 9)), "show", ID[:8])

    assert done.stderr.count(ID) == 5
    assert "and others. Give more of it." in done.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (ID[:8], f"There is no watch whose id begins with {ID[:8]}."),
        (URL, f"No watch is of the job with this URL; `start {URL}` begins one."),
    ],
)
@pytest.mark.parametrize("command", ["show", "stop", "wait", "restart"])
def test_what_none_has_is_said(command, name, says):
    done, made = run(script(found()), command, name)

    assert len(made) == 1
    assert done.exit_code == 1
    assert says in done.stderr


def test_one_watch_that_is_named_twice_is_one():
    for command in ("wait", "stop", "restart"):
        answers = {"wait": [ENDED], "stop": [ENDED, found(ENDED), ENDED], "restart": [found(WATCH)]}[command]
        names = [ID[:8], ID[:9]]
        if command == "wait":
            answers = [found(ENDED), *answers]
        done, _ = run(script(found(ENDED if command != "restart" else WATCH), *answers), command, *names, "--json")

        assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [ID]


def test_others_are_waited_for_and_the_status_tells_of_the_unknown():
    done, _ = run(script(found(), found(WATCH), ENDED), "wait", "ffff", ID[:8], "--json")

    assert json.loads(done.stdout) == ENDED
    assert done.exit_code == 1
    assert done.stderr.startswith("ffff: There is no watch")


def test_wait_looks_for_it_through_an_outage():
    done, _ = run(script(*[httpx.ConnectError("refused")] * 50, found(WATCH), ENDED), "wait", ID[:8])

    assert done.exit_code == 0
    assert done.stderr.startswith("Trying again: ")


def test_a_timeout_that_passes_while_it_is_looked_for_is_told_as_one():
    done, _ = run(script(httpx.ConnectError("refused")), "wait", ID[:8], "--timeout", "60")

    assert done.exit_code == 20


def test_a_wrong_key_ends_it_at_once():
    done, made = run(script(httpx.Response(401)), "wait", ID[:8], ID[:9])

    assert len(made) == 1
    assert done.exit_code == 1
    assert "does not accept this key" in done.stderr
