"""The command line against an app that is killed under it, and as a process of its own on all kinds of terminals."""

import json
import os
import pty
import re
import subprocess
import sys
import termios
from contextlib import suppress

import pytest
from click.testing import CliRunner

from itwin_job_watch.cli import main
from itwin_job_watch.client import Api
from local.parts.processes import Service, free_port
from local.setup.bootstrap import ROOT
from tests.command_line import ENDED, WATCH, Clock, Done

ODD = "Brücke \u2713 \U0001f309 \ud800 \x1b[2J \u202e"


class App:
    """A shaky app, and its mood."""

    def __init__(self, directory):
        self.port, self.mood_file = free_port(), directory / "mood"
        command = [sys.executable, "-m", "tests.integration.shaky_app", str(self.port), str(self.mood_file)]
        self.service = Service(command, self.port, directory / "log")
        self.url = f"http://127.0.0.1:{self.port}"

    def is_in_the_mood(self, mood):
        self.mood_file.write_text(mood, encoding="utf-8")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("shaky"))
    with app.service.running():
        yield app


class Life(Clock):
    """Lets something happen to the app whenever somebody pauses, in this order."""

    def __init__(self, *events):
        super().__init__()
        self.events = list(events)

    async def sleep(self, seconds):
        await super().sleep(seconds)
        self.events.pop(0)()


@pytest.fixture
def run(app, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")

    def run(life, *arguments):
        api = Api(app.url, "k", sleep=life.sleep, clock=life)
        return Done(CliRunner().invoke(main, arguments, obj=api))

    return run


def test_wait_survives_an_app_that_fails_and_is_killed_and_comes_back(app, run):
    def mood(mood):
        return lambda: app.is_in_the_mood(mood)

    def comes_back():
        app.service.kill()  # what is left of it
        app.service.start()
        app.is_in_the_mood("starts")

    app.is_in_the_mood("watches")
    bad = ["drops", "page", "date", "dies"]
    life = Life(
        *map(mood, bad),
        lambda: None,
        lambda: None,
        comes_back,
        mood("watches"),
        app.service.kill,
        comes_back,
        mood("ended"),
    )

    done = run(life, "wait", "a", "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == ENDED
    assert not life.events
    assert life.slept[3] == 60.0  # the date
    assert 1 <= len(done.stderr.splitlines()) <= 2


ENVIRONMENTS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "UTF-8": {"PYTHONIOENCODING": "utf-8"},
}


def process(app, *arguments, **more):
    """Arguments and environment of a process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    access = {"ITWIN_JOB_WATCH_URL": app.url, "ITWIN_JOB_WATCH_KEY": "k", "NO_PROXY": "*", "COLUMNS": "300"}
    return {
        "args": [sys.executable, "-m", "itwin_job_watch", *arguments],
        "env": kept | access | more,
        "cwd": ROOT,
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
@pytest.mark.parametrize(
    "arguments",
    [("show", "a"), ("list",), ("wait", "a"), ("stop", "a"), ("show", "a", "--json"), ("wait", "a", "--json")],
)
def test_whatever_a_text_holds_it_is_printed_on_any_terminal(app, environment, arguments):
    odd = ENDED | {"reason": ODD, "job": {"jobId": ODD}, "labels": [ODD], "status": ODD, "evidence": [ODD], ODD: ODD}
    app.is_in_the_mood(json.dumps({"watches": [odd], "next": None} if arguments == ("list",) else odd))

    done = subprocess.run(**process(app, *arguments, **environment), capture_output=True, check=False)

    assert done.returncode == 0
    assert (b"Z 0d6c9f0e reporting Br" in done.stderr) == (arguments[0] == "wait")
    assert done.stderr.count(b"\n") == (arguments[0] == "wait")
    assert b"\x1b" not in done.stdout + done.stderr
    if "--json" in arguments:
        assert json.loads(done.stdout) == odd
        assert (b"Br\xc3\xbccke" in done.stdout) <= ("utf-8" in environment.values())
    else:
        assert b"Br" in done.stdout
        assert b"[2J" in done.stdout


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_error_is_printed_on_any_terminal(app, environment):
    app.is_in_the_mood(json.dumps({"results": [{"status": 422, "problem": {"detail": ODD}}]}))

    done = subprocess.run(**process(app, "start", "https://a/\u2713", **environment), capture_output=True, check=False)

    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"\x1b" not in done.stderr
    assert b"cke" in done.stderr


def on_a_terminal(running):
    """Run it with a terminal for its stderr; gives what it shows there."""
    ours, theirs = pty.openpty()
    running["env"]["TERM"] = "xterm"
    done = subprocess.run(**running, stdout=subprocess.PIPE, stderr=theirs, check=False)
    shown = os.read(ours, 100_000)
    os.close(ours)
    os.close(theirs)
    return done, shown


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_bars_are_drawn_on_any_terminal(app, environment):
    app.is_in_the_mood(json.dumps(ENDED | {"job": {"jobId": ODD}}))
    done, shown = on_a_terminal(process(app, "wait", "a", **environment))

    assert done.returncode == 0
    assert b"succeeded" in shown
    assert b"Traceback" not in shown


def test_what_is_said_while_bars_are_shown_has_a_line_of_its_own(app):
    app.is_in_the_mood("watches\npage\nended")

    done, shown = on_a_terminal(process(app, "wait", "a"))

    assert done.returncode == 0
    assert re.search(rb"\x1b\[2KTrying again: HTTP 503[^\n]*\n", shown)


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("count", [1, 5000])
def test_a_closed_pipe_ends_it_quietly(app, count, more):
    app.is_in_the_mood(json.dumps({"watches": [WATCH] * count, "next": None}))
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        **process(app, "list", "-n", str(count), *more), stdout=theirs, stderr=subprocess.PIPE, check=False
    )
    os.close(theirs)

    assert done.stderr == b""


@pytest.mark.parametrize("arguments", [["list", "--label"], ["start"], ["show"]])
def test_an_argument_that_is_no_text_is_refused(app, arguments):
    done = subprocess.run(**process(app, *arguments, b"caf\xe9"), capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (2, b"Error: an argument is not UTF-8\n")


def test_an_argument_is_sent_as_it_is_in_any_locale(app):
    app.is_in_the_mood("echoes")

    done = subprocess.run(
        **process(app, "start", "https://a/\u2713", **ENVIRONMENTS["C"]), capture_output=True, check=False
    )

    assert rb"'https://a/\u2713'" in done.stderr


def test_an_answer_of_the_platform_is_read_from_a_pipe(app):
    app.is_in_the_mood(json.dumps({"results": [{"status": 202, "watch": WATCH}]}))
    answer = b"HTTP/2 202 \r\nlocation: /library/jobs/1\r\n\r\n"

    done = subprocess.run(**process(app, "start", "-", "--json"), input=answer, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == WATCH


@pytest.mark.parametrize(("redirect", "says"), [("<&-", b"it is empty"), ("0>/dev/null", b"it cannot be read")])
def test_a_standard_input_that_is_none_is_said_to_be(app, redirect, says):
    running = process(app, "start", "-")
    running["args"] = ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh", *running["args"]]

    done = subprocess.run(**running, capture_output=True, check=False)

    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"Error: standard input: " + says in done.stderr


def test_without_a_dash_nobody_waits_for_standard_input(app):
    app.is_in_the_mood(json.dumps({"results": [{"status": 202, "watch": WATCH}]}))
    ours, theirs = os.pipe()  # to which nobody writes

    done = subprocess.run(
        **process(app, "start", "https://a/1"), stdin=ours, capture_output=True, check=False, timeout=60
    )
    os.close(ours)
    os.close(theirs)

    assert done.returncode == 0


def on_a_whole_terminal(running, columns):
    """Run it on a terminal of this width and 24 lines; gives its exit status, and what it shows."""
    running["env"] = {name: value for name, value in running["env"].items() if name != "COLUMNS"} | {"TERM": "xterm"}
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    command = subprocess.Popen(**running, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # where the terminal ends
        while part := os.read(ours, 100_000):
            shown += part
    os.close(ours)
    return command.wait(), shown.decode().replace("\r\n", "\n")


FAILED = ENDED | {"outcome": "failed", "labels": ["nightly"], "evidence": ["The tile needs more memory " * 5]}


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize("arguments", [("list",), ("show", "a"), ("wait", "a")])
def test_a_terminal_of_the_usual_width_has_room_for_all(app, arguments, columns):
    app.is_in_the_mood(json.dumps({"watches": [FAILED] * 3, "next": None} if arguments == ("list",) else FAILED))

    status, shown = on_a_whole_terminal(process(app, *arguments, NO_COLOR="1"), columns)

    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert status == (10 if "wait" in arguments else 0)
    assert "0d6c9f0e" in plain
    assert "The tile needs more memory" in plain
    assert max(len(part) for line in plain.split("\n") for part in line.split("\r")) <= columns
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shown)  # no colour


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_no_proxy_leads_to_this_machine(app, name):
    app.is_in_the_mood(json.dumps(ENDED))
    running = process(app, "show", "a", "--json", **{name: "http://127.0.0.1:9"})
    del running["env"]["NO_PROXY"]

    done = subprocess.run(**running, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
