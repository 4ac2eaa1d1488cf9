"""Ctrl-C ends the command line at once, whatever it waits for, and what was done is still told."""

import json
import signal
import subprocess
import time

import pytest

from tests.command_line import ENDED, WATCH, Done, by_watch, run
from tests.integration.test_command_line import App, process
from tests.unit.test_command_line_webhooks import ACTIVE, URL, WEBHOOK

#: Far beyond what is measured: the app hangs for as long as this test lets it.
WITHIN = 60


@pytest.fixture
def app(tmp_path):
    app = App(tmp_path)
    with app.service.running():
        yield app
        app.is_in_the_mood("watches")


def interrupted(app, *arguments, **variables):
    """Run a command until the app hangs, and press Ctrl-C."""
    running = process(app, *arguments, **variables)
    command = subprocess.Popen(**running, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    hangs, give_up = app.mood_file.parent / "hangs", time.monotonic() + WITHIN
    while not hangs.exists():
        assert time.monotonic() < give_up
        assert command.poll() is None
        time.sleep(0.05)
    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=WITHIN)
    return command.returncode, out, Done.PROGRESS.sub("", err)


def moods(*documents):
    return "\n".join([*map(json.dumps, documents), "hangs"])


def test_in_the_middle_of_a_long_poll(app):
    app.is_in_the_mood("watches\nhangs")

    status, out, err = interrupted(app, "wait", "a", "--json")

    assert (status, err) == (130, "Interrupted\n")
    assert json.loads(out) == WATCH


def test_while_several_are_waited_for(app):
    app.is_in_the_mood("watches\nwatches\nwatches\nhangs")

    status, out, err = interrupted(app, "wait", "a", "b", "c", "--json")

    assert (status, err) == (130, "Interrupted\n")
    assert [json.loads(line)["id"] for line in out.splitlines()] == [WATCH["id"]] * 3


def test_during_a_start_what_was_started_is_told(app):
    started = {"results": [{"status": 202, "watch": WATCH}] * 100}
    app.is_in_the_mood(moods(started))

    status, out, err = interrupted(app, "start", *["https://a/1"] * 102, "--wait", "--json")

    assert status == 130
    assert len(out.splitlines()) == 100
    assert err == "2 interrupted: some may have been started, see list\n"


@pytest.mark.parametrize(("command", "out"), [(("list",), ""), (("show", "a"), ""), (("restart", "a"), "")])
def test_what_has_told_nothing_tells_nothing(app, command, out):
    app.is_in_the_mood("hangs")

    status, told, err = interrupted(app, *command)

    assert (status, told) == (130, out)
    assert err.count("\n") == 1
    assert "nterrupted" in err


def test_while_it_stops_watches_those_that_were_stopped_are_told(app):
    app.is_in_the_mood("ended\nhangs")

    status, out, err = interrupted(app, "stop", "a", "b", "--json")

    assert status == 130
    assert json.loads(out) == ENDED
    assert err == "b: interrupted, as were those after it\n"


def test_while_it_registers_webhooks_those_that_were_made_are_told(app):
    app.is_in_the_mood(moods({"access_token": "t0ken"}, {"webhooks": []}, WEBHOOK, ACTIVE))
    variables = {
        "ITWIN_CLIENT_ID": "c",
        "ITWIN_CLIENT_SECRET": "s",
        "ITWIN_API_URL": app.url,
        "ITWIN_TOKEN_URL": f"{app.url}/connect/token",
        "WEBHOOK_SECRETS": "s" * 32,
    }
    itwins = [one for itwin in ("t1", "t2", "t3") for one in ("--itwin", itwin)]

    status, out, err = interrupted(app, "webhooks", "create", *itwins, "--url", URL, "--json", **variables)

    assert status == 130
    assert json.loads(out)["done"] == "created"
    assert err.splitlines() == ["iTwin t2: interrupted, maybe too late: see webhooks list", "Not tried: t3"]


def test_a_restart_that_is_interrupted_waits_for_nothing():
    def ends(_):
        raise KeyboardInterrupt

    answers = by_watch(a=[WATCH | {"id": "a"}], b=[ENDED | {"id": "b"}])
    script_of = {"POST": ends}

    done, made = run(lambda one: script_of.get(one.method, answers)(one), "restart", "a", "b", "--wait", "--json")

    assert done.exit_code == 130
    assert [one.method for one in made] == ["GET", "GET", "POST"]
    assert json.loads(done.stdout) == WATCH | {"id": "a"}
