"""The results table: rows for people, newest first."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from azure.data.tables.aio import TableClient
from hypothesis import given
from hypothesis import strategies as st

from shared.apis import APIS
from shared.core.model import End, Outcome
from shared.storage.results import TableResults, result
from tests.builders import NOON, a_watch

END = End(Outcome.SUCCEEDED, NOON + timedelta(minutes=1, microseconds=500_000))
ENDED = a_watch(
    id="0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55",
    api="schedules",
    job={"scheduleId": "s/1", "operationId": "é"},
    labels=("nightly", "a b"),
    status="Succeeded",
    reason="all well",
    polls=7,
    faults=3,
    issues=2,
    evidence=("no such task", "no such plan"),
    end=END,
)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- in UTC


def row_of(watch):
    return result(watch, watch.end)


def ended(at):
    return replace(ENDED, end=End(Outcome.SUCCEEDED, at))


def test_the_columns():
    assert row_of(ENDED) == {
        "PartitionKey": "schedules",
        "RowKey": "251607038339500000_0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55",
        "Outcome": "succeeded",
        "Reason": "all well",
        "ScheduleId": "s/1",
        "OperationId": "é",
        "Status": "Succeeded",
        "StartedAt": NOON,
        "EndedAt": NOON + timedelta(seconds=60.5),
        "DurationSeconds": 60.5,
        "Polls": 7,
        "Faults": 3,
        "Issues": 2,
        "Evidence": "no such task\nno such plan",
        "WatchId": "0d6c9f0e-5a55-5f0e-9d5c-0d6c9f0e5a55",
        "Labels": "nightly, a b",
    }


def test_the_id_of_no_api_hides_a_column():
    for api in APIS.values():
        row = row_of(replace(ENDED, api=api.name, job=dict.fromkeys(api.fields, "an id")))
        assert len(row) == len(row_of(replace(ENDED, job={}))) + len(api.fields)
        assert list(row.values()).count("an id") == len(api.fields)


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_is_written_as_plain_text(outcome):
    assert type(row_of(replace(ENDED, end=End(outcome, NOON)))["Outcome"]) is str


@given(st.lists(INSTANTS, unique=True))
def test_newest_comes_first(instants):
    keys = sorted(row_of(ended(at))["RowKey"] for at in instants)

    assert keys == [row_of(ended(at))["RowKey"] for at in sorted(instants, reverse=True)]


@given(INSTANTS)
def test_a_microsecond_later_comes_before(instant):
    assert row_of(ended(instant + timedelta(microseconds=1)))["RowKey"] < row_of(ended(instant))["RowKey"]


@given(INSTANTS)
def test_keys_can_be_keys_of_a_table(instant):
    """https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model"""
    for key in (row_of(ended(instant))["RowKey"], row_of(ended(instant))["PartitionKey"]):
        assert key.isascii()
        assert key.isprintable()
        assert not set(key) & set("/\\#?%'")


def test_two_that_end_at_the_same_instant_are_two_rows():
    assert row_of(ENDED)["RowKey"] != row_of(replace(ENDED, id="0d6d"))["RowKey"]


def in_a_new_table(azurite, scenario):
    async def within():
        async with TableClient.from_connection_string(azurite, f"Results{uuid4().hex}") as table:
            await table.create_table()
            return await scenario(table)

    return asyncio.run(within())


async def rows(table):
    return [row async for row in table.list_entities()]


def test_recording_twice_is_one_row(azurite):
    async def scenario(table):
        results = TableResults(table)
        await results.record(ENDED, END)
        await results.record(ENDED, END)
        return await rows(table)

    assert in_a_new_table(azurite, scenario) == [row_of(ENDED)]


def test_recording_again_replaces_the_whole_row(azurite):
    async def scenario(table):
        results = TableResults(table)
        await table.upsert_entity({**row_of(ENDED), "Polls": 1, "Stale": "x"})
        await results.record(ENDED, END)
        return await rows(table)

    assert in_a_new_table(azurite, scenario) == [row_of(ENDED)]


def test_the_table_lists_an_apis_newest_first(azurite):
    async def scenario(table):
        results = TableResults(table)
        for minutes in (5, 1, 9, 3):
            watch = ended(NOON + timedelta(minutes=minutes))
            await results.record(watch, watch.end)
        return [row["EndedAt"] for row in await rows(table)]

    assert in_a_new_table(azurite, scenario) == [NOON + timedelta(minutes=minutes) for minutes in (9, 5, 3, 1)]


@pytest.mark.parametrize(
    "watch",
    [
        ended(NOON),
        replace(
            ENDED, reason="x" * 500, labels=("\u4e2d" * 64,) * 10, job={"scheduleId": "😀" * 512, "operationId": "'"}
        ),
        replace(ENDED, reason="", status="", labels=()),
    ],
)
def test_any_ended_watch_can_be_recorded(azurite, watch):
    async def scenario(table):
        await TableResults(table).record(watch, watch.end)
        return await rows(table)

    (row,) = in_a_new_table(azurite, scenario)

    assert row == row_of(watch)
    assert isinstance(row["DurationSeconds"], float)  # also when it is whole: a column has one type
