"""What every store promises, on Table storage and on its stand-in in memory alike."""

import asyncio
import base64
import json
import threading
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError
from azure.data.tables import EdmType, EntityProperty, UpdateMode
from azure.data.tables.aio import TableClient

from shared.apis import APIS
from shared.apis.reporting import REPORTING
from shared.core.decide import restart
from shared.core.model import End, Outcome, Watch
from shared.engine.ports import Conflict, Count, Unreadable
from shared.storage.entities import A_VALUE
from shared.storage.watches import TableWatches
from tests.builders import NOON, a_watch
from tests.memory import MemoryWatches

FRESH = a_watch(
    id="0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55",
    api="schedules",
    job={"scheduleId": "s", "operationId": "o"},
)
FULL = a_watch(
    id="ffffffff-5a55-5f0e-9d5c-0d6c9f0e5a55",
    api="schedules",
    job={"operationId": "o/%2F?#'\"\\", "scheduleId": "é😀中\u200d"},
    labels=("nightly", 'q"uote', "é😀"),
    started_at=NOON + timedelta(microseconds=1),
    deadline=NOON + timedelta(days=7, microseconds=999_999),
    due=NOON + timedelta(microseconds=123_456),
    not_before=NOON - timedelta(microseconds=1),
    seq=2**30 - 2,
    stepped_by="message 'é'",
    status="Failed",
    progress=33.3,
    reason="line 😀 " + "x" * 490,
    validator='W/"é\'"',
    waits=1,
    polls=2,
    faults=3,
    throttled=4,
    faults_in_a_row=5,
    refusals_in_a_row=6,
    refused_since=NOON,
    scheduled_at=NOON,
    revivals=7,
    failing="network",
    restarts=3,
    woken_at=NOON + timedelta(seconds=5),
    woken_by=("0123456789abcdef", "é"),
    evidence_at="/insights/reporting/datasources/extraction/logs?page=2",
    pages=1,
    evidence=("é: no such file", "line\nbreak"),
    issues=12,
    verdict=Outcome.PARTIAL,
    begun_by="f" * 64,
    trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    callback="https://hooks.example.com/é",
    end=End(Outcome.PARTIAL, NOON + timedelta(hours=1)),
    published=True,
)


def in_memory(scenario):
    return asyncio.run(scenario(MemoryWatches()))


def in_a_table(azurite, scenario):
    async def within():
        async with TableClient.from_connection_string(azurite, f"Watches{uuid4().hex}") as table:
            await table.create_table()
            return await scenario(TableWatches(table, APIS))

    return asyncio.run(within())


@pytest.fixture(params=["memory", "table"])
def on_a_store(request):
    """Runs a scenario on a new store."""
    if request.param == "memory":
        return in_memory
    azurite = request.getfixturevalue("azurite")
    return lambda scenario: in_a_table(azurite, scenario)


def types(watch):
    """The types of a watch's fields, with those of instants as what they are used for."""
    values = {field.name: getattr(watch, field.name) for field in fields(watch)}
    return {name: datetime if isinstance(value, datetime) else type(value) for name, value in values.items()}


@pytest.mark.parametrize("watch", [FRESH, FULL])
def test_what_is_inserted_is_loaded(on_a_store, watch):
    async def scenario(store):
        return await store.insert(watch), await store.load(watch.id)

    inserted, loaded = on_a_store(scenario)

    assert inserted == watch
    assert loaded == watch
    assert types(loaded) == types(watch)
    assert (loaded.etag, bool(loaded.etag)) == (inserted.etag, True)


@pytest.mark.parametrize(("before", "after"), [(FRESH, FULL), (FULL, FRESH)])
def test_what_is_committed_is_loaded(on_a_store, before, after):
    """Also what is None or empty afterwards and was not before."""

    async def scenario(store):
        inserted = await store.insert(before)
        committed = await store.commit(replace(after, id=before.id, etag=inserted.etag))
        return inserted, committed, await store.load(before.id)

    inserted, committed, loaded = on_a_store(scenario)

    assert committed == loaded == replace(after, id=before.id)
    assert inserted.etag != committed.etag == loaded.etag


@pytest.mark.parametrize(
    "change",
    [
        {"progress": 0.0},
        {"progress": 40.0},
        {"progress": 1e-300},
        {"progress": 100.0},
        {"end": End(Outcome.STOPPED, NOON)},
        {"due": NOON.replace(microsecond=1)},
        {"due": datetime(1900, 1, 1, tzinfo=UTC)},
        {"deadline": datetime(8999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)},
        {"labels": ("",)},
        {"status": " "},
        {"end": End(Outcome.STOPPED, NOON), "published": True},
    ],
)
def test_each_value_comes_back_as_it_is(on_a_store, change):
    async def scenario(store):
        await store.insert(replace(FRESH, **change))
        return await store.load(FRESH.id)

    loaded = on_a_store(scenario)

    assert loaded == replace(FRESH, **change)
    assert types(loaded) == types(replace(FRESH, **change))


def test_a_loaded_row_can_be_reckoned_with_and_committed(on_a_store):
    async def scenario(store):
        await store.insert(FULL)
        loaded = await store.load(FULL.id)
        await store.commit(replace(loaded, due=loaded.due + timedelta(seconds=1), end=End(Outcome.PARTIAL, loaded.due)))
        return await store.load(FULL.id)

    assert on_a_store(scenario) == replace(
        FULL, due=FULL.due + timedelta(seconds=1), end=End(Outcome.PARTIAL, FULL.due)
    )


def test_a_committed_row_can_be_committed_again(on_a_store):
    async def scenario(store):
        watch = await store.insert(FRESH)
        for seq in range(1, 4):
            watch = await store.commit(replace(watch, seq=seq))
        return await store.load(FRESH.id)

    assert on_a_store(scenario).seq == 3


def test_a_second_insert_is_a_conflict_and_changes_nothing(on_a_store):
    async def scenario(store):
        first = await store.insert(FRESH)
        with pytest.raises(Conflict):
            await store.insert(replace(FRESH, labels=("second",)))
        return first, await store.load(FRESH.id)

    first, loaded = on_a_store(scenario)

    assert (loaded, loaded.etag) == (FRESH, first.etag)


def test_of_two_commits_from_one_load_the_second_is_a_conflict(on_a_store):
    async def scenario(store):
        await store.insert(FRESH)
        one, other = await store.load(FRESH.id), await store.load(FRESH.id)
        await store.commit(replace(one, reason="one"))
        with pytest.raises(Conflict):
            await store.commit(replace(other, reason="other"))
        return await store.load(FRESH.id)

    assert on_a_store(scenario).reason == "one"


def test_committing_the_same_values_still_counts_as_a_change(on_a_store):
    async def scenario(store):
        loaded = await store.insert(FRESH)
        await store.commit(loaded)
        with pytest.raises(Conflict):
            await store.commit(loaded)

    on_a_store(scenario)


def test_of_many_commits_at_once_one_wins(on_a_store):
    async def scenario(store):
        watch = await store.insert(FRESH)
        tries = (store.commit(replace(watch, seq=seq)) for seq in range(1, 11))
        done = await asyncio.gather(*tries, return_exceptions=True)
        return done, await store.load(FRESH.id)

    done, loaded = on_a_store(scenario)

    assert [one for one in done if not isinstance(one, Conflict)] == [loaded]


def test_of_many_inserts_at_once_one_wins(on_a_store):
    async def scenario(store):
        done = await asyncio.gather(*(store.insert(FRESH) for _ in range(10)), return_exceptions=True)
        return [type(one) for one in done]

    assert sorted(on_a_store(scenario), key=str) == sorted([Watch] + [Conflict] * 9, key=str)


def test_committing_a_row_that_is_gone_is_a_conflict_and_does_not_bring_it_back(on_a_store):
    async def scenario(store):
        watch = await store.insert(FRESH)
        await store.delete(watch)
        with pytest.raises(Conflict):
            await store.commit(watch)
        return await store.load(FRESH.id)

    assert on_a_store(scenario) is None


def test_committing_what_was_deleted_and_inserted_anew_is_a_conflict(on_a_store):
    async def scenario(store):
        watch = await store.insert(FRESH)
        await store.delete(watch)
        await store.insert(FRESH)
        with pytest.raises(Conflict):
            await store.commit(watch)

    on_a_store(scenario)


@pytest.mark.parametrize("watch_id", [FULL.id, FRESH.id[:-1], FRESH.id.upper(), "0d", "x", "it's"])
def test_an_unknown_id_loads_nothing(on_a_store, watch_id):
    async def scenario(store):
        await store.insert(FRESH)
        return await store.load(watch_id)

    assert on_a_store(scenario) is None


def test_a_conflict_names_the_watch(on_a_store):
    async def scenario(store):
        await store.insert(FRESH)
        with pytest.raises(Conflict, match=FRESH.id):
            await store.insert(FRESH)

    on_a_store(scenario)


def test_a_missing_table_is_an_error_and_not_a_missing_row(azurite):
    """Else a name that is wrong in the settings would let every ticket die as an orphan, without a trace."""

    async def scenario():
        async with TableClient.from_connection_string(azurite, f"Missing{uuid4().hex}") as table:
            with pytest.raises(AzureError):
                await TableWatches(table, APIS).load(FRESH.id)

    asyncio.run(scenario())


def test_a_deleted_row_is_gone_and_deleting_it_again_is_no_error(on_a_store):
    async def scenario(store):
        watch = await store.insert(FRESH)
        await store.insert(FULL)
        await store.delete(watch)
        await store.delete(watch)
        return await store.load(FRESH.id), await store.load(FULL.id)

    assert on_a_store(scenario) == (None, FULL)


def test_deleting_a_row_that_has_changed_is_a_conflict_and_leaves_it(on_a_store):
    async def scenario(store):
        before = await store.insert(FRESH)
        await store.commit(replace(before, seq=1))
        with pytest.raises(Conflict):
            await store.delete(before)
        return await store.load(FRESH.id)

    assert on_a_store(scenario).seq == 1


LATER, EARLIER = NOON + timedelta(seconds=1), NOON - timedelta(seconds=1)
ENDED = replace(FRESH, end=End(Outcome.FAILED, NOON))


@pytest.mark.parametrize(
    ("watch", "due_before", "ended_before", "stale"),
    [
        (FRESH, NOON, NOON, False),
        (FRESH, LATER, EARLIER, True),
        (ENDED, NOON, LATER, False),
        (ENDED, LATER, EARLIER, True),  # it ended, and was not published
        (replace(ENDED, published=True), LATER, NOON, False),
        (replace(ENDED, published=True), EARLIER, LATER, True),
    ],
)
def test_stale_is_what_was_due_before_and_what_was_published_before(on_a_store, watch, due_before, ended_before, stale):
    async def scenario(store):
        await store.insert(watch)
        return [found async for found in store.stale(due_before, ended_before)]

    assert on_a_store(scenario) == ([watch] if stale else [])


def test_what_is_found_stale_can_be_committed_and_deleted_on_the_way(on_a_store):
    async def scenario(store):
        for number in range(6):
            await store.insert(replace(FULL, id=f"{number:02}", published=False))
        async for watch in store.stale(LATER + timedelta(days=1), NOON):
            await (
                store.delete(watch)
                if watch.id < "03"
                else store.commit(replace(watch, published=True, end=End(Outcome.FAILED, NOON)))
            )
        return [await store.load(f"{number:02}") for number in range(6)]

    assert [watch and watch.published for watch in on_a_store(scenario)] == [None] * 3 + [True] * 3


def test_the_full_row_has_something_in_every_field():
    """So that none is forgotten above."""
    assert [field.name for field in fields(Watch) if getattr(FULL, field.name) == field.default] == ["etag"]


def test_a_census_counts_what_is_open_and_what_of_it_is_overdue(on_a_store):
    """More than a page of the service's 1,000 rows, so that it goes on to the next."""
    cutoff = NOON - timedelta(minutes=5)
    rows = [
        *(replace(FRESH, id=str(UUID(int=number << 96)), due=NOON) for number in range(1100)),
        replace(FRESH, id="a1", due=cutoff),  # late, but not too late
        replace(FRESH, id="a2", due=cutoff - timedelta(microseconds=1)),
        replace(FRESH, id="a3", due=NOON - timedelta(hours=2)),
        replace(FRESH, id="b1", api="reporting", due=NOON, failing="401"),
        replace(FRESH, id="b2", api="reporting", due=NOON, failing="401"),
        replace(FRESH, id="b3", api="reporting", due=NOON, failing="network"),
        replace(FULL, id="c1", api="access-control"),
        replace(FULL, id="c2", due=NOON - timedelta(hours=3), published=False),  # ended, and not yet announced
    ]

    async def scenario(store):
        for start in range(0, len(rows), 50):  # more at once leave connections idle, which the server then closes
            await asyncio.gather(*map(store.insert, rows[start : start + 50]))
        return await store.census(NOON, cutoff)

    census = on_a_store(scenario)

    assert len(census.open) == 1106
    assert {watch.api for watch in census.open} == census.counts.keys()
    assert census.counts == {
        "schedules": Count(1103, 2, timedelta(hours=2)),
        "reporting": Count(3, failing={"401": 2, "network": 1}),
    }


def test_a_census_fetches_few_columns(azurite):
    async def scenario(store):
        await store.insert(replace(FRESH, failing="401"))
        fetched = []
        query = store._table.query_entities

        def watched(*args, **options):
            async def rows():
                async for row in query(*args, **options):
                    fetched.append(set(row))
                    yield row

            return rows()

        store._table.query_entities = watched
        await store.census(NOON, NOON)
        return fetched

    assert in_a_table(azurite, scenario) == [
        {"Api", "Due", "Failing", "PartitionKey", "Published", "RowKey", "StartedAt"}
    ]


def test_every_column_has_a_readable_name_and_none_is_lost(azurite):
    async def scenario(store):
        await store.insert(FULL)
        return [row async for row in store._table.list_entities()]

    (row,) = in_a_table(azurite, scenario)

    assert row.keys() == {
        *("PartitionKey", "RowKey", "Id", "Api", "Job", "Labels", "StartedAt", "Deadline", "Due", "NotBefore", "Seq"),
        *("SteppedBy", "Status", "Progress", "Reason", "Validator", "Waits", "Polls", "Faults", "Throttled"),
        *(
            "FaultsInARow",
            "RefusalsInARow",
            "RefusedSince",
            "ScheduledAt",
            "Revivals",
            "Failing",
            "Restarts",
            "Outcome",
            "EndedAt",
            "Published",
        ),
        *("EvidenceAt", "Pages", "Evidence", "Issues", "Verdict"),
        *("WokenAt", "WokenBy"),
        *("BegunBy", "Trace", "Callback"),
    }
    assert (row["PartitionKey"], row["RowKey"]) == ("ff", FULL.id)


def test_a_row_has_no_column_for_what_has_nothing_to_say(azurite):
    """Each costs with every turn; but what is looked for is always there, or no query finds the row."""

    async def scenario(store):
        watch = await store.insert(FULL)
        await store.commit(replace(FRESH, id=FULL.id, etag=watch.etag))
        return [row async for row in store._table.list_entities()]

    (row,) = in_a_table(azurite, scenario)

    always = {"PartitionKey", "RowKey", "Id", "Api", "Job", "StartedAt", "Deadline", "Due", "NotBefore", "Published"}
    assert row.keys() == always


def test_a_column_of_another_version_survives_a_step(azurite):
    """While an app is upgraded, or goes back, rows are moved by the one version and the other in turn."""

    async def scenario(store):
        await store.insert(FRESH)
        of_later = {"PartitionKey": FRESH.id[:2], "RowKey": FRESH.id, "Later": NOON, "Number": 7}
        await store._table.update_entity(of_later, UpdateMode.MERGE)
        loaded = await store.load(FRESH.id)
        await store.commit(replace(loaded, seq=1))
        await store.commit(restart(await store.load(FRESH.id), replace(FRESH, due=LATER), REPORTING))
        return loaded, [row async for row in store._table.list_entities()]

    loaded, (row,) = in_a_table(azurite, scenario)

    assert (loaded, loaded.unknown) == (FRESH, {"Later": NOON, "Number": 7})
    assert (row["Seq"], row["Later"], row["Number"]) == (2, NOON, 7)


def test_a_row_of_an_earlier_version_has_the_defaults_of_what_it_lacks(azurite):
    async def scenario(store):
        watch = await store.insert(FULL)
        lacking = {name: value for name, value in (await _row(store)).items() if name not in {"Revivals", "Evidence"}}
        await store._table.update_entity(lacking, UpdateMode.REPLACE)
        return await store.load(watch.id)

    assert in_a_table(azurite, scenario) == replace(FULL, revivals=0, evidence=())


async def _row(store):
    (row,) = [row async for row in store._table.list_entities()]
    return row


#: What an operator, another version or a mishap may leave in a row; None: the column is gone.
SPOILT = [
    ("Api", None),
    ("Api", ""),
    ("Api", 5),
    ("Api", "of-a-newer-version"),
    ("Job", None),
    ("Job", "{"),
    ("Job", "[]"),
    ("Job", "{}"),
    ("Job", '{"scheduleId": 1, "operationId": "o"}'),
    ("Job", "[" * 900 + "]" * 900),
    ("Labels", '"nightly"'),
    ("Labels", "[1]"),
    ("Labels", True),
    ("StartedAt", None),
    ("StartedAt", "yesterday"),
    ("Deadline", 7),
    ("Deadline", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ("Due", None),
    ("Due", "2026-11-20T12:00:00Z"),
    ("NotBefore", ""),
    ("Seq", -1),
    ("Seq", "1"),
    ("Seq", 1.5),
    ("Waits", -3),
    ("Status", 200),
    ("RefusedSince", 0),
    ("Verdict", "perhaps"),
    ("Outcome", "superseded"),
    ("Outcome", "succeeded"),  # and no EndedAt
    ("EndedAt", NOON),  # and no Outcome
    ("Evidence", "no JSON"),
    ("Failing", 5),
    ("Published", None),
    ("Published", "no"),
    ("Published", 0),
    ("Published", True),  # and no Outcome
]

#: What the SDK itself cannot read.
GARBLED = [
    ("Due", EntityProperty("soon", EdmType.DATETIME)),
    ("StartedAt", EntityProperty("2026-11-27", EdmType.DATETIME)),
    ("Later", EntityProperty("no GUID", EdmType.GUID)),
]


async def spoil(store, column, value):
    watch = await store.insert(FRESH)
    entity = {**await _row(store), column: value}
    if value is None:
        del entity[column]
    await store._table.update_entity(entity, UpdateMode.REPLACE)
    return watch


@pytest.mark.parametrize(("column", "value"), SPOILT)
def test_a_row_that_cannot_be_read_says_which_column_and_harms_itself_alone(azurite, column, value):
    other = replace(FRESH, id=str(UUID(int=7)))

    async def scenario(store):
        await spoil(store, column, value)
        await store.insert(other)
        with pytest.raises(Unreadable, match=column) as raised:
            await store.load(FRESH.id)
        stale = [found async for found in store.stale(LATER, NOON)]
        return raised.value, stale, await store.census(NOON, NOON)

    unreadable, stale, census = in_a_table(azurite, scenario)

    told = [found.key for found in (*stale, *census.unreadable) if isinstance(found, Unreadable)]
    assert (unreadable.key, {*told}) == (FRESH.id, {FRESH.id})
    assert [found for found in stale if not isinstance(found, Unreadable)] == [other]
    assert other.id in {watch.id for watch in census.open}


@pytest.mark.parametrize(("column", "value"), SPOILT)
def test_a_row_that_cannot_be_read_can_be_salvaged(azurite, column, value):
    """It has ended, its tickets are fenced off, and it can be read."""

    async def scenario(store):
        before = await spoil(store, column, value)
        return before, await store.salvage(FRESH.id, LATER), await store.load(FRESH.id)

    before, found, loaded = in_a_table(azurite, scenario)

    assert (loaded, loaded.etag) == (found, found.etag)
    assert found.due <= LATER
    assert (found.end, column in found.reason, found.seq > before.seq) == (End(Outcome.STOPPED, LATER), True, True)


@pytest.mark.parametrize(("column", "value"), GARBLED)
def test_a_row_that_the_sdk_cannot_read_harms_itself_alone(azurite, column, value):
    others = [replace(FRESH, id=str(UUID(int=number << 96))) for number in (1, 0x0D6C9F0F, 0xFF000000)]

    async def scenario(store):
        before = await spoil(store, column, value)
        for other in others:
            await store.insert(other)
        with pytest.raises(Unreadable, match=A_VALUE):
            await store.load(FRESH.id)
        stale = [found async for found in store.stale(LATER, NOON)]
        census = await store.census(NOON, NOON)
        found = await store.salvage(FRESH.id, LATER)
        return before, stale, census, found, await store.load(FRESH.id)

    before, stale, census, found, loaded = in_a_table(azurite, scenario)

    assert [row for row in stale if not isinstance(row, Unreadable)] == others
    assert [row.key for row in stale if isinstance(row, Unreadable)] == [FRESH.id]
    assert {watch.id for watch in census.open} >= {other.id for other in others}
    assert len(census.open) + len(census.unreadable) == len(others) + 1
    assert (loaded, found.end) == (found, End(Outcome.STOPPED, LATER))
    assert found.seq > before.seq


@pytest.mark.parametrize(("partition", "key"), [("zz", FRESH.id), ("0d", "0d6c" + "x" * 100), ("", "")])
def test_a_row_where_nobody_looks_for_it_is_told_of_and_never_tended(azurite, partition, key):
    async def scenario(store):
        await store.insert(FRESH)
        entity = await _row(store)
        await store.delete(await store.load(FRESH.id))
        await store._table.create_entity({**entity, "PartitionKey": partition, "RowKey": key})
        return [found async for found in store.stale(LATER, NOON)], await store.census(NOON, NOON)

    stale, census = in_a_table(azurite, scenario)

    assert [(type(found), found.key) for found in stale] == [(Unreadable, key)]
    assert (census.counts, [found.key for found in census.unreadable]) == ({}, [key])


def test_a_percentage_that_is_none_is_not_shown(azurite):
    async def scenario(store):
        await spoil(store, "Progress", "half")
        return (await store.load(FRESH.id)).progress

    assert in_a_table(azurite, scenario) is None


def test_what_can_be_read_is_salvaged_as_it_is(on_a_store):
    async def scenario(store):
        await store.insert(FULL)
        return await store.salvage(FULL.id, LATER), await store.salvage("nobody", LATER)

    assert on_a_store(scenario) == (FULL, None)


@pytest.mark.parametrize("key", ["a/b", "a\\b", "#", "?", "", "\n", "\x7f", "\ud800", "x" * 513])
def test_there_is_no_row_of_a_key_that_no_row_may_have(azurite, key):
    async def scenario(store):
        return await store.load(key), await store.salvage(key, NOON)

    assert in_a_table(azurite, scenario) == (None, None)


def test_a_row_has_the_id_of_its_key(azurite):
    """So that an edited `Id` leads to no other row."""

    async def scenario(store):
        await spoil(store, "Id", "another")
        loaded = await store.load(FRESH.id)
        await store.delete(loaded)
        return loaded, await store.load(FRESH.id)

    assert in_a_table(azurite, scenario) == (FRESH, None)


class EmptyPageThenOne(BaseHTTPRequestHandler):
    """A table service that has looked for 5 s and found nothing yet, as the real one may say and Azurite never does.

    https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination
    """

    row: ClassVar = {
        "odata.etag": '"1"',
        "PartitionKey": "0d",
        "RowKey": FRESH.id,
        "Id": FRESH.id,
        "Api": FRESH.api,
        "Job": json.dumps(FRESH.job),
        "Labels": "[]",
        "Published": False,
        "StartedAt": "2026-11-20T12:00:00Z",
        "Deadline": "2026-11-27T12:00:00Z",
        "Due": "2026-11-20T12:00:00Z",
        "NotBefore": "2026-11-20T12:00:00Z",
        **{f"{name}@odata.type": "Edm.DateTime" for name in ("StartedAt", "Deadline", "Due", "NotBefore")},
    }

    def do_GET(self):
        first = "NextPartitionKey" not in self.path
        body = json.dumps({"value": [] if first else [self.row]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if first:
            self.send_header("x-ms-continuation-NextPartitionKey", "0d")
            self.send_header("x-ms-continuation-NextRowKey", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_an_empty_page_is_not_the_end():
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyPageThenOne)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    async def scenario():
        endpoint = f"http://127.0.0.1:{server.server_port}/account"
        credential = AzureNamedKeyCredential("account", base64.b64encode(b"key").decode())
        async with TableClient(endpoint, "Watches", credential=credential) as table:
            return [found async for found in TableWatches(table, APIS).stale(LATER, NOON)]

    try:
        assert asyncio.run(scenario()) == [FRESH]
    finally:
        server.shutdown()
        server.server_close()


NEIGHBOURS = ["0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a54", "0d6c9f0f-0000-5000-8000-000000000000", "0d6d" + FRESH.id[4:]]


@pytest.mark.parametrize(
    ("digits", "found"),
    [
        ("0d6c", [NEIGHBOURS[0], FRESH.id, NEIGHBOURS[1]]),
        ("0d6c9f0e", [NEIGHBOURS[0], FRESH.id]),
        (FRESH.id, [FRESH.id]),
        (FRESH.id[:-1], [NEIGHBOURS[0], FRESH.id]),
        ("ffff", [FULL.id]),
        ("0d6e", []),
        ("ffffffff-ffff", []),
    ],
)
def test_those_are_found_whose_ids_begin_so_in_their_order(on_a_store, digits, found):
    async def scenario(store):
        for watch in (FULL, FRESH, *(replace(FRESH, id=one) for one in NEIGHBOURS)):
            await store.insert(watch)
        return [row async for row in store.beginning(digits)]

    rows = on_a_store(scenario)

    assert [row.id for row in rows] == found
    assert all(row == replace(FULL if row.id == FULL.id else FRESH, id=row.id) for row in rows)


def test_one_that_cannot_be_read_is_found_all_the_same(azurite):
    async def scenario(store):
        await store.insert(FRESH)
        row = {"PartitionKey": "0d", "RowKey": FRESH.id, "Due": "soon"}
        await store._table.upsert_entity(row, UpdateMode.MERGE)
        return [found async for found in store.beginning("0d6c9f0e")]

    (found,) = in_a_table(azurite, scenario)

    assert isinstance(found, Unreadable)
    assert (found.key, found.columns) == (FRESH.id, ("Due",))
