"""The index of open watches and the list of ended ones, on tables."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from azure.data.tables.aio import TableClient

from shared.core.model import End, Outcome
from shared.core.newest_first import newest_first
from shared.storage.lists import NewestFirstTable, OpenIndex
from shared.storage.results import TableResults
from tests.builders import NOON, a_watch
from tests.memory import MemoryIndex

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
    return lambda scenario: on_a_table(azurite, lambda table: scenario(OpenIndex(table)))


async def listed(index, api="reporting", after="", before="~", page=1):
    return [entry async for entry in index.entries(api, after, before, page)]


def test_what_is_added_is_listed_newest_first(on_an_index):
    async def scenario(index):
        for watch in (OLDER, WATCH, ELSEWHERE, WATCH):
            await index.add(watch)
        return await listed(index)

    entries = on_an_index(scenario)

    assert [entry.watch_id for entry in entries] == [WATCH.id, OLDER.id]
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


def test_results_are_listed_with_what_filters_need(azurite):
    end = End(Outcome.FAILED, NOON)
    ended = replace(WATCH, end=end)

    async def scenario(table):
        await TableResults(table).record(ended, end)
        return await listed(NewestFirstTable(table))

    (entry,) = on_a_table(azurite, scenario)

    assert (entry.watch_id, entry.outcome, entry.key) == (WATCH.id, "failed", newest_first(NOON, WATCH.id))
