"""The lists of open and of ended watches, on tables."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty
from azure.data.tables.aio import TableClient

from shared.core.model import End, Outcome
from shared.core.newest_first import newest_first
from shared.engine.mark import Mark
from shared.engine.ports import Entry
from shared.storage.lists import MARK, TableByApi, TableIndex
from shared.storage.results import TableResults
from shared.storage.together import LARGEST_TRANSACTION
from tests.builders import NOON, a_watch
from tests.memory import MemoryIndex

A_SECOND = timedelta(seconds=1)
WATCH = a_watch(
    id=str(UUID(int=1)),
    api="reporting",
    job={"jobId": "j"},
    labels=("nightly", 'q"uote'),
)
OLDER = replace(WATCH, id=str(UUID(int=2)), started_at=NOON - timedelta(microseconds=1))
ELSEWHERE = replace(WATCH, id=str(UUID(int=3)), api="schedules")


def on_a_table(azurite, scenario):
    async def within():
        async with TableClient.from_connection_string(azurite, f"Open{uuid4().hex}") as table:
            await table.create_table()
            return await scenario(table)

    return asyncio.run(within())


@pytest.fixture(params=["memory", "table"])
def on_an_index(request):
    """Runs a scenario on a new index."""
    if request.param == "memory":
        return lambda scenario: asyncio.run(scenario(MemoryIndex()))
    azurite = request.getfixturevalue("azurite")
    return lambda scenario: on_a_table(azurite, lambda table: scenario(TableIndex(table)))


async def listed(index, state="watching", api=None, after="", before="~"):
    return [entry async for entry in index.entries(state, api, after, before, 2)]


def test_what_is_added_is_listed_newest_first(on_an_index):
    async def scenario(index):
        for watch in (OLDER, WATCH, ELSEWHERE, WATCH):
            await index.add(watch)
        return await listed(index)

    entries = on_an_index(scenario)

    assert [entry.watch_id for entry in entries] == [WATCH.id, ELSEWHERE.id, OLDER.id]
    assert [entry.api for entry in entries] == ["reporting", "schedules", "reporting"]
    assert entries[0].key == newest_first(NOON, WATCH.id)
    assert all(label in entries[0].labels for label in WATCH.labels)


def test_a_list_goes_on_after_a_key_and_ends_before_one(on_an_index):
    async def scenario(index):
        await index.add(WATCH)
        await index.add(OLDER)
        first, second = await listed(index)
        return await listed(index, after=first.key), await listed(index, before=second.key)

    after, before = on_an_index(scenario)

    assert [entry.watch_id for entry in after] == [OLDER.id]
    assert [entry.watch_id for entry in before] == [WATCH.id]


def test_what_is_removed_is_listed_no_more_and_may_be_removed_again(on_an_index):
    async def scenario(index):
        await index.add(WATCH)
        await index.remove(WATCH)
        await index.remove(WATCH)
        return await listed(index)

    assert on_an_index(scenario) == []


def test_another_life_of_a_watch_is_another_entry(on_an_index):
    async def scenario(index):
        await index.add(WATCH)
        await index.add(replace(WATCH, started_at=NOON + timedelta(hours=1)))
        await index.remove(WATCH)
        return await listed(index)

    assert [entry.watch_id for entry in on_an_index(scenario)] == [WATCH.id]


@pytest.mark.parametrize(("api", "ids"), [("reporting", [WATCH.id, OLDER.id]), ("schedules", [ELSEWHERE.id])])
def test_one_api_can_be_listed_alone(on_an_index, api, ids):
    async def scenario(index):
        for watch in (OLDER, WATCH, ELSEWHERE):
            await index.add(watch)
        return await listed(index, api=api)

    assert [entry.watch_id for entry in on_an_index(scenario)] == ids


def test_an_end_is_listed_apart_with_what_filters_need(on_an_index):
    async def scenario(index):
        await index.add(WATCH)
        await index.add_ended(OLDER, End(Outcome.FAILED, NOON))
        await index.add_ended(OLDER, End(Outcome.FAILED, NOON))
        await index.remove(WATCH)
        return await listed(index), await listed(index, "ended")

    watching, (entry,) = on_an_index(scenario)

    assert watching == []
    assert (entry.watch_id, entry.outcome, entry.key) == (OLDER.id, "failed", newest_first(NOON, OLDER.id))
    assert all(label in entry.labels for label in WATCH.labels)


@pytest.mark.parametrize("state", ["watching", "ended"])
def test_more_than_a_transaction_holds_are_added_and_added_again(on_an_index, state):
    outcome = "" if state == "watching" else "failed"
    entries = [
        Entry("reporting", newest_first(NOON - number * A_SECOND, watch_id), watch_id, outcome, "a, b")
        for number, watch_id in ((number, str(UUID(int=number))) for number in range(LARGEST_TRANSACTION + 1))
    ]

    async def scenario(index):
        await index.add_all(state, [])
        await index.add_all(state, entries[:2])
        await index.add_all(state, entries)
        return await listed(index, state)

    assert on_an_index(scenario) == entries


@pytest.mark.parametrize(
    "mark", [Mark(NOON, NOON + A_SECOND), Mark(NOON, NOON, newest_first(NOON, WATCH.id), NOON + A_SECOND)]
)
def test_the_mark_is_read_as_it_was_written(on_an_index, mark):
    async def scenario(index):
        before = await index.read_mark()
        await index.write_mark(Mark(NOON, NOON, "x", NOON))
        await index.write_mark(mark)
        return before, await index.read_mark()

    assert on_an_index(scenario) == (None, mark)


@pytest.mark.parametrize(
    "column", [{"Since": "noon"}, {"After": 1}, {"Begun": EntityProperty("noon", EdmType.DATETIME)}]
)
def test_a_mark_that_somebody_spoiled_is_none(azurite, column):
    async def scenario(table):
        await TableIndex(table).write_mark(Mark(NOON, NOON))
        await table.upsert_entity({"PartitionKey": MARK[0], "RowKey": MARK[1], **column})
        return await TableIndex(table).read_mark()

    assert on_a_table(azurite, scenario) is None


def test_a_missing_table_is_not_a_missing_mark(azurite):
    async def scenario(table):
        await table.delete_table()
        await TableIndex(table).read_mark()

    with pytest.raises(ResourceNotFoundError):
        on_a_table(azurite, scenario)


def test_results_are_listed_with_what_filters_need(azurite):
    end = End(Outcome.FAILED, NOON)
    ended = replace(WATCH, end=end)

    async def scenario(table):
        await TableResults(table).record(ended, end)
        return [entry async for entry in TableByApi(table).entries_of("reporting", "", "~", 1)]

    (entry,) = on_a_table(azurite, scenario)

    assert (entry.watch_id, entry.outcome, entry.key) == (WATCH.id, "failed", newest_first(NOON, WATCH.id))
