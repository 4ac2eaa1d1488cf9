"""Events, sent by the real exporter to an ingestion endpoint on loopback."""

import asyncio
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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from azure.core.exceptions import ServiceRequestError

from shared import wiring
from shared.core.model import End, Outcome
from shared.core.rate_limit import Pace, Reason
from shared.engine.ports import Count, UndeliveredError
from shared.telemetry.events import Events, NoEvents, invocation
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
    evidence=("one", "two", "three", "four"),
    end=END,
    stepped_by="message",
)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NO_TRACE = "0" * 32


def accepted(envelopes):
    return 200, {"itemsReceived": len(envelopes), "itemsAccepted": len(envelopes), "errors": []}


def always(status, body=None):
    return lambda _: (status, body or {})


def partly(status):
    """Accept all but the events of the watch named "bad"."""

    def answer(envelopes):
        errors = [
            {"index": index, "statusCode": status, "message": "no"}
            for index, envelope in enumerate(envelopes)
            if event_of(envelope)["properties"]["watchId"] == "bad"
        ]
        return (206, {"errors": errors}) if errors else accepted(envelopes)

    return answer


class Ingestion:
    """Application Insights, as far as an exporter sees it.  While `gate` is closed it answers nobody."""

    def __init__(self, answer):
        self.answer = answer
        self.key = str(uuid4())
        self.requests: list[tuple[str, list[Any]]] = []
        self.authorizations: list[str | None] = []
        self.gate = threading.Event()
        self.gate.set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N805 -- http.server's name; `self` is the ingestion
                envelopes = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                self.authorizations.append(handler.headers["Authorization"])
                self.requests.append((handler.requestline.split()[1], envelopes))  # its `path` drops slashes
                self.gate.wait(10)
                status, body = self.answer(envelopes)
                handler.send_response(status)
                handler.end_headers()
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
def events_to(ingestion):
    events = Events(f"InstrumentationKey={ingestion.key};IngestionEndpoint={ingestion.url}", "the-site")
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


def test_an_ended_watch_is_one_event(ingestion, events):
    assert announce(events, WATCH) == [None]

    (envelope,) = ingestion.envelopes
    assert (envelope["name"], envelope["iKey"]) == ("Microsoft.ApplicationInsights.Event", ingestion.key)
    assert envelope["data"]["baseType"] == "EventData"
    event = event_of(envelope)
    assert event["name"] == "WatchFinished"
    assert event["properties"] == {
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
    assert event["measurements"] == {"durationSeconds": 60.5, "polls": 7, "faults": 3, "throttled": 2, "issues": 9}


def test_the_event_shows_under_the_role_it_was_given(ingestion, events):
    announce(events, WATCH)

    assert ingestion.envelopes[0]["tags"]["ai.cloud.role"] == "the-site"


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


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504])
def test_what_the_service_wants_again_later_is_undelivered(status, ingestion, events):
    ingestion.answer = always(status)

    (error,) = announce(events, WATCH)

    assert isinstance(error, UndeliveredError)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
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


@pytest.mark.parametrize("answer", [always(400), always(402), always(404), always(439), partly(400)])
def test_what_the_service_will_never_take_is_logged_and_done_with(answer, ingestion, events, caplog):
    ingestion.answer = answer

    assert announce(events, replace(WATCH, id="bad")) == [None]

    ours = [record for record in caplog.records if record.name == "watch.telemetry"]
    assert [(record.levelname, "WatchFinished about='bad'" in record.getMessage()) for record in ours] == [
        ("ERROR", True)
    ]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", {"errors": "?"}])
def test_an_answer_that_cannot_be_read_ends_the_waiting(body, ingestion, events):
    ingestion.answer = always(206, body)

    announce(events, WATCH)

    assert ingestion.watches == ["0d6c"]


def test_those_that_travel_with_an_event_that_is_refused_are_done_with_too(ingestion, events, caplog):
    ingestion.answer = partly(400)

    assert announce(events, *(replace(WATCH, id=id_) for id_ in ("a", "bad", "b"))) == [None] * 3

    assert "event.rejected" in caplog.text


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
    assert event["measurements"] == {"open": 7, "overdue": 2, "oldestOverdueSeconds": 360.5}


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
    counts = {"open": 0, "overdue": 0, "oldestOverdueSeconds": 0}
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
        await NoEvents().shut_for_long("schedules", Pace())

    asyncio.run(scenario())
