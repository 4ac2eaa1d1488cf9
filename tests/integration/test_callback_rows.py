"""What the store of callbacks promises, on Table storage and on its stand-in in memory alike."""

import asyncio
from dataclasses import fields, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.core.callback import Callback, revive
from shared.core.model import Outcome
from shared.engine.ports import Conflict, Unreadable
from shared.storage.callbacks import table_callbacks
from tests.builders import NOON, a_callback
from tests.memory import MemoryRows

LATER, EARLIER = NOON + timedelta(seconds=1), NOON - timedelta(seconds=1)
FRESH = a_callback()
FULL = a_callback(
    id="ffffffff-5a55-5f0e-9d5c-0d6c9f0e5a55.20261120T110000000001Z",
    watch_id="ffffffff-5a55-5f0e-9d5c-0d6c9f0e5a55",
    outcome=Outcome.PARTIAL,
    url="https://hooks.example.com/é",
    body='{"data": "é😀"}',
    trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    seq=9,
    stepped_by="message",
    tries=8,
    error="HTTP 500",
    result="failed",
    announced=True,
)


def on_a_table(azurite, scenario):
    async def within():
        async with TableClient.from_connection_string(azurite, f"Callbacks{uuid4().hex}") as table:
            await table.create_table()
            return await scenario(table_callbacks(table))

    return asyncio.run(within())


@pytest.fixture(params=["memory", "table"])
def on_a_store(request):
    """Runs a scenario on a new store."""
    if request.param == "memory":
        return lambda scenario: asyncio.run(scenario(MemoryRows()))
    azurite = request.getfixturevalue("azurite")
    return lambda scenario: on_a_table(azurite, scenario)


@pytest.mark.parametrize("callback", [FRESH, FULL])
def test_what_is_inserted_is_loaded(on_a_store, callback):
    async def scenario(store):
        return await store.insert(callback), await store.load(callback.id)

    inserted, loaded = on_a_store(scenario)

    assert inserted == loaded == callback
    assert inserted.etag == loaded.etag != ""


def test_the_full_row_has_something_in_every_field():
    """So that none is forgotten above."""
    assert [field.name for field in fields(Callback) if getattr(FULL, field.name) == field.default] == ["etag"]


def test_a_callback_that_is_there_is_a_conflict_and_stays(on_a_store):
    async def scenario(store):
        await store.insert(FRESH)
        with pytest.raises(Conflict):
            await store.insert(replace(FRESH, body="another"))
        return await store.load(FRESH.id)

    assert on_a_store(scenario) == FRESH


def test_a_row_that_has_moved_is_a_conflict(on_a_store):
    async def scenario(store):
        before = await store.insert(FRESH)
        moved = await store.commit(replace(before, seq=1, error="HTTP 500"))
        for act in (store.commit, store.delete):
            with pytest.raises(Conflict):
                await act(before)
        return moved, await store.load(FRESH.id)

    moved, loaded = on_a_store(scenario)

    assert moved == loaded == replace(FRESH, seq=1, error="HTTP 500")


@pytest.mark.parametrize(
    ("callback", "due_before", "ended_before", "stale"),
    [
        (FRESH, NOON, LATER, False),
        (FRESH, LATER, EARLIER, True),
        (replace(FRESH, result="delivered"), LATER, NOON, False),
        (replace(FRESH, result="delivered"), EARLIER, LATER, True),
        (replace(FRESH, result="failed"), LATER, EARLIER, True),  # its event was not sent
        (replace(FRESH, result="failed", announced=True), EARLIER, LATER, True),
        (replace(FRESH, result="failed", announced=True), LATER, NOON, False),
    ],
)
def test_stale_is_what_is_overdue_and_what_was_settled_before(on_a_store, callback, due_before, ended_before, stale):
    async def scenario(store):
        await store.insert(callback)
        return [found async for found in store.stale(due_before, ended_before)]

    assert on_a_store(scenario) == ([callback] if stale else [])


def test_what_is_settled_long_ago_can_be_deleted(on_a_store):
    async def scenario(store):
        await store.insert(FULL)
        async for found in store.stale(EARLIER, LATER):
            await store.delete(found)
        return await store.load(FULL.id)

    assert on_a_store(scenario) is None


def test_a_column_of_another_version_survives_a_step(azurite):
    async def scenario(store):
        await store.insert(FRESH)
        of_later = {"PartitionKey": FRESH.id[:2], "RowKey": FRESH.id, "Later": NOON}
        await store._table.update_entity(of_later, UpdateMode.MERGE)
        await store.commit(revive(await store.load(FRESH.id), LATER))
        return await store.load(FRESH.id)

    loaded = on_a_table(azurite, scenario)

    assert (loaded, loaded.unknown) == (revive(FRESH, LATER), {"Later": NOON})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Due", None),
        ("Due", "soon"),
        ("Settled", None),
        ("Settled", "x"),
        ("Settled", True),
        ("Seq", -1),
        ("Outcome", "x"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_of_and_harms_no_other(azurite, column, value):
    other = replace(FRESH, id="other")

    async def scenario(store):
        await store.insert(FRESH)
        await store.insert(other)
        (entity,) = [row async for row in store._table.list_entities() if row["RowKey"] == FRESH.id]
        changed = {name: known for name, known in {**entity, column: value}.items() if known is not None}
        await store._table.update_entity(changed, UpdateMode.REPLACE)
        with pytest.raises(Unreadable, match=column):
            await store.load(FRESH.id)
        return [found async for found in store.stale(LATER, LATER)]

    stale = on_a_table(azurite, scenario)

    assert sorted(found.key if isinstance(found, Unreadable) else found.id for found in stale) == sorted(
        [FRESH.id, other.id]
    )
