"""Whatever comes from outside, bytes or rows, is read, or refused in the way that its reader documents.

What can be read can also be used: everything that the app does with a row is tried on it.
"""

import json
import math
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from azure.data.tables import TableEntity
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.apis import APIS
from shared.core import callback as callbacks
from shared.core.callback import Attempt
from shared.core.decide import REVIVAL_DELAYS, advance, decide, not_yet, restart, revive, stop, wake
from shared.core.model import EvidencePage, Failing, Fault, NotYet, Outcome, Report, Ticket
from shared.core.rate_limit import Traffic, allowed, pace, refused, spacing, spread
from shared.core.remote import Response, ask, observe
from shared.core.trace import read_traceparent
from shared.settings import Settings, SettingsError, queue_count
from shared.storage import callbacks as callback_rows
from shared.storage import gates, watches
from shared.storage.columns import MalformedError, column
from shared.storage.results import result
from shared.web.cloud_event import to_json
from shared.web.event import HASH_DIGITS, LONGEST_TYPE, read_event
from shared.web.gate_document import GatesDocument
from shared.web.handshake import permission
from shared.web.headers import public_url, read_idempotency_key, request_id
from shared.web.problems import Problem
from shared.web.queries import FEWEST_DIGITS, ListQuery, ReadQuery
from shared.web.requests import BatchRequest, WatchDocument, read_start
from shared.web.signature import flaw
from tests.builders import NOON, a_callback, a_watch
from tests.events import signed

#: JSON of any depth that a body has room for.
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
words = st.sampled_from(
    ["status", "state", "progress", "percentage", "operation", "error", "errors", "code", "message", "params", "job"]
)
documents = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(words | st.text(), inner))
deep = st.builds(
    lambda name, depth, opens: f'{{"{name}": {opens * depth}{"}]"[opens == "["] * depth}}}'.encode(),
    words,
    st.integers(0, 3000),
    st.sampled_from(["[", '{"a":']),
)
bodies = st.binary() | documents.map(lambda value: json.dumps(value).encode()) | deep

#: What a column of a table may hold (https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-
#: service-data-model).
extremes = [datetime(1601, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), -1, 2**31 - 1]
instants = st.datetimes(datetime(1601, 1, 1), datetime(9999, 12, 31, 23, 59, 59), timezones=st.just(UTC))  # noqa: DTZ001
cells = (
    st.text(max_size=50)
    | st.integers(-(2**31), 2**31 - 1)
    | st.floats()
    | st.booleans()
    | instants
    | st.binary(max_size=20)
    | st.uuids()
    | st.sampled_from([*extremes, math.nan, math.inf, 1e300, 1e-300])
    | st.sampled_from(["[]", "{}", '["a"]', '{"jobId": "j"}', *Outcome, *Failing, *APIS, "", "..", "a/b"])
)


def rows_like(entity):
    """Rows that somebody edited: some columns have other values, some are gone, some are new."""
    names = st.sampled_from([*entity])
    return st.builds(
        lambda changed, gone, new: _entity({**{k: v for k, v in entity.items() if k not in gone}, **changed, **new}),
        st.dictionaries(names, cells, max_size=4),
        st.sets(names, max_size=2),
        st.dictionaries(st.sampled_from(["Later", "Number"]), cells, max_size=2),
    )


def _entity(values):
    entity = TableEntity({**values, "PartitionKey": "00", "RowKey": "00-key"})
    entity._metadata = {"etag": '"1"', "timestamp": NOON}
    return entity


EVERYTHING = a_watch(
    labels=("a",),
    scheduled_at=NOON,
    seq=3,
    stepped_by="m",
    status="active",
    progress=4.0,
    reason="r",
    validator="v",
    waits=2,
    polls=3,
    faults=2,
    throttled=1,
    faults_in_a_row=1,
    refusals_in_a_row=1,
    refused_since=NOON,
    failing="5xx",
    evidence_at="/logs",
    pages=1,
    evidence=("e",),
    issues=1,
    revivals=1,
    restarts=1,
    woken_at=NOON,
    woken_by=("e",),
    begun_by="b",
    callback="https://hooks.example.com/",
)
ASKING = a_watch(status="failed", verdict=Outcome.FAILED)

seen = st.sampled_from(
    [
        Report(status="active", progress=5.0),
        Report(outcome=Outcome.SUCCEEDED),
        Fault(reason="HTTP 404", failing=Failing.CLIENT_ERROR, lasting=Outcome.LOST),
        Fault(reason="HTTP 429", throttled=True, retry_after=timedelta(days=30)),
        EvidencePage(next_page="/more"),
        NotYet(NOON + timedelta(days=1)),
    ]
)


@given(st.sampled_from(list(APIS.values())), st.integers(100, 599), bodies, st.sampled_from([EVERYTHING, ASKING]))
def test_an_answer_is_an_observation(api, status, body, watch):
    job = dict.fromkeys(api.fields, "j")
    request = ask(api, a_watch(api=api.name, job=job, verdict=watch.verdict))

    observed = observe(api, request, Response(status, {}, body, "https://api.bentley.com/x"), NOON)

    decision = decide(watch, observed, api, NOON, 0.5, spacing=timedelta(0))
    json.dumps(
        WatchDocument.of(advance(watch, observed, decision, NOON, "m"), "https://api.bentley.com").model_dump(
            mode="json"
        ),
        allow_nan=False,
    )


@given(st.one_of(rows_like(watches._entity(EVERYTHING)), rows_like(watches._entity(ASKING))), seen)
def test_a_row_of_a_watch_can_be_used_or_salvaged(entity, observed):
    try:
        watch = watches._watch(entity, APIS)
    except MalformedError as error:
        watch = watches._salvaged("00-key", error, NOON)
        assert watch.end is not None
        assert watches._watch(_entity(watches._entity(watch)), APIS) == watch
    show(watch)
    use(watch, observed)


def show(watch):
    """Show it to everybody who sees it."""
    json.dumps(WatchDocument.of(watch, "https://api.bentley.com").model_dump(mode="json"), allow_nan=False)
    if watch.end is not None:
        assert result(watch, watch.end)["RowKey"]
        callbacks.begin(watch, watch.end, to_json(watch, "urn:test"), NOON, timedelta(days=1))


def use(watch, observed):
    """Do to it whatever the app does."""
    stopped = stop(watch, NOON)
    again = restart(stopped, a_watch(), APIS["reality-analysis"])
    revived = revive(watch, REVIVAL_DELAYS, NOON, 0.5)
    for row in (watch, stopped, again, revived):
        watches._entity(row)
        Ticket.from_json(Ticket("id", row.seq).to_json())
        assert row.due + timedelta(minutes=5) > datetime.min.replace(tzinfo=UTC)
    if watch.is_open:
        api = APIS[watch.api]
        ask(api, watch)
        not_yet(watch, NOON)
        decision = decide(watch, observed, api, NOON, 0.5, spacing=timedelta(seconds=1))
        advance(watch, observed, decision, NOON, "m")


@given(rows_like(callback_rows._entity(a_callback(tries=3, seq=4, error="HTTP 500", stepped_by="m"))))
def test_a_row_of_a_callback_can_be_used_or_is_malformed(entity):
    try:
        callback = callback_rows._callback(entity)
    except MalformedError:
        return
    for attempt in (Attempt(), Attempt("HTTP 500"), Attempt("HTTP 410", final=True)):
        after = callbacks.advance(callback, attempt, NOON, "m", draw=0.5, delays=callbacks.RETRY_DELAYS)
        assert callback_rows._entity(after)["Due"]
    callbacks.revive(callbacks.postpone(callback, "m"), NOON)


GATE = {
    "ShutAt": NOON,
    "OpensAt": NOON + timedelta(minutes=1),
    "PerMinute": 40.0,
    "Limit": 50.0,
    "Since": NOON,
    "WindowSeconds": 60.0,
    "Strays": 1,
}


@given(rows_like(GATE), st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_row_of_a_gate_can_be_used_or_is_malformed(entity, now):
    try:
        gate = gates._Row.model_validate(entity).state()
    except ValidationError:
        return
    traffic = Traffic(asked=5, usual=3, since_open=2, demand=10, watches=100_000, budget=None, suspected=True)
    after = refused(gate, now, now, timedelta(seconds=7), traffic) or gate
    for state in (gate, after):
        for budget in (None, 90.0):
            rate = allowed(state, budget, now)
            room = spacing(100_000, rate)
            assert now + spread(state, room) >= now
            assert state.opens_at + spread(state, room)
            assert rate is None or timedelta(minutes=1) / rate >= timedelta(0)
            GatesDocument.of({"reporting": pace(state, budget, now)})


@given(
    st.text() | documents.map(json.dumps) | st.builds(lambda i, s: json.dumps({"id": i, "seq": s}), scalars, scalars)
)
def test_a_message_is_a_ticket_or_a_value_error(text):
    with suppress(ValueError):
        ticket = Ticket.from_json(text)
        assert Ticket.from_json(ticket.to_json()) == ticket


links = st.sampled_from(["/library/jobs/1", "//evil.example/library/jobs/1", "https://api.bentley.com/library/jobs/2"])
starts = st.fixed_dictionaries(
    {},
    optional={
        "url": scalars | st.just("https://api.bentley.com/realitydataanalysis/jobs/j/progress"),
        "api": documents | st.sampled_from([*APIS]),
        "job": documents | st.dictionaries(st.sampled_from(["jobId", "itwinId"]), st.text()),
        "response": documents | st.fixed_dictionaries({"job": st.fixed_dictionaries({"id": st.text()}), "href": links}),
        "location": scalars | links,
        "deadline": scalars | st.sampled_from(["P1D", "PT0S", "P9999999D", "2026-12-01T00:00:00Z", "-P1D"]),
        "labels": documents,
        "callback": documents,
        "restart": scalars,
        "more": scalars,
    },
)


@given(
    bodies
    | starts.map(lambda body: json.dumps(body).encode())
    | st.lists(starts | documents, max_size=5).map(lambda items: json.dumps({"watches": items}).encode())
)
def test_a_body_is_a_start_or_a_problem(body):
    with suppress(Problem):
        wanted = read_start(body)
        for item in wanted.each() if isinstance(wanted, BatchRequest) else [wanted]:
            with suppress(Problem):
                if isinstance(item, Problem):
                    raise item
                api, job = item.target("https://api.bentley.com")
                assert ask(api, a_watch(api=api.name, job=job)).path.startswith("/")
                item.deadline_from(NOON, api.lifetime)


events = st.fixed_dictionaries(
    {"eventType": st.sampled_from([kind for api in APIS.values() if api.event for kind in api.event.types])},
    optional={
        "content": documents
        | st.dictionaries(
            st.sampled_from(["jobId", "iModelId", "connectionId", "synchronizationId", "transformationId"]),
            st.text() | scalars,
        ),
        "messageId": scalars,
        "iTwinId": scalars,
    },
)


@given(bodies | (events | documents).map(lambda event: json.dumps(event).encode()))
def test_a_body_is_an_event_of_watches_or_of_none(body):
    event = read_event(body)

    assert len(event.hash) == HASH_DIGITS
    assert len(event.kind) <= LONGEST_TYPE
    json.dumps([event.kind, *event.watches.items()]).encode()
    for name, watch in event.watches.items():
        assert str(UUID(watch)) == watch
        assert APIS[name].event
        woken = wake(EVERYTHING, event.hash, NOON)
        assert woken is not None
        assert watches._watch(_entity(watches._entity(woken)), APIS) == replace(woken, id="00-key")


@given(st.none() | st.text() | st.from_regex(r"(?i)sha(1|256)=[0-9a-f]{62,66}"), st.binary(), st.text(min_size=32))
def test_no_signature_fits_but_the_right_one(signature, body, secret):
    key = secret.encode("utf-8", "replace")

    assert flaw(signature, body, [key]) is not None
    assert flaw(signed(body, key.decode()), body, [b"another", key]) is None
    if origin := permission({"webhook-request-origin": signature or ""}).get("WebHook-Allowed-Origin"):
        assert origin.isascii()
        assert origin.isprintable()


URL = "https://api.bentley.com/library/jobs/j"


@given(
    st.sampled_from([ListQuery, ReadQuery]),
    st.text()
    | st.lists(
        st.tuples(
            st.sampled_from(
                ["api", "state", "outcome", "label", "failing", "limit", "cursor", "wait", "id", "url", "code", "x"]
            ),
            st.text() | st.sampled_from([*APIS, "watching", "ended", "true", "5", "99999999999", "0d6c9f0e", URL]),
        )
    ).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)),
)
def test_a_query_is_read_or_a_problem(query, text):
    with suppress(Problem):
        read = query.read("https://app.example.com/api/watches?" + text)
        if isinstance(read, ListQuery):
            read.wanted()
            assert not (digits := read.named("https://api.bentley.com")) or len(digits) >= FEWEST_DIGITS


@given(st.text(), st.text(), st.text())
def test_headers_are_read_or_a_problem(one, two, three):
    with suppress(Problem):
        read_idempotency_key(one)
    assert request_id(one).isprintable()
    read_traceparent(one)
    forwarded = {"x-forwarded-host": one, "x-original-host": two, "x-forwarded-proto": three}
    url = public_url("https://app.example.com/api/watches?code=key", forwarded)
    assert url.isprintable()
    assert (url.partition("://")[2].partition("/")[2], " " in url) == ("api/watches", False)


@given(
    st.dictionaries(
        st.sampled_from(
            [*(field.alias for field in Settings.model_fields.values() if field.alias), "POLLING_REPORTING"]
        ),
        st.text() | st.sampled_from(["5", "Watches", "https://a.example.com", "UseDevelopmentStorage=true", "1,2"]),
    )
)
def test_settings_are_read_or_an_error_of_settings(env):
    with suppress(SettingsError):
        Settings.from_env(env)
    assert queue_count(env) >= 1


def test_every_column_of_a_watch_is_tried():
    entity = watches._entity(EVERYTHING) | watches._entity(ASKING)
    known = {column(name) for name in watches._COLUMNS._defaults} - {"Id", "Trace", "Outcome", "EndedAt"}

    assert known <= entity.keys()
    with pytest.raises(MalformedError):
        watches._watch(_entity({**entity, "Due": "soon"}), APIS)
