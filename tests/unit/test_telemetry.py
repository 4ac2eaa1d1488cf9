"""Events, sent by the real exporter to an ingestion endpoint on loopback."""

import asyncio
import inspect
import itertools
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ServiceRequestError

from shared import wiring
from shared.core.callback import begin, event_id
from shared.core.model import End, Failing, Outcome
from shared.core.rate_limit import Pace, Reason
from shared.core.remote import Response
from shared.engine.ports import Count, UndeliveredError, Unreadable
from shared.telemetry.events import Events, NoEvents, invocation
from shared.telemetry.exporter import SCOPE, identity
from shared.version import USER_AGENT, VERSION
from tests.builders import NOON, a_watch

ROOT = Path(__file__).parents[2]
SHUT_AT, OPENS_AT = NOON, NOON + timedelta(days=30)
END = End(Outcome.FAILED, NOON + timedelta(minutes=1, milliseconds=500))
WATCH = a_watch(
    id="0d6c",
    api="schedules",
    job={"scheduleId": "s/1", "operationId": "é"},
    labels=("nightly", "a b"),
    status="Failed",
    reason="no such file",
    polls=7,
    faults=3,
    throttled=2,
    issues=9,
    restarts=2,
    evidence=("one", "two", "three", "four"),
    end=END,
    stepped_by="message",
)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NO_TRACE = "0" * 32


def accepted(envelopes):
    return 200, {"itemsReceived": len(envelopes), "itemsAccepted": len(envelopes), "errors": []}


def always(status, body=None, headers=None):
    return lambda _: (status, body or {}, headers or {})


def partly(status):
    """Accept all but the events of the watch named "bad"."""

    def answer(envelopes):
        errors = [
            {"index": index, "statusCode": status, "message": "no"}
            for index, envelope in enumerate(envelopes)
            if event_of(envelope)["properties"]["watchId"] == "bad"
        ]
        counts = {"itemsReceived": len(envelopes), "itemsAccepted": len(envelopes) - len(errors)}
        return (206, counts | {"errors": errors}) if errors else accepted(envelopes)

    return answer


class Ingestion:
    """Application Insights, as far as an exporter sees it.  While `gate` is closed it answers nobody."""

    def __init__(self, answer):
        self.answer = answer
        self.key = str(uuid4())
        self.requests: list[tuple[str, list[Any]]] = []
        self.authorizations: list[str | None] = []
        self.headers: list[Message] = []
        self.gate, self.arrived = threading.Event(), threading.Event()
        self.drips = False  #: each answer begins with white space, for ever
        self.gate.set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N805 -- http.server's name; `self` is the ingestion
                envelopes = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                self.authorizations.append(handler.headers["Authorization"])
                self.headers.append(handler.headers)
                self.requests.append((handler.requestline.split()[1], envelopes))  # its `path` drops slashes
                self.arrived.set()
                self.gate.wait(10)
                status, body, headers = (*self.answer(envelopes), {})[:3]
                handler.send_response(status)
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.end_headers()
                with suppress(OSError):
                    while self.drips:
                        handler.wfile.write(b" ")
                        time.sleep(0.05)
                    handler.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(handler, *_):  # noqa: N805
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def envelopes(self):
        return [envelope for _, envelopes in self.requests for envelope in envelopes]

    @property
    def watches(self):
        return sorted(event_of(envelope)["properties"]["watchId"] for envelope in self.envelopes)


def event_of(envelope):
    return envelope["data"]["baseData"]


@contextmanager
def serving(answer=accepted):
    ingestion = Ingestion(answer)
    thread = threading.Thread(target=ingestion.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ingestion
    finally:
        ingestion.gate.set()
        ingestion.server.shutdown()
        ingestion.server.server_close()
        thread.join()


@contextmanager
def events_to(ingestion, credential=None):
    events = Events(f"InstrumentationKey={ingestion.key};IngestionEndpoint={ingestion.url}", "the-site", credential)
    try:
        yield events
    finally:
        events._handler.close()


@pytest.fixture
def ingestion():
    with serving() as ingestion:
        yield ingestion


@pytest.fixture
def events(ingestion):
    with events_to(ingestion) as events:
        yield events


def announce(events, *watches):
    async def scenario():
        return await asyncio.gather(*(events.announce(watch, watch.end) for watch in watches), return_exceptions=True)

    return asyncio.run(scenario())


def test_ingestion_is_told_who_sends_and_asked_for_a_plain_answer(ingestion, events):
    assert announce(events, WATCH) == [None]

    (headers,) = ingestion.headers
    assert (headers["User-Agent"], headers["Accept-Encoding"]) == (USER_AGENT, "identity")


def test_an_ended_watch_is_one_event(ingestion, events):
    assert announce(events, WATCH) == [None]

    (envelope,) = ingestion.envelopes
    assert (envelope["name"], envelope["iKey"]) == ("Microsoft.ApplicationInsights.Event", ingestion.key)
    assert envelope["data"]["baseType"] == "EventData"
    event = event_of(envelope)
    assert event["name"] == "WatchFinished"
    assert event["properties"] == {
        "eventId": "0d6c.20261120T120000000000Z",
        "watchId": "0d6c",
        "api": "schedules",
        "outcome": "failed",
        "reason": "no such file",
        "status": "Failed",
        "labels": "nightly, a b",
        "job": "s/1, é",
        "evidence": "one\ntwo\nthree",
        "scheduleId": "s/1",
        "operationId": "é",
    }
    numbers = {"durationSeconds": 60.5, "polls": 7, "faults": 3, "throttled": 2, "issues": 9, "restarts": 2}
    assert event["measurements"] == numbers


def test_each_end_of_a_watch_has_a_name_of_its_own_which_its_callback_has_too(ingestion, events):
    again = replace(WATCH, started_at=NOON + timedelta(seconds=30), restarts=3)
    announce(events, WATCH, WATCH, again)
    asyncio.run(events.fail_callback(begin(again, END, "{}", NOON, timedelta(days=1))))

    names = [event_of(envelope)["properties"]["eventId"] for envelope in ingestion.envelopes]
    assert names == [event_id(WATCH)] * 2 + [event_id(again)] * 2
    assert len(set(names)) == 2


def test_the_event_shows_under_the_role_it_was_given(ingestion, events):
    announce(events, WATCH)

    assert ingestion.envelopes[0]["tags"]["ai.cloud.role"] == "the-site"


def test_the_event_says_which_version_sent_it(ingestion, events):
    """It is the column `application_Version`."""
    announce(events, WATCH)

    assert ingestion.envelopes[0]["tags"]["ai.application.ver"] == VERSION


def test_the_event_belongs_to_the_invocation_at_hand(ingestion, events):
    with invocation(f"00-{TRACE}-{SPAN}-01"):
        announce(events, WATCH)

    tags = ingestion.envelopes[0]["tags"]
    assert (tags["ai.operation.id"], tags["ai.operation.parentId"]) == (TRACE, f"|{TRACE}.{SPAN}.")


@pytest.mark.parametrize("traceparent", [None, "", "garbage", "00-1"])
def test_an_event_outside_of_any_invocation_belongs_to_none(traceparent, ingestion, events):
    with invocation(traceparent):
        announce(events, WATCH)

    assert ingestion.envelopes[0]["tags"]["ai.operation.id"] == NO_TRACE


def test_the_event_after_an_invocation_does_not_belong_to_it(ingestion, events):
    with suppress(ValueError), invocation(f"00-{TRACE}-{SPAN}-01"):
        raise ValueError
    announce(events, WATCH)

    assert ingestion.envelopes[0]["tags"]["ai.operation.id"] == NO_TRACE


def test_an_invocation_within_another_ends_first(ingestion, events):
    with invocation(f"00-{TRACE}-{SPAN}-01"):
        with invocation(None):
            announce(events, WATCH)
        announce(events, WATCH)

    assert [envelope["tags"]["ai.operation.id"] for envelope in ingestion.envelopes] == [NO_TRACE, TRACE]


def test_events_of_invocations_at_the_same_time_do_not_mix(ingestion, events):
    async def one(number):
        with invocation(f"00-{number:032x}-{SPAN}-01"):
            await asyncio.sleep(0)
            await events.announce(replace(WATCH, id=str(number)), END)

    async def scenario():
        await asyncio.gather(*map(one, range(1, 60)))

    asyncio.run(scenario())

    assert {event_of(e)["properties"]["watchId"]: e["tags"]["ai.operation.id"] for e in ingestion.envelopes} == {
        str(number): f"{number:032x}" for number in range(1, 60)
    }


def test_announcing_ends_when_the_service_has_answered_and_leaves_the_loop_free(ingestion, events):
    async def scenario():
        ingestion.gate.clear()
        announcing = asyncio.create_task(events.announce(WATCH, END))
        for _ in range(20):
            await asyncio.sleep(0.01)
        had_ended = announcing.done()
        ingestion.gate.set()
        await announcing
        return had_ended

    assert asyncio.run(scenario()) is False
    assert ingestion.watches == ["0d6c"]


@pytest.mark.parametrize("status", [204, 304, 401, 403, 407, 408, 429, 500, 502, 503, 504, 507, 520])
def test_what_the_service_wants_again_later_is_undelivered(status, ingestion, events):
    ingestion.answer = always(status)

    (error,) = announce(events, WATCH)

    assert isinstance(error, UndeliveredError)


@pytest.mark.parametrize("status", [408, 429, 439, 500, 503, None, "x", 200])
def test_an_item_that_the_service_wants_again_later_is_undelivered(status, ingestion, events):
    ingestion.answer = partly(status)

    (error,) = announce(events, replace(WATCH, id="bad"))

    assert isinstance(error, UndeliveredError)


def test_what_nobody_listens_to_is_undelivered():
    with serving() as gone:
        pass
    with events_to(gone) as events:
        (error,) = announce(events, WATCH)

    assert isinstance(error, UndeliveredError)


@pytest.mark.parametrize("answer", [always(500), always(403), partly(500)])
def test_nothing_undelivered_is_kept_on_disk_or_sent_later_by_itself(answer, ingestion, events):
    ingestion.answer = answer
    announce(events, replace(WATCH, id="bad"))
    ingestion.answer = accepted
    announce(events, replace(WATCH, id="good"))

    assert ingestion.watches == ["bad", "good"]
    assert not [*Path(tempfile.gettempdir()).glob(f"*{ingestion.key}*")]


def test_after_a_failure_the_next_attempt_succeeds(ingestion, events):
    ingestion.answer = always(503)
    announce(events, WATCH)
    ingestion.answer = accepted

    assert announce(events, WATCH) == [None]


@pytest.mark.parametrize(
    "answer", [always(400), always(402), always(404), always(413), always(439), partly(400), partly(404), partly(413)]
)
def test_what_the_service_will_never_take_is_logged_and_done_with(answer, ingestion, events, caplog):
    ingestion.answer = answer

    assert announce(events, replace(WATCH, id="bad")) == [None]

    ours = [record for record in caplog.records if record.name == "watch.telemetry"]
    assert [(record.levelname, "WatchFinished about='bad'" in record.getMessage()) for record in ours] == [
        ("ERROR", True)
    ]


NOT_ACCEPTED = [
    b"", b"<html>log in</html>", b"\xff", b"null", b"[]", b"[" * 5000, b"1", {}, {"errors": []}, {"errors": "?"},
    {"itemsReceived": 1, "errors": []},
    {"itemsReceived": 1, "itemsAccepted": 0, "errors": []},
    {"itemsReceived": 0, "itemsAccepted": 0},
    {"itemsReceived": 1, "itemsAccepted": None, "errors": None},
    {"itemsReceived": 1, "itemsAccepted": True, "errors": []},
    {"itemsReceived": 1, "itemsAccepted": "1", "errors": []},
    {"itemsReceived": 1, "itemsAccepted": -1, "errors": []},
    {"itemsReceived": 1, "itemsAccepted": 0, "errors": [{"index": 1, "statusCode": 400}]},
    {"itemsReceived": 1, "itemsAccepted": 0, "errors": [{"index": -1, "statusCode": 400}, {}, 7, None]},
    {"itemsReceived": 1, "itemsAccepted": 0, "errors": [{"index": 0}]},
    {"itemsReceived": 1, "itemsAccepted": 0, "errors": [{"index": 0, "statusCode": 503}]},
]  # fmt: skip


@pytest.mark.parametrize("status", [200, 206])
@pytest.mark.parametrize("body", NOT_ACCEPTED, ids=lambda body: str(body)[:60])
def test_an_event_that_nobody_said_to_have_accepted_is_undelivered(status, body, ingestion, events, caplog):
    """E.g. the login page of a network, which answers anything with a 200."""
    ingestion.answer = always(status, body)

    (error,) = announce(events, WATCH)

    assert isinstance(error, UndeliveredError)
    assert f"telemetry.unaccepted status={status}" in caplog.text


@pytest.mark.parametrize("status", [200, 206])
def test_an_event_that_is_refused_by_itself_is_logged_and_done_with(status, ingestion, events, caplog):
    errors = [{"index": 0, "statusCode": 400, "message": "no"}]
    ingestion.answer = always(status, {"itemsReceived": 1, "itemsAccepted": 0, "errors": errors})

    assert announce(events, WATCH) == [None]

    assert "event.rejected event=WatchFinished about='0d6c'" in caplog.text


def together(ingestion, events, *ids):
    """Announce watches in one request."""

    async def scenario():
        ingestion.gate.clear()
        first = asyncio.create_task(events.announce(replace(WATCH, id="first"), END))
        await asyncio.to_thread(ingestion.arrived.wait, 10)  # the others wait for it
        others = [asyncio.create_task(events.announce(replace(WATCH, id=id_), END)) for id_ in ids]
        await asyncio.sleep(0)
        ingestion.gate.set()
        return (await asyncio.gather(first, *others, return_exceptions=True))[1:]

    answers = asyncio.run(scenario())
    assert len(ingestion.requests) == 2
    return answers


def test_those_that_travel_with_an_event_that_is_refused_are_delivered(ingestion, events, caplog):
    ingestion.answer = partly(400)

    assert together(ingestion, events, "a", "bad", "b") == [None] * 3

    assert caplog.text.count("event.rejected") == 1


def test_those_that_travel_with_an_event_that_is_wanted_again_are_delivered(ingestion, events):
    ingestion.answer = partly(503)

    assert [type(answer) for answer in together(ingestion, events, "a", "bad", "b")] == [
        type(None), UndeliveredError, type(None)
    ]  # fmt: skip


def test_of_several_none_is_delivered_where_fewer_were_accepted_than_not_named(ingestion, events, caplog):
    def one_of_three(envelopes):
        errors = [{"index": 1, "statusCode": 400}] if len(envelopes) == 3 else []
        return 200, {"itemsReceived": len(envelopes), "itemsAccepted": 1, "errors": errors}

    ingestion.answer = one_of_three

    assert [type(answer) for answer in together(ingestion, events, "a", "bad", "b")] == [
        UndeliveredError, type(None), UndeliveredError
    ]  # fmt: skip
    assert "event.rejected event=WatchFinished about='bad'" in caplog.text


class Token:
    def get_token(self, *_, **__):
        return AccessToken("mine", int(time.time()) + 3600)


@pytest.mark.parametrize("status", [307, 308])
def test_an_event_follows_ingestion_to_another_host_with_its_token(status, ingestion):
    with serving() as there, events_to(ingestion, Token()) as events:
        ingestion.answer = always(status, b"", {"Location": f"{there.url}/v2.1/track"})
        assert announce(events, WATCH) == [None]

    assert (there.watches, there.authorizations) == (["0d6c"], ["Bearer mine"])


def test_an_answer_that_never_ends_does_not_hold_the_events_after_it(ingestion, events, monkeypatch):
    """There is one thread for all, and a time-out for each byte is none for the answer."""
    monkeypatch.setattr("shared.telemetry.exporter.TIMEOUT", timedelta(seconds=0.3))
    monkeypatch.setattr("shared.telemetry.events.TIMEOUT", timedelta(seconds=2))
    ingestion.drips = True
    (error,) = announce(events, WATCH)
    ingestion.drips = False

    assert (type(error), announce(events, WATCH)) == (UndeliveredError, [None])


@pytest.mark.parametrize(
    ("to", "asked"),
    [
        ("http://eu.example/v2.1/track", ["https://dc.example/v2.1/track"]),
        ("https://eu.example/v2.1/track", ["https://dc.example/v2.1/track", *["https://eu.example/v2.1/track"] * 5]),
    ],
)
def test_nothing_follows_to_plain_http_nor_in_circles(to, asked, monkeypatch):
    urls = []

    async def leads_on(_, request, **__):
        urls.append(str(request.url))
        return Response(308, {"location": to})

    monkeypatch.setattr("shared.telemetry.exporter.exchange", leads_on)
    events = Events(f"InstrumentationKey={uuid4()};IngestionEndpoint=https://dc.example", "the-site", Token())
    try:
        (error,) = announce(events, WATCH)
    finally:
        events._handler.close()

    assert (type(error), urls) == (UndeliveredError, asked)


PROXIES = [
    "socks5://user:hush@127.0.0.1:9", "socks9://user:hush@127.0.0.1:9", "http://user:hush@127.0.0.1:9", "http://",
    "http://[hush", "http://a:hush", "hush", "://", "http://user:hush@\u2603.example:99999", "http://*:hush@x:y",
]  # fmt: skip


@pytest.fixture
def by_proxy(monkeypatch):
    """Events to a host that only a proxy knows."""
    for name in ("ALL_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    events = Events(
        f"InstrumentationKey={uuid4()};IngestionEndpoint=http://dc.example", "the-site", environment=os.environ
    )
    yield events
    events._handler.close()


@pytest.mark.parametrize("setting", [*itertools.product(["ALL_PROXY", "HTTP_PROXY", "http_proxy"], PROXIES)], ids=str)
def test_a_proxy_that_is_none_loses_no_event(setting, ingestion, by_proxy, monkeypatch, caplog):
    """It is undelivered, again and again, said without the proxy's password, and delivered once the proxy is right."""
    monkeypatch.setenv(*setting)

    errors = announce(by_proxy, WATCH) + announce(by_proxy, WATCH)

    assert ([*map(type, errors)], ingestion.requests) == ([UndeliveredError] * 2, [])
    assert caplog.text.count("telemetry.unsent error=") == 2
    assert "hush" not in caplog.text + str(errors)
    monkeypatch.setenv(setting[0], ingestion.url)
    assert announce(by_proxy, WATCH) == [None]
    assert [path for path, _ in ingestion.requests] == ["http://dc.example/v2.1/track"]


@pytest.mark.parametrize("entries", ["10.0.0.0/8,[::1]", "[::1", "x:y", "10.0.0.1:abc"])
def test_whatever_else_needs_no_proxy_events_use_theirs(entries, ingestion, by_proxy, monkeypatch):
    """Of each of these httpx makes no client."""
    monkeypatch.setenv("HTTP_PROXY", ingestion.url)
    monkeypatch.setenv("NO_PROXY", entries)

    assert announce(by_proxy, WATCH) == [None]


def test_an_event_that_is_wanted_again_is_undelivered_whatever_travels_with_it(ingestion, events):
    ingestion.answer = partly(500)

    answers = announce(events, *(replace(WATCH, id=id_) for id_ in ("a", "bad", "b")))

    assert isinstance(answers[1], UndeliveredError)


def test_many_at_once_arrive_once_each(ingestion, events):
    watches = [replace(WATCH, id=f"{number:03}") for number in range(250)]

    assert announce(events, *watches) == [None] * 250

    assert ingestion.watches == [watch.id for watch in watches]


def test_those_that_wait_together_travel_together(ingestion, events):
    """One request each, one after the other, would take longer than their time-out when many watches end at once."""

    async def scenario():
        ingestion.gate.clear()
        announcing = [
            asyncio.create_task(events.announce(replace(WATCH, id=str(number)), END)) for number in range(200)
        ]
        await asyncio.sleep(0.1)
        ingestion.gate.set()
        await asyncio.gather(*announcing)

    asyncio.run(scenario())

    assert len(ingestion.envelopes) == 200
    assert len(ingestion.requests) < 20


def test_an_event_after_a_pause_is_sent_at_once(ingestion, events):
    """The exporter's own thread would by then wait 15 s for more."""
    announce(events, WATCH)
    time.sleep(0.3)
    began = time.monotonic()

    assert announce(events, WATCH) == [None]

    assert time.monotonic() - began < 5
    assert len(ingestion.requests) == 2


def test_flushing_by_others_ends(ingestion, events):
    """As `logging` does it when the process ends, and there without a time-out."""

    async def scenario():
        ingestion.gate.clear()
        announcing = [asyncio.create_task(events.announce(replace(WATCH, id="first"), END))]
        await asyncio.sleep(0.1)  # now the exporter waits for the service, and what comes next waits for the exporter
        announcing += [asyncio.create_task(events.announce(replace(WATCH, id=str(number)), END)) for number in range(5)]
        await asyncio.sleep(0)
        flushing = asyncio.create_task(asyncio.to_thread(events._handler.flush, timeout=4))
        await asyncio.sleep(0.1)
        ingestion.gate.set()
        await asyncio.gather(*announcing)
        began = time.monotonic()
        await flushing
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 2


def test_closing_sends_what_is_left(ingestion, events):
    async def scenario():
        ingestion.gate.clear()
        announcing = [asyncio.create_task(events.announce(replace(WATCH, id="first"), END))]
        await asyncio.sleep(0.1)
        announcing += [asyncio.create_task(events.announce(replace(WATCH, id=str(number)), END)) for number in range(5)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(events._handler.close))
        await asyncio.sleep(0.1)
        ingestion.gate.set()
        began = time.monotonic()
        await asyncio.gather(closing, *announcing)
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 2
    assert len(ingestion.watches) == 6


def test_more_than_one_request_takes_are_several(ingestion, events):
    async def scenario():
        ingestion.gate.clear()
        announcing = [
            asyncio.create_task(events.announce(replace(WATCH, id=f"{number:03}"), END)) for number in range(350)
        ]
        await asyncio.sleep(0.1)
        ingestion.gate.set()
        await asyncio.gather(*announcing)

    asyncio.run(scenario())

    assert ingestion.watches == [f"{number:03}" for number in range(350)]
    assert max(len(envelopes) for _, envelopes in ingestion.requests) <= 100


def test_a_waiter_that_gives_up_does_not_disturb_the_others(ingestion, events):
    async def scenario():
        ingestion.gate.clear()
        leaves, stays = (
            asyncio.create_task(events.announce(replace(WATCH, id=id_), END)) for id_ in ("leaves", "stays")
        )
        await asyncio.sleep(0.05)
        leaves.cancel()
        await asyncio.sleep(0)
        ingestion.gate.set()
        return await asyncio.gather(leaves, stays, return_exceptions=True)

    left, stayed = asyncio.run(scenario())

    assert (type(left), stayed) == (asyncio.CancelledError, None)


@contextmanager
def wired():
    """The events port as the wiring makes it from the environment."""
    for part in (wiring.settings, wiring.events):
        part.cache_clear()
    events = wiring.events()
    assert isinstance(events, Events)
    try:
        yield events
    finally:
        events._handler.close()
        for part in (wiring.settings, wiring.events):
            part.cache_clear()


@pytest.mark.parametrize(
    "form",
    [
        "InstrumentationKey={key};IngestionEndpoint={url}",
        "InstrumentationKey={key};IngestionEndpoint={url}/",
        "InstrumentationKey={key};IngestionEndpoint={url}/;",
        "InstrumentationKey={key};IngestionEndpoint={url}/;LiveEndpoint=http://127.0.0.1:9/;ApplicationId=1",
        "IngestionEndpoint={url};InstrumentationKey={key}",
        "instrumentationkey={key};ingestionendpoint={url}",
        " InstrumentationKey={key}; IngestionEndpoint={url}/ ; ",
        "InstrumentationKey={key};;IngestionEndpoint={url}/",
        "InstrumentationKey={key};IngestionEndpoint={url}/;ApplicationId=a=b",
        "InstrumentationKey={key};IngestionEndpoint={url}/;LiveEndpoint",
        "InstrumentationKey={key};IngestionEndpoint={url}/;Authorization=AAD",
    ],
)
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_connection_string_that_passes_the_settings_serves(form, case, ingestion, monkeypatch):
    """The exporter alone is more particular, and reads the environment by itself."""
    monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", form.format(key=case(ingestion.key), url=ingestion.url))
    for name in ("AzureWebJobsStorage", "ITWIN_CLIENT_ID", "ITWIN_CLIENT_SECRET", "TICKETS_QUEUE"):
        monkeypatch.setenv(name, "needed")

    with wired() as events:
        announce(events, WATCH)

    assert [path for path, _ in ingestion.requests] == ["/v2.1/track"]
    assert ingestion.envelopes[0]["iKey"] == ingestion.key
    assert os.environ["APPLICATIONINSIGHTS_CONNECTION_STRING"]  # still there for others


class Identities:
    """The endpoint of an app's managed identities.

    https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
    """

    def __init__(self):
        self.asked: list[dict[str, list[str]]] = []
        self.status = 200

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler):  # noqa: N805
                assert handler.headers["X-IDENTITY-HEADER"] == "local"
                self.asked.append(parse_qs(urlsplit(handler.path).query))
                token = {"access_token": f"token {len(self.asked)}", "expires_on": str(int(time.time()) + 86400)}
                body = json.dumps({**token, "resource": "r", "token_type": "Bearer"} if self.status == 200 else {})
                handler.send_response(self.status)
                handler.send_header("Content-Type", "application/json")
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body.encode())

            def log_message(handler, *_):  # noqa: N805
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def identities(monkeypatch):
    """The real azure-identity, told to ask there."""
    identities = Identities()
    thread = threading.Thread(target=identities.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{identities.server.server_port}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "local")
    yield identities
    identities.server.shutdown()
    identities.server.server_close()
    thread.join()


def keyless(monkeypatch, ingestion, authentication):
    monkeypatch.setenv(
        "APPLICATIONINSIGHTS_CONNECTION_STRING", f"InstrumentationKey={ingestion.key};IngestionEndpoint={ingestion.url}"
    )
    monkeypatch.setenv("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", authentication)
    for name in ("AzureWebJobsStorage", "ITWIN_CLIENT_ID", "ITWIN_CLIENT_SECRET", "TICKETS_QUEUE"):
        monkeypatch.setenv(name, "needed")


@pytest.mark.parametrize(
    ("authentication", "client_id"),
    [("ClientId=0a1b-2c3d;Authorization=AAD", ["0a1b-2c3d"]), ("Authorization=AAD", None)],
)
def test_without_keys_each_event_carries_a_token_of_the_apps_identity(
    authentication, client_id, ingestion, identities, monkeypatch
):
    keyless(monkeypatch, ingestion, authentication)

    with wired() as events:
        assert announce(events, WATCH) == [None]
        assert announce(events, WATCH) == [None]

    (asked,) = identities.asked  # once: tokens are kept
    # what a scope of "https://monitor.azure.com//.default" means to this endpoint
    assert (asked["resource"], asked.get("client_id")) == (["https://monitor.azure.com/"], client_id)
    assert ingestion.authorizations == ["Bearer token 1"] * 2


@pytest.mark.usefixtures("identities")
def test_no_proxy_of_the_environment_leads_to_the_identity(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    assert identity("").get_token(SCOPE).token == "token 1"


def test_with_a_key_no_token_is_asked_for(ingestion, identities, monkeypatch):
    keyless(monkeypatch, ingestion, "")

    with wired() as events:
        assert announce(events, WATCH) == [None]

    assert (identities.asked, ingestion.authorizations) == ([], [None])


@pytest.mark.parametrize("status", [400, 404])
def test_an_event_for_which_there_is_no_token_is_undelivered(status, ingestion, identities, monkeypatch, caplog):
    """An identity may take minutes to be known everywhere; the exporter alone would drop the event."""
    keyless(monkeypatch, ingestion, "Authorization=AAD")

    with wired() as events:
        identities.status = status
        (error,) = announce(events, WATCH)
        assert isinstance(error, UndeliveredError)
        assert "identity.failed" in caplog.text
        identities.status = 200
        assert announce(events, WATCH) == [None]

    assert ingestion.watches == ["0d6c"]


def test_an_identity_that_does_not_answer_is_undelivered(ingestion):
    class Away:
        def get_token(self, *scopes, **_):
            raise ServiceRequestError(f"no answer for {scopes}")

    events = Events(f"InstrumentationKey={ingestion.key};IngestionEndpoint={ingestion.url}", "the-site", Away())
    try:
        (error,) = announce(events, WATCH)
    finally:
        events._handler.close()

    assert isinstance(error, UndeliveredError)
    assert ingestion.requests == []


def test_open_watches_are_told_as_numbers(ingestion, events):
    asyncio.run(events.counted("schedules", Count(7, 2, timedelta(minutes=6, milliseconds=500)), None))

    event = event_of(ingestion.envelopes[0])
    assert (event["name"], event["properties"]) == ("WatchesCounted", {"api": "schedules"})
    assert event["measurements"] == {"open": 7, "overdue": 2, "oldestOverdueSeconds": 360.5, "failing": 0}


def test_a_round_with_no_api_to_tell_of_names_none(ingestion, events):
    asyncio.run(events.counted(None, Count(), Pace(90.0, Reason.BUDGET)))

    event = event_of(ingestion.envelopes[0])
    counts = {"open": 0, "overdue": 0, "oldestOverdueSeconds": 0, "failing": 0}
    assert (event["name"], event["properties"]) == ("WatchesCounted", {"pace": "budget", "paceSince": ""})
    assert event["measurements"] == counts | {"gateShutSeconds": 0, "perMinute": 90}


@pytest.mark.parametrize(
    ("failing", "numbers"),
    [
        ({}, {"failing": 0}),
        ({"token": 3, "5xx": 0}, {"failing": 3, "failing_token": 3}),
        ({kind.value: 1 for kind in Failing}, {"failing": 7} | {f"failing_{kind.value}": 1 for kind in Failing}),
        ({"dns": 2, "token": 1}, {"failing": 3, "failing_dns": 2, "failing_token": 1}),
        ({"": 1, "x" * 1000: 2, "a\nb": 4, "<b>": 8, "é": 16}, {"failing": 31, "failing_other": 31}),
    ],
)
def test_how_many_watches_fail_and_why_is_told_with_the_open_ones(failing, numbers, ingestion, events):
    asyncio.run(events.counted("schedules", Count(99, failing=failing), None))

    measurements = event_of(ingestion.envelopes[0])["measurements"]
    assert {name: number for name, number in measurements.items() if name.startswith("failing")} == numbers


def test_no_row_names_more_reasons_than_an_event_takes(ingestion, events):
    asyncio.run(events.counted("schedules", Count(999, failing={f"w{number}": 1 for number in range(999)}), None))

    measurements = event_of(ingestion.envelopes[0])["measurements"]
    assert (measurements["failing"], len(measurements) < 50) == (999, True)


@pytest.mark.parametrize(
    ("key", "columns", "told"),
    [
        ("0d6c", ["Due", "Polls"], ("0d6c", "Due, Polls")),
        ("a\nb\ud800", [], ("a b?", "")),
        ("x" * 2000, ["y" * 300] * 250, ("x" * 199 + "…", (", ".join(["y" * 300] * 4))[:999] + "…")),
    ],
)
def test_a_row_that_cannot_be_read_is_told(key, columns, told, ingestion, events):
    asyncio.run(events.unreadable(Unreadable("Watches", key, columns)))

    event = event_of(ingestion.envelopes[0])
    assert event["name"] == "RowUnreadable"
    assert event["properties"] == dict(zip(("table", "key", "columns"), ("Watches", *told), strict=True))


def test_what_is_never_accepted_is_named_in_the_log(ingestion, events, caplog):
    ingestion.answer = always(400)
    asyncio.run(events.unreadable(Unreadable("Watches", "0d6c", ["Due"])))

    assert "event.rejected event=RowUnreadable about='0d6c'" in caplog.text


@pytest.mark.parametrize(
    ("pace", "about", "numbers"),
    [
        (Pace(), {"pace": "schedules", "paceSince": ""}, {"gateShutSeconds": 0}),
        (Pace(90.0, Reason.BUDGET), {"pace": "budget", "paceSince": ""}, {"gateShutSeconds": 0, "perMinute": 90}),
        (
            Pace(450.0, Reason.LIMIT, SHUT_AT, SHUT_AT, OPENS_AT, timedelta(seconds=7)),
            {"pace": "429", "paceSince": "2026-11-20T12:00:00+00:00"},
            {"gateShutSeconds": 7, "perMinute": 450},
        ),
    ],
)
def test_the_pace_is_told_with_the_open_watches(ingestion, events, pace, about, numbers):
    asyncio.run(events.counted("schedules", Count(), pace))

    event = event_of(ingestion.envelopes[0])
    counts = {"open": 0, "overdue": 0, "oldestOverdueSeconds": 0, "failing": 0}
    assert (event["properties"], event["measurements"]) == ({"api": "schedules"} | about, counts | numbers)


def test_a_gate_that_is_shut_for_long_is_told(ingestion, events):
    asyncio.run(events.shut_for_long("schedules", Pace(shut_since=SHUT_AT, shut_until=OPENS_AT)))

    event = event_of(ingestion.envelopes[0])
    assert event["name"] == "GateShut"
    assert event["properties"] == {
        "api": "schedules",
        "opensAt": "2026-12-20T12:00:00+00:00",
        "reason": "a 429 or a quota",
    }
    assert event["measurements"] == {"shutForSeconds": 30 * 24 * 3600}


def test_an_event_of_the_platform_is_told(ingestion, events):
    asyncio.run(events.received("woken", "", "realityAnalysis.jobCompleted.v1", ["reality-analysis"], ["0d6c"]))
    asyncio.run(events.received("unwatched", "", "a.b.v1", ["reporting", "schedules"], ["0d", "6c"]))
    asyncio.run(events.received("refused", "wrong-signature", "", [], []))

    told = [event_of(envelope) for envelope in ingestion.envelopes]
    assert {event["name"] for event in told} == {"EventReceived"}
    assert [event["properties"] for event in told] == [
        {
            "type": "realityAnalysis.jobCompleted.v1",
            "result": "woken",
            "why": "",
            "api": "reality-analysis",
            "watchId": "0d6c",
        },
        {"type": "a.b.v1", "result": "unwatched", "why": "", "api": "reporting, schedules", "watchId": "0d, 6c"},
        {"type": "", "result": "refused", "why": "wrong-signature", "api": "", "watchId": ""},
    ]


def test_events_that_were_given_up_harm_no_later_one(ingestion, events):
    """The receiver of events waits for a second, and Application Insights may be down for hours."""

    async def scenario():
        ingestion.gate.clear()
        for _ in range(3):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await events.received("woken", "", "", [], [])
        ingestion.gate.set()
        await events.announce(WATCH, END)

    asyncio.run(scenario())

    assert event_of(ingestion.envelopes[-1])["properties"]["watchId"] == "0d6c"


def test_a_poisoned_ticket_is_told(ingestion, events):
    asyncio.run(events.poisoned(replace(WATCH, revivals=3)))

    event = event_of(ingestion.envelopes[0])
    assert (event["name"], event["properties"]) == ("TicketPoisoned", {"watchId": "0d6c", "api": "schedules"})
    assert event["measurements"] == {"revivals": 3}


ANNOUNCE = """
import asyncio, sys
from tests.unit.test_telemetry import END, WATCH
from shared.telemetry.events import Events

events = Events(sys.argv[1], "the-site")
asyncio.run(events.announce(WATCH, END))
events._handler.close()
"""


def test_nothing_else_is_sent_anywhere(ingestion):
    """The exporter would tell Microsoft of itself, once in a process; whatever it sends meets this proxy."""
    asked = []

    class Proxy(BaseHTTPRequestHandler):
        def handle_one_request(self):
            asked.append(self.rfile.readline())
            self.close_connection = True

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        env = {name: value for name, value in os.environ.items() if "STATSBEAT" not in name}
        env |= dict.fromkeys(["http_proxy", "https_proxy"], f"http://127.0.0.1:{proxy.server_port}")
        env |= dict.fromkeys(["no_proxy", "NO_PROXY"], "127.0.0.1")
        try:
            connection_string = f"InstrumentationKey={ingestion.key};IngestionEndpoint={ingestion.url}"
            subprocess.run(
                [sys.executable, "-c", ANNOUNCE, connection_string], cwd=ROOT, env=env, check=True, timeout=60
            )
        finally:
            proxy.shutdown()
            thread.join()

    assert (asked, len(ingestion.requests)) == ([], 1)


def test_the_event_is_no_log_line_of_the_app(events, caplog):
    """The host ships those as well, and the event would be paid for twice."""
    with caplog.at_level(logging.DEBUG):
        announce(events, WATCH)

    assert [record for record in caplog.records if record.getMessage() == "WatchFinished"] == []


def test_a_ticket_that_is_none_is_an_event_of_its_own(ingestion, events):
    with invocation(f"00-{TRACE}-{SPAN}-01"):
        asyncio.run(events.reject("not a ticket", "<xml/>"))

    (envelope,) = ingestion.envelopes
    assert event_of(envelope)["name"] == "TicketRejected"
    assert event_of(envelope)["properties"] == {"reason": "not a ticket", "excerpt": "<xml/>"}
    assert (envelope["tags"]["ai.operation.id"], envelope["tags"]["ai.cloud.role"]) == (TRACE, "the-site")


def test_a_rejection_that_cannot_be_delivered_is_undelivered(ingestion, events):
    ingestion.answer = always(503)

    with pytest.raises(UndeliveredError):
        asyncio.run(events.reject("not a ticket", "<xml/>"))


def test_without_a_connection_string_nothing_is_sent():
    async def scenario():
        await NoEvents().announce(WATCH, END)
        await NoEvents().reject("not a ticket", "<xml/>")
        await NoEvents().poisoned(WATCH)
        await NoEvents().counted("schedules", Count(), None)
        await NoEvents().received("woken", "", "", [], [])
        await NoEvents().shut_for_long("schedules", Pace())
        await NoEvents().unreadable(Unreadable("Watches", "0d6c", ["Due"]))

    asyncio.run(scenario())


def test_each_event_has_a_silent_twin():
    def ports(of):
        found = {name: method for name, method in vars(of).items() if not name.startswith("_")}
        return {name: inspect.signature(method) for name, method in found.items()}

    assert ports(Events) == ports(NoEvents)
