"""What the command line makes of an app that fails: what passes is waited for, what lasts is said."""

import json
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from itwin_job_watch.pauses import FOREVER, LONGEST, retry_after
from tests.command_line import ENDED, KEY, WATCH, Clock, by_watch, run, script

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
STARTED = {"results": [{"watch": WATCH | {"id": "a"}}]}
UNKNOWN = httpx.Response(404, json={"detail": "There is no watch b."})
UNREADABLE = httpx.Response(409, json={"detail": "The row b of Watches cannot be read: Due."})

PASSES = {
    "refused": httpx.ConnectError("[Errno 111] Connection refused"),
    "dropped": httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "reset": httpx.ReadError("[Errno 104] Connection reset by peer"),
    "hangs": httpx.ReadTimeout("timed out"),
    "cannot be sent": httpx.WriteError(""),
    "proxy": httpx.ProxyError("502 Bad Gateway"),
    "garbled": httpx.DecodingError("Error -3 while decompressing data"),
    "408": httpx.Response(408),
    "429": httpx.Response(429, json={"detail": "Slow down."}),
    "429, a date": httpx.Response(429, headers={"retry-after": format_datetime(NOON, usegmt=True)}),
    "500": httpx.Response(500),
    "502": httpx.Response(502, html="<html>Bad Gateway</html>"),
    "503": httpx.Response(503, json={"detail": "Storage did not respond."}, headers={"retry-after": "10"}),
    "503, a page": httpx.Response(503, html="<html>"),
    "504": httpx.Response(504, html="<html>"),
    "a problem that is none": httpx.Response(503, json={"detail": {"a": 1}}),
}

#: Not the app's own words: they pass once the app has answered, and end a command if it never has.
STRANGE = {
    "404 of the host": httpx.Response(404),
    "404 of a proxy": httpx.Response(404, html="<html>"),
    "stopped": httpx.Response(403, html="<html>This web app is stopped.</html>"),
    "a page": httpx.Response(200, html="<html>"),
    "nothing": httpx.Response(200),
    "redirect": httpx.Response(302, headers={"location": "https://login.example/?code=x"}),
    "redirect with a body": httpx.Response(307, json=WATCH),
    "moved": httpx.Response(301),
    "a list": httpx.Response(200, json=[]),
    "a text": httpx.Response(200, json="watch"),
    "a number": httpx.Response(200, json=7),
    "null": httpx.Response(200, content=b"null"),
    "other members": httpx.Response(200, json={"status": "ok"}),
    "brackets": httpx.Response(200, content=b"[" * 100_000),
    "not UTF-8": httpx.Response(200, content=b'"\xff'),
}

NOBODY_THERE = (ssl.SSLCertVerificationError(1, "expired"), socket.gaierror(socket.EAI_NONAME, "unknown"))

LASTS = {
    "key": (httpx.Response(401), "does not accept this key"),
    "refused": (httpx.Response(422, json={"detail": "Fix it."}), "Fix it."),
    "bad": (httpx.Response(400, json={"detail": None}), "HTTP 400"),
    "a problem that is a number": (httpx.Response(422, json={"detail": 7}), "HTTP 422"),
    "blank": (httpx.Response(403, json={"detail": " "}), "HTTP 403"),
}


@pytest.mark.parametrize("fault", PASSES.values(), ids=PASSES)
@pytest.mark.parametrize("before", [[], [WATCH]])
def test_wait_goes_on_through_an_hour_of_what_passes_and_says_so_once(fault, before):
    clock = Clock()

    done, _ = run(script(*before, *[fault] * 200, WATCH, ENDED), "wait", "a", "--json", clock=clock)

    assert done.exit_code == 0
    assert json.loads(done.stdout) == ENDED
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Trying again: ")
    assert "?wait" not in done.stderr
    assert clock.now > 1000 + 180
    assert KEY not in done.output


@pytest.mark.parametrize("fault", STRANGE.values(), ids=STRANGE)
def test_what_is_strange_passes_once_the_app_has_answered(fault):
    done, _ = run(script(WATCH, *[fault] * 50, ENDED), "wait", "a")

    assert done.exit_code == 0
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("fault", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("command", ["wait", "show", "stop", "list", "start", "restart"])
def test_what_is_strange_ends_a_command_if_the_app_has_never_answered(command, fault):
    done, made = run(script(fault), command, *([] if command == "list" else ["a"]))

    assert len(made) == 1
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "URL" in done.stderr
    assert "code=x" not in done.output
    assert isinstance(done.exception, SystemExit)


@pytest.mark.parametrize("cause", NOBODY_THERE, ids=repr)
def test_nobody_is_waited_for_who_has_never_been_there(cause):
    fault = httpx.ConnectError("")
    fault.__cause__ = cause

    never, _ = run(script(fault, ENDED), "wait", "a")
    before, _ = run(script(WATCH, fault, ENDED), "wait", "a")

    assert (never.exit_code, before.exit_code) == (1, 0)
    assert "no answer from https://app.example/api: " in never.stderr


@pytest.mark.parametrize(("answer", "says"), LASTS.values(), ids=LASTS)
@pytest.mark.parametrize("before", [[], [WATCH]])
def test_what_lasts_ends_a_wait_at_once(before, answer, says):
    done, made = run(script(*before, answer), "wait", "a")

    assert len(made) == len(before) + 1
    assert done.exit_code == 1
    assert says in done.stderr
    assert (WATCH["id"] in done.stdout) == bool(before)


@pytest.mark.parametrize("answer", [UNKNOWN, UNREADABLE])
def test_a_watch_that_cannot_be_shown_ends_for_itself_alone(answer):
    done, _ = run(by_watch(a=[WATCH | {"id": "a"}, ENDED | {"id": "a"}], b=[answer]), "wait", "b", "a", "--json")

    assert done.exit_code == 1
    assert done.stderr == f"b: {answer.json()['detail']}\n"
    assert json.loads(done.stdout)["outcome"] == "succeeded"


def test_one_watch_that_fails_does_not_hold_up_the_others():
    answers = by_watch(a=[httpx.Response(503, headers={"retry-after": "60"})], b=[WATCH, ENDED])
    clock = Clock()

    done, made = run(answers, "wait", "a", "b", "--timeout", "30", "--json", clock=clock)

    assert [request.url.path[-1] for request in made].count("a") == 1
    assert json.loads(done.stdout) == ENDED
    assert done.exit_code == 20
    assert clock.now == 1030


def test_after_an_outage_it_looks_at_once():
    _, made = run(script(WATCH, PASSES["502"], WATCH, ENDED), "wait", "a")

    assert [request.url.params.get("wait") for request in made] == [None, "5", None, "5"]


@pytest.mark.parametrize("timeout", [0, 0.5, 1, 7, 100, float("nan")])
@pytest.mark.parametrize("fault", [PASSES["refused"], httpx.Response(503, headers={"retry-after": "86400"})])
def test_a_timeout_ends_a_wait_on_time_with_what_is_known(fault, timeout):
    clock = Clock()

    done, _ = run(script(WATCH, fault), "wait", "a", "--timeout", str(timeout), "--json", clock=clock)

    assert done.exit_code == 20
    assert json.loads(done.stdout) == WATCH
    assert clock.now == pytest.approx(1000 + max(0, timeout))


def test_a_timeout_says_of_which_watch_nothing_is_known():
    done, _ = run(script(PASSES["503"]), "wait", "a", "--timeout", "30")

    assert done.exit_code == 20
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "Trying again: Storage did not respond.",
        "a: the app did not say how it stands before the timeout passed",
    ]


@pytest.mark.parametrize("timeout", ["3", "40.5"])
def test_no_request_may_take_longer_than_the_timeout(timeout):
    _, made = run(script(WATCH), "wait", "a", "--timeout", timeout)

    for request in made:
        assert 0 < request.extensions["timeout"]["read"] <= float(timeout)
        assert int(request.url.params.get("wait", 0)) + 1 <= max(1, request.extensions["timeout"]["read"])


def test_an_app_that_fails_every_other_time_fills_no_screen():
    flapping = [one for _ in range(100) for one in (PASSES["502"], WATCH)]
    clock = Clock()

    done, _ = run(script(*flapping, ENDED), "wait", "a", clock=clock)

    assert done.exit_code == 0
    assert done.stderr.count("\n") <= (clock.now - 1000) / 60 + 1


def test_a_second_outage_is_told_too():
    hour = [WATCH] * 100

    done, _ = run(script(WATCH, PASSES["502"], *hour, PASSES["refused"], ENDED), "wait", "a")

    assert [line.split(":")[1].split()[0] for line in done.stderr.splitlines()] == ["HTTP", "no"]


@pytest.mark.parametrize("fault", PASSES.values(), ids=PASSES)
@pytest.mark.parametrize("command", ["show", "stop", "list", "start", "restart"])
def test_other_commands_try_a_few_times(command, fault):
    done, made = run(script(fault), command, *([] if command == "list" else ["a"]))

    assert len(made) == 4
    assert len({request.headers.get("idempotency-key") for request in made}) == 1
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 2
    assert KEY not in done.output


@pytest.mark.parametrize("fault", [httpx.ReadTimeout(""), httpx.WriteError(""), TimeoutError()], ids=repr)
def test_no_answer_has_a_reason_even_if_the_error_has_no_text(fault):
    done, _ = run(script(fault), "show", "a")

    assert f"no answer from https://app.example/api: {type(fault).__name__}\n" in done.stderr


@pytest.mark.parametrize("fault", PASSES.values(), ids=PASSES)
def test_a_repeated_start_has_the_same_key(fault):
    done, made = run(script(fault, fault, STARTED), "start", "https://a/1", "--restart")

    assert done.exit_code == 0
    assert len({request.headers["idempotency-key"] for request in made}) == 1
    assert len({request.content for request in made}) == 1


def test_start_and_wait_goes_on_from_the_first_request():
    faults = [*PASSES.values()] * 3

    done, _ = run(script(*faults, STARTED, *faults, WATCH, *faults, ENDED), "start", "https://a/1", "--wait", "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == ENDED


def test_start_and_wait_gives_up_on_time():
    clock = Clock()

    done, _ = run(script(PASSES["refused"]), "start", "https://a/1", "--wait", "--timeout", "50", clock=clock)

    assert done.exit_code == 20
    assert "1 not started: no answer" in done.stderr
    assert clock.now <= 1050


def test_an_app_that_is_down_is_not_tried_as_often_for_each_watch():
    _, made = run(script(PASSES["refused"]), "stop", *"abcdefgh")

    assert len(made) == 4 + 7


def test_what_no_request_can_carry_is_not_shown():
    done, made = run(script(httpx.LocalProtocolError(f"Illegal header value b'{KEY}'")), "wait", "a")

    assert len(made) == 1
    assert KEY not in done.output


@pytest.fixture(params=["UTC", "Asia/Tokyo"])
def zone(request, monkeypatch):
    """The zone of this machine."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("3600", 3600),
        ("9" * 400, FOREVER.total_seconds()),
        (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90),
        ("Thursday, 26-Nov-26 12:01:00 GMT", 60),
        ("Thu Nov 26 12:00:05 2026", 5),
        ("Thu, 26 Nov 2026 11:59:00 GMT", 0),
        ("Thu, 26 Nov 2026 12:01:00 -0000", 60),
        *[(nothing, None) for nothing in ("", "-1", "soon", "nan", "inf", "1e3", "Thu, 99 Nov 2026 12:00:00 GMT", "٣")],
    ],
)
@pytest.mark.usefixtures("zone")
def test_a_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after(value, NOON) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7),
        ("2.5", 2.5, 2.5),
        ("0", 1, 1),
        ("86400", LONGEST, LONGEST),
        ("9" * 400, LONGEST, LONGEST),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST, LONGEST),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 1, 1),
        ("soon", 2, 2),
    ],
)
@pytest.mark.parametrize("command", ["wait", "show"])
def test_the_pause_is_the_retry_after_within_bounds(command, value, least, most):
    clock = Clock()

    run(script(httpx.Response(429, headers={"retry-after": value}), ENDED), command, "a", clock=clock)

    assert least <= clock.slept[0] <= most


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, json={"detail": f"your key {KEY} may not"}),
        httpx.Response(500, json={"detail": f"{KEY}"}),
        httpx.Response(200, json=ENDED | {"reason": f"key {KEY}"}),
        httpx.Response(302, headers={"location": f"/?code={KEY}"}),
        httpx.Response(200, text=KEY),
    ],
)
@pytest.mark.parametrize("command", ["show", "wait"])
def test_an_answer_that_repeats_the_key_is_shown_without_it(answer, command):
    done, _ = run(script(answer), command, "a", *(["--timeout", "1"] if command == "wait" else []))

    assert KEY not in done.output + done.stderr
