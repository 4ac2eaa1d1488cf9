"""Every query that ships is run over what the app really sent, and says what the watches really did."""

import asyncio
import json
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx
import pytest
from azure.data.tables import TableServiceClient
from azure.data.tables.aio import TableClient
from azure.storage.queue import QueueClient

from local.docs.kusto import charts, load, run, shipped
from local.parts.stack import GATES, QUEUE, WATCHES
from local.trials.scenario import access_control, reality_analysis, reporting, schedules
from shared.apis import APIS
from shared.core.model import Failing
from shared.core.remote import watch_id
from shared.storage.gates import PARTITION
from shared.storage.watches import TableWatches
from tests.builders import a_watch
from tests.e2e.conftest import EVENT_SECRETS, stop_all
from tests.events import an_event, signed

QUERIES = shipped()


def running(**more):
    return {"body": {"status": {"state": "Running"}}, **more}


def ends(word, **more):
    return {"body": {"status": {"state": word, **more}}}


def percent(number, state="active"):
    return {"body": {"progress": {"state": state, "percentage": number}}}


def jobs():
    """A bit of everything: each end that takes seconds, with faults, throttling, and labels that need care."""
    throttled = {"status": 429, "headers": {"Retry-After": "1"}, "body": {}}
    return [
        reporting(f"a {uuid4()}", [ends("Succeeded")], "succeeded", labels=["nightly", "bridge"]),
        reporting(f"b {uuid4()}", [running(), ends("Succeeded")], "succeeded", labels=["nightly"]),
        reporting(f"c {uuid4()}", [throttled, throttled, ends("Failed")], "failed", labels=['it\'s \\ "odd"']),
        reporting(f"d {uuid4()}", [{"status": 500}, ends("Succeeded", containsIssues=True)], "partial"),
        reality_analysis(f"e {uuid4()}", [percent(5), percent(100, "success")], "succeeded", labels=["bridge"]),
        reality_analysis(f"f {uuid4()}", [percent(5, "cancelled")], "cancelled"),
        schedules(f"g {uuid4()}", [{"body": {"operation": {"status": "Failed"}}}], "failed", labels=["night"]),
        access_control(f"h {uuid4()}", [{"body": {"status": "Active"}}], "expired", deadline="PT3S"),
    ]


#: What a row of a watch means where it has no column.
UNSAID = {"Labels": "[]", "Status": "", "Reason": "", "Polls": 0, "Faults": 0, "Throttled": 0}
UNSAID |= {"Issues": 0, "Evidence": "[]"}

#: Reasons of failing watches, and a word that is none of the app's.
WORDS = [*Failing, "A Word!"]

#: A gate that a quota has shut, as far as its name.
SHUT = {
    "PartitionKey": PARTITION,
    "RowKey": "schedules",
    "ShutAt": datetime(2026, 11, 20, tzinfo=UTC),
    "PerMinute": 90.0,
}


#: The APIs that a round tells of: two have open watches, one has a gate that is shut.
TOLD = ["access-control", "reporting", "schedules"]

#: A row that somebody edited until nobody could read it.
SPOILT = {"PartitionKey": "0d", "RowKey": "0d6c", "Published": False, "Due": "soon", "Api": "reporting"}


@pytest.fixture(scope="module")
def told(app, platform, parts, ended, receiver):
    """The app's events after watches have ended, fallen behind and been poisoned; and the watches' rows.

    The callback of the first one is given up.

    Without those of watches of other files: they may have ended more than once, and a row has the last end alone.  A
    round would count those that are still open.
    """
    stop_all(app)
    before = {row["RowKey"] for row in rows_of_watches(parts.storage)}
    earlier, given_up = len(counts(platform)), named(platform)["CallbackFailed"]
    watches: list[dict[str, Any]] = []
    for job in jobs():
        platform.post("/jobs", json={"path": job.path, "script": job.script})
        body = {"api": job.api, "job": job.ids, "labels": job.labels}
        body |= {"deadline": job.deadline} if job.deadline else {}
        body |= {} if watches else {"callback": {"url": f"http://{receiver.host}/gone/{uuid4()}"}}
        watches.append(app.post("/watches", json=body).json())
    runs_on = access_control(f"i {uuid4()}", [{"body": {"status": "Active"}}], "")
    platform.post("/jobs", json={"path": runs_on.path, "script": runs_on.script})
    app.post("/watches", json={"api": runs_on.api, "job": runs_on.ids})
    for watch in watches:
        ended(watch["id"])

    receive(parts)
    with TableServiceClient.from_connection_string(parts.storage) as tables:  # nobody asks that API any more
        tables.get_table_client(GATES).upsert_entity(SHUT | {"OpensAt": datetime.now(UTC) + timedelta(hours=2)})
    with QueueClient.from_connection_string(parts.storage, f"{QUEUE}-poison") as poison:
        poison.send_message(json.dumps({"id": watches[0]["id"], "seq": 0}))
        poison.send_message("no ticket")
    insert(parts.storage, *(failing(word) for word in WORDS))
    with TableServiceClient.from_connection_string(parts.storage) as tables:
        tables.get_table_client(WATCHES).upsert_entity(SPOILT)
    of_first: list[object] = []
    for rounds in (1, 2):
        strand(parts.storage, platform)
        app.post(f"{parts.url}/admin/functions/tend_watches", json={})
        wait_for(platform, lambda _, rounds=rounds: tells_of_all(counts(platform)[earlier:], rounds))
        of_first = of_first or counts(platform)[earlier:]
    rounds_told = counts(platform)  # the timer may add others
    wait_for(platform, lambda names: names["TicketPoisoned"] and names["TicketRejected"])
    wait_for(platform, lambda names: names["CallbackFailed"] > given_up)
    with TableServiceClient.from_connection_string(parts.storage) as tables:
        tables.get_table_client(GATES).delete_entity(SHUT)
    rows = [UNSAID | row for row in rows_of_watches(parts.storage) if row["RowKey"] not in before]
    of_others = [one for one in counts(platform) if one not in rounds_told[earlier:]]
    envelopes = [
        five_minutes_before(envelope) if envelope in of_first else envelope
        for envelope in platform.get("/events").json()["events"]
        if envelope["data"]["baseData"]["properties"].get("watchId") not in before and envelope not in of_others
    ]
    return load([*envelopes, *envelopes[:3]]), rows, envelopes  # some events come twice


def receive(parts):
    """Send the app an event of a job that nobody watches, one that it does not know, and one that is not signed."""
    with httpx.Client(trust_env=False) as client:
        for body, secret in [
            (an_event(content={"jobId": f"job {uuid4()}"}), EVENT_SECRETS[0]),
            (an_event(eventType="iModels.iModelDeleted.v1"), EVENT_SECRETS[1]),
            (an_event(), "x" * 32),
        ]:
            url = f"{parts.url}/api/events?code={parts.key}"
            client.post(url, content=body, headers={"Signature": signed(body, secret)})


def counts(platform):
    """What rounds have told so far."""
    return [envelope for envelope in platform.get("/events").json()["events"] if is_count(envelope)]


def is_count(envelope):
    return envelope["data"]["baseData"]["name"] == "WatchesCounted"


def tells_of_all(envelopes, rounds):
    told = Counter(envelope["data"]["baseData"]["properties"].get("api") for envelope in envelopes)
    return all(told[api] >= rounds for api in TOLD)


def five_minutes_before(envelope):
    """A round is five minutes after the one before; here it is seconds."""
    return envelope | {"time": (datetime.fromisoformat(envelope["time"]) - timedelta(minutes=5)).isoformat()}


def rows_of_watches(storage):
    with TableServiceClient.from_connection_string(storage) as tables:
        return [*tables.get_table_client(WATCHES).list_entities()]


def strand(storage, platform):
    """Make a watch that is late and has no ticket, of a job that goes on."""
    job = reporting(f"late {uuid4()}", [running()], "")
    platform.post("/jobs", json={"path": job.path, "script": job.script})
    due = datetime.now(UTC) - timedelta(minutes=1)
    late = a_watch(
        id=watch_id(APIS[job.api], job.ids),
        api=job.api,
        job=job.ids,
        started_at=due,
        deadline=due + timedelta(days=1),
        due=due,
        not_before=due,
    )

    insert(storage, late)


def failing(word):
    """Make a watch whose last turn learned nothing, and that has the next tomorrow."""
    later = datetime.now(UTC) + timedelta(days=1)
    ids = {"itwinId": str(uuid4()), "jobId": "j"}
    watch_id_ = watch_id(APIS["access-control"], ids)
    return a_watch(id=watch_id_, api="access-control", job=ids, due=later, not_before=later, failing=word)


def insert(storage, *watches):
    async def scenario():
        async with TableClient.from_connection_string(storage, WATCHES) as table:
            for watch in watches:
                await TableWatches(table, APIS).insert(watch)

    asyncio.run(scenario())


def wait_for(platform, enough):
    give_up = time.monotonic() + 20
    while not enough(names := named(platform)):
        assert time.monotonic() < give_up, names
        time.sleep(0.1)


def named(platform):
    """How often each event was sent."""
    return Counter(event["data"]["baseData"]["name"] for event in platform.get("/events").json()["events"])


@pytest.fixture(scope="module")
def ask(told):
    database, _, _ = told
    return lambda name, **filters: run(database, QUERIES[name], **filters)


@pytest.fixture(scope="module")
def done(told):
    """The rows of the watches that ended."""
    return [row for row in told[1] if "Outcome" in row]


def labels_of(row):
    return json.loads(row["Labels"])


def seconds(row):
    return (row["EndedAt"] - row["StartedAt"]).total_seconds()


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_runs_and_has_something_to_say(name, ask):
    query_of_one = {"saved/one-watch"}  # asks for an id
    quiet = {"alerts/silent"}

    rows = ask(name)

    assert (rows == []) == (name in query_of_one | quiet), name


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_uses_what_no_event_has(name, told):
    sent: dict[str, set[str]] = {"customDimensions": set(), "customMeasurements": set()}
    for envelope in told[2]:
        event = envelope["data"]["baseData"]
        sent["customDimensions"] |= event["properties"].keys()
        sent["customMeasurements"] |= (event.get("measurements") or {}).keys()

    used = re.findall(r"(customDimensions|customMeasurements)\.(\w+)", QUERIES[name])
    assert [f"{kind}.{field}" for kind, field in used if field not in sent[kind]] == []


def test_tiles_count_each_watch_once_by_outcome(ask, done):
    rows = ask("workbook/outcomes")

    assert {row["outcome"]: row["watches"] for row in rows} == Counter(row["Outcome"] for row in done)
    assert [row["watches"] for row in rows] == sorted((row["watches"] for row in rows), reverse=True)


def test_ended_watches_are_counted_in_their_hours(ask, told):
    """By the time of the event, which is that of the end but for an instant."""
    rows = ask("workbook/finished per hour")

    ends = {}
    for envelope in told[2]:
        properties = envelope["data"]["baseData"]["properties"]
        if envelope["data"]["baseData"]["name"] == "WatchFinished":
            hour = datetime.fromisoformat(envelope["time"]).replace(minute=0, second=0, microsecond=0)
            ends[properties["watchId"]] = (hour, properties["outcome"])
    assert {(row["timestamp"].replace(tzinfo=UTC), row["outcome"]): row["watches"] for row in rows} == Counter(
        ends.values()
    )


def test_durations_are_those_of_the_watches(ask, done):
    """A percentile is a value that some watch had, at that rank; which of two neighbours is the service's choice."""
    rows = {row["api"]: row for row in ask("workbook/durations")}

    assert {api: row["watches"] for api, row in rows.items()} == Counter(row["Api"] for row in done)
    for api, row in rows.items():
        values = sorted(seconds(watch) for watch in done if watch["Api"] == api)
        middle = len(values) // 2
        assert values[max(0, middle - 1)] - 0.1 <= row["p50"] <= values[middle] + 0.1
        assert values[-2:][0] - 0.1 <= row["p95"] <= values[-1] + 0.1


@pytest.mark.parametrize("name", ["workbook/effort", "saved/effort"])
def test_polls_faults_and_throttling_are_added_up(name, ask, done):
    expected = {
        api: tuple(sum(row[column] for row in done if row["Api"] == api) for column in ("Polls", "Faults", "Throttled"))
        for api in {row["Api"] for row in done}
    }

    assert {row["api"]: (row["polls"], row["faults"], row["throttled"]) for row in ask(name)} == expected
    assert expected["reporting"][2] == 2


def test_open_watches_are_those_that_have_not_ended(ask, told):
    """As last counted, of the APIs that have any."""
    rows = {row["api"]: row for row in ask("workbook/open now")}

    still = Counter(row["Api"] for row in told[1] if "Outcome" not in row)
    assert {"access-control", "reporting"} <= rows.keys() <= still.keys()
    assert (rows["access-control"]["open"], rows["access-control"]["overdue"]) == (still["access-control"], 0)
    assert (rows["reporting"]["open"], rows["reporting"]["overdue"]) == (2, 1)  # one was given a turn the round before
    assert 60 <= rows["reporting"]["oldestOverdueSeconds"] <= 120


def test_open_watches_over_time_are_the_most_of_each_five_minutes(ask):
    rows = ask("workbook/open over time")

    assert {"access-control", "reporting", "others"} <= {row["api"] for row in rows} < {*APIS, "others"}
    assert {row["open"] for row in rows if row["api"] == "others"} == {0}  # schedules, which has a gate alone
    assert all(row["timestamp"].minute % 5 == row["timestamp"].second == 0 for row in rows)
    assert max(row["open"] for row in rows if row["api"] == "reporting") == 2


def test_the_grid_shows_every_ended_watch_as_it_ended(ask, done):
    rows = ask("workbook/results")

    shown = {
        row["watchId"]: (row["api"], row["outcome"], row["status"], row["reason"], row["polls"], row["faults"])
        for row in rows
    }
    assert len(rows) == len(done)
    assert shown == {
        row["RowKey"]: (row["Api"], row["Outcome"], row["Status"], row["Reason"], row["Polls"], row["Faults"])
        for row in done
    }
    for row in done:
        (mine,) = [one for one in rows if one["watchId"] == row["RowKey"]]
        assert mine["job"] == ", ".join(json.loads(row["Job"]).values())
        assert mine["labels"] == ", ".join(labels_of(row))
        assert mine["seconds"] == pytest.approx(seconds(row))
        assert (mine["issues"], mine["evidence"]) == (row["Issues"], "\n".join(json.loads(row["Evidence"])[:3]))
    assert [row["ended"] for row in rows] == sorted((row["ended"] for row in rows), reverse=True)


def test_each_row_of_the_grid_leads_to_its_operation(ask, told):
    ids = {row["watchId"]: row["itemId"] for row in run(told[0], ITEMS)}
    for row in ask("workbook/results"):
        link = row["operation"].split("/DataModel~/")
        event = json.loads(unquote(link[1]))
        assert event["timestamp"].startswith(f"{row['ended']:%Y-%m-%dT%H:%M:%S}")
        assert event["eventId"] in ids[row["watchId"]]
        assert json.loads(unquote(link[0].split("/ComponentId~/")[1])) == {"ResourceId": "<insights-encoded>"}


ITEMS = """
customEvents
| where name == 'WatchFinished'
| summarize itemId = make_list(itemId) by watchId = tostring(customDimensions.watchId)
"""


@pytest.mark.parametrize(
    "name", [f"workbook/{name}" for name, chart in charts().items() if "Outcome" in chart["query"]]
)
@pytest.mark.parametrize(
    ("filters", "keeps"),
    [
        ({"Api": "'reporting'"}, lambda row: row["Api"] == "reporting"),
        ({"Api": "'schedules','reporting'"}, lambda row: row["Api"] in {"schedules", "reporting"}),
        ({"Outcome": "'failed','partial'"}, lambda row: row["Outcome"] in {"failed", "partial"}),
        ({"Label": "nightly"}, lambda row: "nightly" in labels_of(row)),
        ({"Label": "night"}, lambda row: "night" in labels_of(row)),
        (
            {"Api": "'reporting'", "Label": "bridge"},
            lambda row: row["Api"] == "reporting" and "bridge" in labels_of(row),
        ),
    ],
)
def test_filters_keep_what_they_name(name, filters, keeps, ask, done):
    kept = [row for row in done if keeps(row)]
    assert 0 < len(kept) < len(done)

    rows = ask(name, **filters)

    if name == "workbook/results":
        assert {row["watchId"] for row in rows} == {row["RowKey"] for row in kept}
    elif "watches" in rows[0]:
        assert sum(row["watches"] for row in rows) == len(kept)
    else:
        assert sum(row["polls"] for row in rows) == sum(row["Polls"] for row in kept)


def test_filters_offer_what_there_is(ask, done):
    assert {row["api"] for row in ask("workbook/filter Api")} == {row["Api"] for row in done}
    offered = {row["label"]: row["value"] for row in ask("workbook/filter Label")}
    assert offered.keys() == {"all"} | {label for row in done for label in labels_of(row)}
    assert offered["all"] == "*"


def test_a_label_with_a_quote_can_be_chosen(ask, done):
    odd = 'it\'s \\ "odd"'
    offered = {row["label"]: row["value"] for row in ask("workbook/filter Label")}

    rows = ask("workbook/results", Label=offered[odd])

    assert {row["watchId"] for row in rows} == {row["RowKey"] for row in done if odd in labels_of(row)}


@pytest.mark.parametrize(
    ("name", "leaves_out"),
    [("alerts/ended-badly", {"succeeded", "partial", "cancelled"}), ("saved/ended-badly", {"succeeded"})],
)
def test_bad_ends_are_found(name, leaves_out, ask, done):
    rows = ask(name)

    assert {(row["watchId"], row["outcome"], row["reason"]) for row in rows} == {
        (row["RowKey"], row["Outcome"], row["Reason"]) for row in done if row["Outcome"] not in leaves_out
    }
    assert {row["outcome"] for row in rows} >= {"failed", "expired"}


def test_what_ended_badly_long_ago_is_not_told_again(told):
    hour = timedelta(hours=1)
    earlier = [
        envelope | {"time": (datetime.fromisoformat(envelope["time"]) - hour).isoformat()} for envelope in told[2]
    ]

    assert run(load(earlier), QUERIES["alerts/ended-badly"]) == []
    assert run(load(earlier), QUERIES["alerts/poisoned"]) == []


def test_a_callback_that_was_given_up_is_told_with_its_host_alone():
    """A path may be a secret.  What was sent twice is told once."""
    now = datetime.now(UTC)
    sent = [
        a_failed_callback(now, "e1"),
        a_failed_callback(now, "e1"),
        a_failed_callback(now - timedelta(hours=1), "e2"),
    ]

    (alarm,) = run(load(sent), QUERIES["alerts/callback-failed"])
    assert (alarm["receiver"], alarm["why"], alarm["tries"]) == ("hooks.example.com", "HTTP 410", 3)
    assert "s3cret" not in str(alarm)


def a_failed_callback(at, event_id):
    about = {"eventId": event_id, "watchId": "w", "api": "library", "outcome": "failed"}
    why = {"url": "https://hooks.example.com/s3cret", "error": "HTTP 410"}
    data = {"ver": 2, "name": "CallbackFailed", "properties": about | why, "measurements": {"tries": 3}}
    return {"time": at.isoformat(), "tags": {}, "data": {"baseType": "EventData", "baseData": data}}


def test_a_poisoned_ticket_is_found_by_alert_and_query(ask, done):
    (alarm,) = ask("alerts/poisoned")
    tickets = {row["name"]: row for row in ask("saved/tickets")}

    assert alarm["api"] == "reporting"
    assert tickets["TicketPoisoned"]["watchId"] == alarm["watchId"] in {row["RowKey"] for row in done}
    assert (tickets["TicketRejected"]["reason"], tickets["TicketRejected"]["excerpt"]) == ("not a ticket", "no ticket")


def test_watches_that_fall_behind_again_and_again_are_found(ask, told):
    (alarm,) = ask("alerts/overdue")
    assert (alarm["api"], alarm["rounds"], alarm["overdue"]) == ("reporting", 2, 1)

    times = {envelope["time"] for envelope in told[2] if is_count(envelope)}
    minute_before = datetime.fromisoformat(max(times)) - timedelta(minutes=1)
    first = [one for one in told[2] if is_count(one) and datetime.fromisoformat(one["time"]) < minute_before]
    assert first
    assert run(load(first), QUERIES["alerts/overdue"]) == []


def test_watches_that_fail_are_found_with_the_reasons(ask):
    """Two reasons concern the client, one its access, two the platform, and three the answers."""
    (alarm,) = ask("alerts/failing")
    now = {row["why"]: row["watches"] for row in ask("workbook/failing now")}
    (open_now,) = [row for row in ask("workbook/open now") if row["api"] == "access-control"]

    assert (alarm["api"], alarm["cause"].partition(":")[0]) == ("access-control", "4xx, answer or other")
    assert now == {word.value: 1 for word in Failing} | {"other": 1}
    assert (alarm["failing"], open_now["failing"]) == (len(WORDS), len(WORDS))
    assert {row["why"] for row in ask("saved/failing")} == now.keys()
    assert {row["series"] for row in ask("workbook/failing over time")} == {f"access-control: {why}" for why in now}


def test_a_row_that_cannot_be_read_is_found(ask):
    (alarm,) = [row for row in ask("alerts/row-unreadable") if row["rowKey"] == "0d6c"]

    assert (alarm["tableName"], alarm["columns"]) == ("Watches", "Job, StartedAt, Deadline, Due, NotBefore")


def test_a_gate_that_is_shut_for_long_is_found(ask):
    (alarm,) = ask("alerts/gate-shut")
    rates = {row["perMinute"] for row in ask("workbook/rate over time") if row["api"] == "schedules"}
    gates = {(row["api"], round(row["minutes"])) for row in ask("workbook/gates over time") if row["minutes"] > 0}

    assert (alarm["api"], alarm["shutForSeconds"] > 2 * 3600) == ("schedules", True)
    assert alarm["reason"] == "a 429 or a quota"
    assert rates == {45_000}  # half of what the stack's budget allows, not the 90 of the row; once per five minutes
    assert gates == {("schedules", 120)}


def test_events_are_counted_by_what_became_of_them(ask, told):
    envelopes = [*told[2], *told[2][:3]]
    sent = [envelope["data"]["baseData"] for envelope in envelopes]
    received = [event["properties"] for event in sent if event["name"] == "EventReceived"]
    results = Counter(event["result"] for event in received)
    table = {(row["type"], row["api"]): row for row in ask("workbook/events now")}
    hours, why = ask("workbook/events per hour"), ask("saved/events")

    assert results.keys() >= {"unwatched", "unknown", "refused"}
    assert sum(row["received"] for row in table.values()) == sum(row["events"] for row in hours) == len(received)
    assert sum(row["requests"] for row in why) == len(received)
    for column, counted in [
        ("matched", {"woken", "again", "ended"}),
        ("woken", {"woken"}),
        ("unwatched", {"unwatched"}),
        ("refused", {"refused"}),
        ("failed", {"failed", "unreadable"}),
    ]:
        assert sum(row[column] for row in table.values()) == sum(results[result] for result in counted), column
    assert Counter({row["result"]: 0 for row in hours}) | results == results
    assert table["", ""]["refused"] == results["refused"]  # of what is not signed nothing is told
    assert {row["why"] for row in why if row["result"] == "refused"} >= {"wrong-signature"}
    assert all(row["firstReceived"] <= row["lastReceived"] for row in why)


def test_an_api_that_keeps_to_its_schedules_alone_has_no_rate(told):
    without = [envelope for envelope in told[2] if "perMinute" not in str(envelope)]

    assert run(load(without), QUERIES["workbook/rate over time"]) == []


def test_an_api_that_was_held_back_is_found(ask):
    rows = [row for row in ask("saved/gates") if row["api"] == "schedules"]

    assert {row["pace"] for row in rows} == {"429"}
    assert {(row["lowestPerMinute"], row["highestPerMinute"]) for row in rows} == {(45_000, 45_000)}
    assert [round(row["longestShutSeconds"] / 3600) for row in rows] == [2]
    assert all(row["firstRound"] < row["lastRound"] for row in rows)


def test_silence_is_found(ask, told):
    others = [envelope for envelope in told[2] if not is_count(envelope)]

    assert ask("alerts/silent") == []
    assert run(load(others), QUERIES["alerts/silent"]) == run(load([]), QUERIES["alerts/silent"]) == [{"rounds": 0}]


def test_one_watch_is_told_from_events_and_log_lines(told, done):
    database, _, _ = told
    watch = next(row for row in done if row["Outcome"] == "cancelled")
    database.execute(
        "insert into traces values (?, ?, 1, '')",
        [watch["StartedAt"], f"watch.started watch={watch['RowKey']} api=reality-analysis"],
    )
    database.execute("insert into traces values (?, 'watch.started watch=another', 1, '')", [watch["StartedAt"]])
    query = QUERIES["saved/one-watch"].replace("00000000-0000-0000-0000-000000000000", watch["RowKey"])

    said = [row["said"] for row in run(database, query)]

    assert said[0].startswith("watch.started")
    assert {text.split()[0] for text in said[1:]} == {"WatchFinished"}
    assert "cancelled" in said[1]


def test_the_slowest_come_first(ask, done):
    rows = ask("saved/slowest")

    assert [row["seconds"] for row in rows] == pytest.approx(sorted(map(seconds, done), reverse=True)[:50])


def test_labels_have_their_rates(ask, done):
    expected = {}
    for label in {label for row in done for label in labels_of(row)}:
        outcomes = [row["Outcome"] for row in done if label in labels_of(row)]
        expected[label] = (len(outcomes), outcomes.count("succeeded"))

    rows = ask("saved/labels")

    assert {row["label"]: (row["watches"], row["succeeded"]) for row in rows} == expected
    assert all(row["percent"] == round(100 * row["succeeded"] / row["watches"], 1) for row in rows)
